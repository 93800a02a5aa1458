"""Tests of `transcripts.assembling`."""
