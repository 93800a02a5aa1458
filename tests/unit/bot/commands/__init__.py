"""Tests of `bot.commands.parsing`."""
