"""Tests of `bot.room`."""
