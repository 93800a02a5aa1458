"""Tries one row of the table, and keeps what can explain a failure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp

from tests.faults.holding import hold
from tests.faults.judging import Verdict, judge
from tests.stack.callers import JoinRefused
from tests.stack.meeting_in_room import TranscriptMissing
from tests.stack.people import DidNotHappen, MatrixRefusal
from tests.stack.sdk_process import SdkRefusal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.evaluation.meetings import Meeting
    from tests.faults.judging import Outcome
    from tests.faults.place import Place
    from tests.faults.steps import Row

_FAILURES = (
    DidNotHappen,
    TranscriptMissing,
    JoinRefused,
    MatrixRefusal,
    SdkRefusal,
    TimeoutError,
    OSError,
    aiohttp.ClientError,
)
"""What may come out of a meeting that goes wrong; several at once, where two things were waited for."""


async def try_row(place: Place, meeting: Meeting, undisturbed: Outcome, row: Row) -> Verdict:
    """Hold the meeting with this kill in it; where that fails, Greffier's log of it is left in the stack's folder."""
    log = place.stack.greffier.process
    log_from = log.log_size()
    try:
        verdict = judge(meeting, undisturbed, await hold(place, meeting, row))
    except* _FAILURES as errors:
        problems = tuple(str(error) or repr(error) for error in _each(errors))
        verdict = Verdict(problems=problems, later_s=0.0, sound_lost_s=0.0, away_s=0.0)
    if verdict.problems:
        kept = log_of(place, row)
        kept.parent.mkdir(exist_ok=True)
        kept.write_text("\n".join([*verdict.problems, "", log.log_since(log_from)]))
    return verdict


def _each(errors: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for error in errors.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _each(error)
        else:
            yield error


def log_of(place: Place, row: Row) -> Path:
    """Where the log of a failed row is."""
    return place.folder / "failed" / f"{row}.log"
