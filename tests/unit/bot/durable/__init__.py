"""Tests of `bot.durable.workflows`."""
