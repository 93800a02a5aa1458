"""A real database in a temporary folder."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.database import create_tables, open_engine, prepare
from bot.durable import MESSAGE_POLL_S
from bot.register import SCHEMA, Register
from tests.unit.bot.hall import Hall


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    """The database, with our tables."""
    engine = open_engine(prepare(tmp_path))
    await create_tables(engine, SCHEMA)
    yield engine
    await engine.dispose()


@pytest.fixture
def register(engine: AsyncEngine) -> Register:
    """An empty register."""
    return Register(engine)


@pytest.fixture
def briskly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits that are there for people and servers of flesh and iron are short."""
    monkeypatch.setattr("bot.durable.QUEUE_POLL_S", 0.05)
    monkeypatch.setitem(MESSAGE_POLL_S, "front", 0.02)
    monkeypatch.setattr("bot.meetings.BURST_S", 0.05)
    monkeypatch.setattr("bot.meetings.RECORDING_ENDS_WITHIN_S", 1.0)
    monkeypatch.setattr("bot.meeting_steps.OPEN_ATTEMPTS_AFTER_S", (0.0, 0.0, 0.0))


@pytest.fixture
async def hall(tmp_path: Path, briskly: None) -> AsyncIterator[Hall]:
    """A Greffier that holds meetings."""
    async with Hall(tmp_path).open() as hall:
        yield hall
