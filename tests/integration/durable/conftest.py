"""A fleet on one SQLite file."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.durable.workflows import MESSAGE_POLL_S
from tests.integration.durable.fleet import Fleet


@pytest.fixture
async def fleet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Fleet]:
    """A front, and nobody beside it yet."""
    monkeypatch.setitem(MESSAGE_POLL_S, "front", 0.1)
    async with Fleet(tmp_path).open() as fleet:
        yield fleet
