"""Tests of `transcripts.listening`."""
