"""Tests of `transcripts.diarization`."""
