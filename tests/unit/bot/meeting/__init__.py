"""Tests of `bot.meeting`."""
