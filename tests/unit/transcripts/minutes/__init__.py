"""Tests of `transcripts.minutes`."""
