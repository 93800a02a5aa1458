"""Who said what, on every recorded meeting: Greffier beside whole tracks transcribed after the call."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from operator import add
from typing import Final

from tests.evaluation.bench.findings import Bound, Chart, Findings, Series
from tests.evaluation.bench.machinery import Machinery
from tests.evaluation.calls import held
from tests.evaluation.fidelity import COLLAR_S, Errors, errors, heard_in
from tests.evaluation.meetings import MEETINGS, first, load
from tests.load.report import Table

FOLDERS: Final = ("dev1", "dev2", "dev3")
"""Those with a track for each speaker."""
OURS: Final = "Greffier"
WHOLE: Final = "whole tracks, with VAD"
BATCHED: Final = "whole tracks, with VAD, batched"
ALL: Final = "all"
CPWER_BOUND: Final = 0.5
QUICK_S: Final = 20.0


async def measure(machinery: Machinery) -> Findings:
    """Each meeting, each way."""
    done: dict[str, dict[str, Errors]] = {}
    for name in FOLDERS[-1:] if machinery.quick else FOLDERS:
        meeting = load(MEETINGS / name)
        call = held(first(meeting, QUICK_S) if machinery.quick else meeting)
        ours = await machinery.replay().of(call)
        heard = {
            OURS: heard_in(ours.transcript.turns),
            WHOLE: machinery.baseline.tracks(call).heard,
            BATCHED: machinery.baseline.tracks(call, batched=True).heard,
        }
        done[name] = {how: errors(call.said, segments, call.language) for how, segments in heard.items()}
        machinery.tell(f"{name}: cpWER {', '.join(f'{how} {one.cpwer:.1f} %' for how, one in done[name].items())}")
    return found(done)


def found(done: Mapping[str, Mapping[str, Errors]]) -> Findings:
    """What these meetings say; the sum of all is weighed by their words."""
    ways = (OURS, WHOLE, BATCHED)
    together = {how: reduce(add, (one[how] for one in done.values())) for how in ways}
    rows = tuple(
        (
            name,
            how,
            str(one[how].reference_words),
            f"{one[how].cpwer:.1f}",
            f"{one[how].tcpwer:.1f}",
            f"{one[how].tcorcwer:.1f}",
            f"{one[how].attribution:.1f}",
        )
        for name, one in [*done.items(), (ALL, together)]
        for how in ways
    )
    table = Table(
        "Word errors, in %",
        ("meeting", "how", "words", "cpWER", "tcpWER", "tcORC-WER", "attribution costs"),
        rows,
        note=(
            "By meeteval, texts reduced to the words that a listener hears. cpWER: who said what; tcpWER: and when, "
            f"within {COLLAR_S:g} s; tcORC-WER: when, but not who; so the difference of the two is what attributing "
            "words to speakers costs. The baseline is told the language; Greffier finds it."
        ),
    )
    worse = together[OURS].cpwer - together[WHOLE].cpwer
    return Findings(
        (table,),
        (Bound("cpWER over that of whole tracks with VAD, points, all meetings", CPWER_BOUND, worse),),
        (_chart(done, together),),
    )


def _chart(done: Mapping[str, Mapping[str, Errors]], together: Mapping[str, Errors]) -> Chart:
    everything = [*done.items(), (ALL, together)]
    told = "; ".join(
        f"{name}: {', '.join(f'{how} {e.cpwer:.1f}' for how, e in one.items())}" for name, one in everything
    )
    return Chart(
        "fidelity",
        "cpWER, the lower the better",
        f"cpWER in percent of each meeting. {told}.",
        tuple(name for name, _ in everything),
        "meeting",
        "cpWER, %",
        tuple(Series(how, tuple(round(one[how].cpwer, 1) for _, one in everything)) for how in (OURS, WHOLE, BATCHED)),
    )
