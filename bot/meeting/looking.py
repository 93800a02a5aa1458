"""Looking at a meeting's call: who is in it, whether it is there, or that LiveKit does not tell."""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from bot.store.register import Meeting
from bridge.livekit.calls import CallError, Calls, Participant
from bridge.livekit.ids import CallId

log = structlog.get_logger()


@dataclass(frozen=True)
class CallSeen:
    """What a look at a call showed.

    Attributes:
        people: who is in it; None where LiveKit did not answer.
        has_room: whether LiveKit knows the call, as far as it answered.
    """

    people: tuple[Participant, ...] | None
    has_room: bool = True

    @property
    def present(self) -> int:
        """How many people are known to be in it."""
        return len(self.people or ())


async def look_at_call(calls: Calls, meeting: Meeting) -> CallSeen:
    """Look at the call; that LiveKit is away or refuses is logged, and fails nothing."""
    try:
        state = await calls.look(CallId(meeting.id))
    except CallError as error:
        log.warning("call cannot be looked at", meeting_id=meeting.id, cause=str(error))
        return CallSeen(None)
    return CallSeen((), has_room=False) if state is None else CallSeen(state.participants)
