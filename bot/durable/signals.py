"""What others tell a meeting while it goes on. One meeting is one workflow; this is the only way to speak to it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

from dbos import DBOS
from dbos import error as dbos_error

from transcripts.storage.spool import MeetingId

Kind = Literal[
    "look",  # something may have changed in the call
    "closed",  # LiveKit says that it has closed the call
    "end",  # somebody asks for its end
    "stop_transcription",
    "recording_broken",  # the recorder cannot record, says why, and goes on trying
    "recording_resumed",
    "recording_over",
    "transcription_over",
]

_TOPIC = "signal"


@dataclass(frozen=True)
class Signal:
    """One message to a meeting."""

    kind: Kind
    by: str = ""
    """Who asked for it, as the room knows them."""
    problem: str = ""
    """For the jobs: what went wrong, as one word; empty when nothing did."""


LOOK = Signal("look")
"""Something may have changed in the call: have a look."""


async def tell(meeting: MeetingId, signal: Signal, *, once: str | None = None) -> bool:
    """Tell a meeting something; stored when this returns. Of several with the same `once`, the first counts.

    Returns:
        Whether there is such a meeting.
    """
    try:
        await DBOS.send_async(meeting, asdict(signal), _TOPIC, idempotency_key=once)
    except dbos_error.DBOSNonExistentWorkflowError:
        return False
    return True


async def next_signal(within_s: float) -> Signal | None:
    """In a meeting's workflow: the next signal, or None when none came within the time."""
    received: dict[str, Any] | None = await DBOS.recv_async(_TOPIC, timeout_seconds=within_s)
    if received is None:
        return None
    known = {field.name for field in fields(Signal)}  # a process of a newer version may say more
    return Signal(**{key: value for key, value in received.items() if key in known})
