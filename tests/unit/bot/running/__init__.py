"""Tests of `bot.running`."""
