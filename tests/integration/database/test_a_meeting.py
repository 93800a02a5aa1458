"""A meeting with everything about it on PostgreSQL: our tables, and the durable work."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.models import Settings
from tests.unit.bot.conftest import shorten_waits
from tests.unit.bot.hall import Hall


async def test_a_meeting_is_held_from_the_command_to_its_transcript(
    tmp_path: Path, postgresql_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what is registered of it says so."""
    shorten_waits(monkeypatch)
    hall = Hall(tmp_path, database=postgresql_settings.database)
    async with hall.open():
        meeting = await hall.begins("!visio Réunion 😀", "Claire", "Marc")
        await hall.leaves(meeting)
        finished = await hall.finishes(meeting)
        assert finished.title == "Réunion 😀"
        assert finished.ended_at is not None
        assert finished.finished_at is not None
        assert finished.opened_at <= finished.ended_at <= finished.finished_at
        assert "Bonjour à tous" in hall.thread()[0].body
        assert len(hall.thread()) == 3
    assert not (tmp_path / "greffier.sqlite").exists()
