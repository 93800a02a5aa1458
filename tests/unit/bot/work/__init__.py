"""Tests of `bot.work`."""
