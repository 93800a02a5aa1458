"""The meeting that a job is done for."""

from __future__ import annotations

import pytest

from bot.store.register import Meeting, Register
from bridge.matrix.ids import EventId, RoomId, UserId


@pytest.fixture
async def meeting(register: Register) -> Meeting:
    """A meeting whose call is to be recorded."""
    return await register.open(
        RoomId("!room:tchap.test"),
        EventId("$command"),
        opened_by=UserId("@camille:tchap.test"),
        title="Point budget",
        language="fr",
        transcribed=True,
    )
