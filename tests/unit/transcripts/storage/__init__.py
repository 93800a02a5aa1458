"""Tests of `transcripts.storage`."""
