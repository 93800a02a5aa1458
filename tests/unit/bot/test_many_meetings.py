"""Many meetings at once."""

from __future__ import annotations

from bridge.matrix.ids import RoomId
from tests.unit.bot.hall import Hall

MANY = 70


async def test_no_call_waits_for_a_recorder_because_others_are_recorded(hall: Hall) -> None:
    """A transcription can wait, a recording cannot: what is said meanwhile would be lost."""
    for number in range(MANY):
        await hall.hears("!visio", room=RoomId(f"!room-{number}:tchap.test"))
    await hall.until(lambda: len(hall.recorder.begun) == MANY, within_s=30)
