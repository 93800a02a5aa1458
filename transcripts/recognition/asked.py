"""What waits for being recognised, and in which order that is done."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Mapping, Sequence

    from transcripts.recognition.recogniser import DecodingOptions
    from transcripts.sound import Samples
    from transcripts.storage.spool import MeetingId

FEW_WINDOWS: Final = 10
"""A call that was followed has no more left to be heard when it is over. One that was not would keep the workers from
all others for as long as it takes, which would then be late too: it takes turns with those that go on."""


class Urgency(IntEnum):
    """What is heard before what."""

    OVER = 0
    """Its call is over, and somebody waits for its transcript."""
    CLOSED = 1
    """A window that will not change any more, of a call that goes on."""
    OPEN = 2
    """A window that may still grow: heard only where a worker would do nothing."""


@dataclass(eq=False, slots=True)
class Asked:
    """A window that waits."""

    meeting: MeetingId
    cut: Callable[[], Samples]
    options: DecodingOptions
    urgency: Urgency
    answer: asyncio.Future[Any]
    is_second_try: bool = False
    absences: set[int] = field(default_factory=set)
    """Those of the engine that it met."""

    @property
    def goes_alone(self) -> bool:
        """Whether it is in no batch: it might spoil it, or keep a worker from something urgent for longer."""
        return self.is_second_try or len(self.options.languages) > 1 or self.urgency is Urgency.OPEN

    def settle(self, answer: object) -> None:
        """Answer whoever asked; an exception is raised there."""
        if self.answer.done():
            return  # nobody waits for it any more
        if isinstance(answer, Exception):
            self.answer.set_exception(answer)
        else:
            self.answer.set_result(answer)


def next_together(waiting: Sequence[Asked], turns: Mapping[MeetingId, int]) -> list[Asked]:
    """What may be heard next in one call, the first of it first.

    Args:
        waiting: all that waits, in the order in which it was asked for; not empty.
        turns: when each meeting had its last turn; those with the lowest come first.
    """
    of_meeting = Counter(asked.meeting for asked in waiting)

    def turn(asked: Asked) -> tuple[int, int]:
        is_behind = of_meeting[asked.meeting] > FEW_WINDOWS
        return max(asked.urgency, Urgency.CLOSED) if is_behind else asked.urgency, turns.get(asked.meeting, 0)

    first = min(waiting, key=turn)
    if first.goes_alone:
        return [first]
    others = [asked for asked in waiting if asked is not first and _go_together(first, asked)]
    return [first, *sorted(others, key=turn)]


def _go_together(one: Asked, other: Asked) -> bool:
    return one.urgency == other.urgency and one.options == other.options and not other.goes_alone
