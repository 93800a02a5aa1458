"""From hanging up to the transcript, for calls of a minute to two hours, beside whole files transcribed after them."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import Final

from tests.evaluation.bench.findings import Bound, Chart, Findings, Series
from tests.evaluation.bench.machinery import Machinery
from tests.evaluation.calls import Call, repeated
from tests.evaluation.hang_ups import AfterHangUp
from tests.evaluation.meetings import MEETINGS, load
from tests.load.report import Table

MINUTES: Final = (1, 10, 60, 120)
QUICK_MINUTES: Final = (0.25, 0.5)
EVERY_S: Final = 120.0
REAL_TIME_S: Final = 60.0
QUICK_REAL_TIME_S: Final = 1.0
HANG_UPS_S: Final = tuple(range(-210, -60, 25))
"""When else people might have hung up, in seconds from the end: six moments of the last repetitions."""
QUICK_HANG_UPS_S: Final = (-5,)
LONGEST_COMPLETE_S: Final = 10.0
LONG_BY_SHORT: Final = 1.2


@dataclass(frozen=True, slots=True)
class Ended:
    """A call that is over."""

    minutes: float
    call: Call
    hang_ups: tuple[AfterHangUp, ...]
    """At the end of the call, in real time; then at earlier moments."""
    whole_files_s: float
    cpu_s: float
    whole_files_cpu_s: float

    @property
    def complete_s(self) -> float:
        """The median of its hang-ups."""
        return median(one.complete_s for one in self.hang_ups)

    @property
    def slowest_s(self) -> float:
        """The slowest of its hang-ups."""
        return max(one.complete_s for one in self.hang_ups)


async def measure(machinery: Machinery) -> Findings:
    """Hold the calls, each once by Greffier and once by the baseline."""
    meeting = load(MEETINGS / "dev3")
    lengths = QUICK_MINUTES if machinery.quick else MINUTES
    real_time_s = QUICK_REAL_TIME_S if machinery.quick else REAL_TIME_S
    done: list[Ended] = []
    for minutes in lengths:
        call = repeated(meeting, minutes * 60, EVERY_S)
        from_end_s = QUICK_HANG_UPS_S if machinery.quick else HANG_UPS_S
        hang_ups_s = [call.duration_s + at_s for at_s in from_end_s if call.duration_s + at_s > call.duration_s / 2]
        ours = await machinery.replay().of(call, real_time_s=real_time_s, hang_ups_s=hang_ups_s)
        hang_ups = (ours.after, *ours.had_they_left)
        seconds = ", ".join(f"{one.complete_s:.1f}" for one in hang_ups)
        machinery.tell(f"{minutes:g} min: complete {seconds} s after hanging up")
        theirs = machinery.baseline.tracks(call)
        machinery.tell(f"{minutes:g} min: whole files after the call, {theirs.wall_s:.1f} s")
        done.append(Ended(minutes, call, hang_ups, theirs.wall_s, ours.cpu_s, theirs.cpu_s))
    return found(done, real_time_s)


def found(done: list[Ended], real_time_s: float) -> Findings:
    """What these calls say."""
    return Findings((_table(done, real_time_s),), _bounds(done), (_chart(done),))


def _table(done: list[Ended], real_time_s: float) -> Table:
    rows = tuple(
        (
            f"{one.minutes:g}",
            f"{one.call.speech_s / 60:.1f}",
            f"{one.complete_s:.1f}",
            f"{min(after.complete_s for after in one.hang_ups):.1f}–{one.slowest_s:.1f} ({len(one.hang_ups)})",
            f"{one.hang_ups[0].recording_s:.2f}",
            f"{median(after.words_s for after in one.hang_ups):.2f}",
            f"{median(after.minutes_s for after in one.hang_ups):.2f}",
            f"{one.whole_files_s:.1f}",
            f"{one.whole_files_s / one.complete_s:.1f}",
            f"{one.cpu_s:.0f} / {one.whole_files_cpu_s:.0f}",
        )
        for one in done
    )
    call = done[-1].call
    return Table(
        "Hanging up to complete, in seconds",
        (
            "call, min",
            "speech, min",
            "Greffier: complete, median",
            "range (hang-ups)",
            "of it recording",
            "words",
            "minutes",
            "whole files",
            "whole files ÷ Greffier",
            "CPU s, Greffier / whole files",
        ),
        rows,
        note=(
            f"{len(call.microphones)} people, each with a track; “{call.title}” again and again with pauses between, "
            f"so that somebody speaks in {100 * call.spoken_share:.0f} % of the time, and every call has the same end. "
            "Written by the recorder’s own code, listened to and recognised meanwhile, as fast as recognition keeps "
            f"up, the last {real_time_s:.0f} s in real time. How much is left at the end is chance (how full the open "
            "windows are), so each call is also ended at earlier moments, by a follower that has read its journal. "
            "Complete: words and minutes are there; what the call’s "
            "server and the posting add is in the next section. Whole files: each track by faster-whisper with its "
            "voice activity detection after the call, two at a time, once."
        ),
    )


def _bounds(done: list[Ended]) -> tuple[Bound, ...]:
    by_minutes = {one.minutes: one.complete_s for one in done}
    slowest_s = max(one.slowest_s for one in done)
    bounds = [Bound("hanging up to complete, s, the slowest of these hang-ups", LONGEST_COMPLETE_S, slowest_s)]
    if {10, 120} <= set(by_minutes):
        bounds.append(
            Bound("hanging up to complete, 120 min ÷ 10 min", LONG_BY_SHORT, by_minutes[120] / by_minutes[10])
        )
    return tuple(bounds)


def _chart(done: list[Ended]) -> Chart:
    ours = tuple(round(one.complete_s, 1) for one in done)
    theirs = tuple(round(one.whole_files_s, 1) for one in done)
    places = tuple(f"{one.minutes:g}" for one in done)
    told = "; ".join(
        f"{place} min: {mine:g} s against {other:g} s" for place, mine, other in zip(places, ours, theirs, strict=True)
    )
    return Chart(
        "hangup",
        "From hanging up to the complete transcript",
        f"Seconds from hanging up to the complete transcript, Greffier against whole files after the call. {told}.",
        places,
        "length of the call, minutes",
        "seconds (logarithmic)",
        (Series("Greffier", ours), Series("whole files after the call", theirs)),
        kind="lines",
        logarithmic=True,
    )
