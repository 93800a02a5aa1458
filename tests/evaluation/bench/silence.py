"""Hours in which nobody says a word: what is made of them, and whether Whisper is asked at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tests.evaluation.bench.findings import Bound, Findings
from tests.evaluation.bench.machinery import Machinery
from tests.evaluation.calls import wordless
from tests.evaluation.meetings import SAMPLE_RATE_HZ
from tests.evaluation.wordless_sound import NOISES, SILENCES
from tests.load.report import Table

LASTING_S: Final = 3600.0
LOOP_S: Final = 600
QUICK_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Hour:
    """What was made of one kind of sound."""

    kind: str
    is_silence: bool
    words: int
    windows: int
    cpu_s: float


async def measure(machinery: Machinery) -> Findings:
    """An hour of each kind, by the whole way and the real model."""
    lasting_s = QUICK_S if machinery.quick else LASTING_S
    hours: list[Hour] = []
    for kind, make in [*SILENCES.items(), *NOISES.items()]:
        sound = make(round(QUICK_S if machinery.quick else LOOP_S) * SAMPLE_RATE_HZ)
        ours = await machinery.replay().of(wordless(kind, sound, lasting_s))
        words = sum(len(turn.words) for turn in ours.transcript.turns)
        hours.append(Hour(kind, kind in SILENCES, words, ours.windows, ours.cpu_s))
        machinery.tell(f"{kind}: {words} words, {ours.windows} windows, {ours.cpu_s:.1f} CPU s")
    return found(hours, lasting_s)


def found(hours: list[Hour], lasting_s: float) -> Findings:
    """What these hours say."""
    rows = tuple((hour.kind, str(hour.words), str(hour.windows), f"{hour.cpu_s:.1f}") for hour in hours)
    table = Table(
        "Words where nobody speaks",
        ("one track with nothing but", "words", "windows encoded", "CPU s"),
        rows,
        note=(
            f"{lasting_s / 60:.0f} minutes of each, ten minutes of it over and over, by the whole way: recorder, voice "
            "activity, the real model, assembly."
        ),
    )
    return Findings(
        (table,),
        (
            Bound("words in an hour of silence", 0, _sum(hours, of_silence=True)),
            Bound("words in an hour of noise, all kinds together", 0, _sum(hours, of_silence=False)),
            Bound("Whisper calls for tracks that never speak", 0, sum(hour.windows for hour in hours)),
        ),
    )


def _sum(hours: list[Hour], *, of_silence: bool) -> int:
    return sum(hour.words for hour in hours if hour.is_silence is of_silence)
