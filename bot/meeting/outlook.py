"""How long a transcript will take from now, as far as the queue before it and the latest transcriptions can tell."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncEngine

from bot.durable.enqueueing import before
from bot.meeting.waiting import wait_s
from bot.process.presence import seen
from bot.store.register import Meeting, Register

_SHORTEST_CALL_S = 1.0


class Outlook:
    """Looks at the queue of transcriptions."""

    def __init__(self, register: Register, engine: AsyncEngine) -> None:
        self._register = register
        self._engine = engine

    async def wait_s(self, meeting: Meeting) -> float | None:
        """Roughly how long the transcript of this meeting takes from now; None where nobody can tell yet."""
        latest = await self._register.latest_transcribed()
        if not latest:
            return None
        # In one go: every meeting that waits asks this, so that it would grow with the square of the queue.
        ahead = await self._register.several(await before(meeting.id))
        workers = sum(process.is_alive for process in await seen(self._engine) if process.role == "speech")
        return wait_s(
            [_lasted_s(known) for known in ahead],
            [known.transcribing_s / _lasted_s(known) for known in latest if known.transcribing_s is not None],
            max(1, workers),
        )


def _lasted_s(meeting: Meeting) -> float:
    """How long the call was recorded."""
    began_at, ended_at = meeting.recording_began_at or meeting.opened_at, meeting.ended_at
    lasted_s = (ended_at - began_at).total_seconds() if ended_at is not None else 0.0
    return max(lasted_s, _SHORTEST_CALL_S)
