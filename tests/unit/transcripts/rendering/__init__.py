"""Tests of `transcripts.rendering`."""
