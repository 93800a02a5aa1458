"""One speaker in another's microphone: what is doubled, and what it costs in words, beside whole tracks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tests.evaluation.bench.findings import Bound, Findings
from tests.evaluation.bench.machinery import Machinery
from tests.evaluation.bleed import doubled, with_bleed
from tests.evaluation.calls import held
from tests.evaluation.fidelity import Errors, errors, heard_in
from tests.evaluation.meetings import MEETINGS, first, load
from tests.load.report import Table

FOLDERS: Final = ("dev1", "dev2", "dev3")
LEVELS_DB: Final = (None, -30.0, -20.0)
COSTS_AT_MOST: Final = 4.0
"""Points of cpWER at −20 dB."""
QUICK_S: Final = 20.0


@dataclass(frozen=True, slots=True)
class Bled:
    """All meetings at one level of bleed, one way."""

    level_db: float | None
    ours: Errors
    ours_doubled: int
    whole: Errors
    whole_doubled: int


async def measure(machinery: Machinery) -> Findings:
    """Every meeting at every level, each way."""
    meetings = [load(MEETINGS / name) for name in FOLDERS]
    if machinery.quick:
        meetings = [first(meetings[-1], QUICK_S)]
    done: list[Bled] = []
    for level_db in LEVELS_DB:
        ours, whole, ours_doubled, whole_doubled = Errors(), Errors(), 0, 0
        for meeting in meetings:
            call = held(meeting if level_db is None else with_bleed(meeting, level_db))
            heard = heard_in((await machinery.replay().of(call)).transcript.turns)
            theirs = machinery.baseline.tracks(call).heard
            ours += errors(call.said, heard, call.language)
            whole += errors(call.said, theirs, call.language)
            ours_doubled += doubled(call.said, heard, call.language)
            whole_doubled += doubled(call.said, theirs, call.language)
        done.append(Bled(level_db, ours, ours_doubled, whole, whole_doubled))
        machinery.tell(f"{_level(level_db)}: cpWER {ours.cpwer:.1f} against {whole.cpwer:.1f} %")
    return found(done)


def found(done: list[Bled]) -> Findings:
    """What these levels say."""
    rows = tuple(
        (
            _level(one.level_db),
            f"{one.ours.cpwer:.1f}",
            str(one.ours_doubled),
            f"{one.whole.cpwer:.1f}",
            str(one.whole_doubled),
        )
        for one in done
    )
    table = Table(
        "Under injected bleed",
        ("bleed", "Greffier: cpWER, %", "words doubled", "whole tracks: cpWER, %", "words doubled"),
        rows,
        note=(
            f"Every track mixed into all others, so many decibels below its own level; {done[0].ours.reference_words} "
            "words. A word is doubled where a second speaker has it at the same time, who did not say it."
        ),
    )
    by_level = {one.level_db: one.ours.cpwer for one in done}
    costs = by_level[-20.0] - by_level[None]
    return Findings((table,), (Bound("cpWER at −20 dB of bleed over that without, points", COSTS_AT_MOST, costs),))


def _level(level_db: float | None) -> str:
    return "none" if level_db is None else f"−{abs(level_db):g} dB"
