"""Tests of `transcripts.recognition`."""
