"""Tests of `bot.process`."""
