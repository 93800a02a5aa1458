"""The page of the benchmark, made whole from what a run has found; parts that were not measured are named."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import fill
from typing import Final

from tests.evaluation.bench.findings import Bound, Chart, Run
from tests.load.report import LINE_CHARACTERS, Table

HEADINGS: Final[Mapping[str, str]] = {
    "hangup": "From hanging up to the transcript",
    "room": "From hanging up to the last message in the room",
    "cost": "What it costs",
    "silence": "Silence and noise",
    "fidelity": "Who said what",
    "bleed": "One speaker in another’s microphone",
    "voices": "Shared microphones",
}
_BEGINNING: Final = """\
# How fast words come, what they cost, and how right they are

What `make bench ARGS=--write` measured in one run, each figure beside a baseline of the same run: faster-whisper given
whole files after the call, with the same model (`base`, int8), the same beam and the same cores. Other machines differ,
ratios less so: measure yours.

```console
$ make bench                        # half an hour; prints the tables
$ make bench ARGS=--write           # and writes this page and its plots, part by part
$ make bench ARGS="--write --resume"  # goes on with a run that was broken off
$ make bench ARGS=--quick           # to see that it works: its figures say nothing
$ make bench ARGS="cost silence"    # some parts: {parts}
```

The exit status is 1 where a bound is broken. The sound is that of the recorded meetings in
[`tests/data/meetings`](../tests/data/meetings) (synthetic voices, French and English, written for this project), and
noise made by [`tests/evaluation/wordless_sound.py`](../tests/evaluation/wordless_sound.py); error rates on other speech
are higher. The code is in [`tests/evaluation`](../tests/evaluation).
"""


def page(run: Run, folder: str) -> str:
    """The page as Markdown; its plots are in `folder`, beside it."""
    beginning = _BEGINNING.format(parts=", ".join(HEADINGS))
    parts = [beginning.rstrip(), _filled(_circumstances(run)), "## Bounds", str(bounds_table(_bounds(run)))]
    for name, heading in HEADINGS.items():
        parts.append(f"## {heading}")
        findings = run.parts.get(name)
        if findings is None:
            parts.append("Not measured in this run.")
            continue
        parts += [_image(chart, folder) for chart in findings.charts]
        parts += [str(table) for table in findings.tables]
    return "\n\n".join(parts) + "\n"


def bounds_table(bounds: tuple[Bound, ...]) -> Table:
    """Each bound with what was measured."""
    rows = [
        (bound.what, _figure(bound.at_most, bound.unit), _figure(bound.measured, bound.unit), _verdict(bound))
        for bound in bounds
    ]
    return Table("What must hold", ("bound", "at most", "measured", "kept"), tuple(rows))


def _bounds(run: Run) -> tuple[Bound, ...]:
    return tuple(bound for name in HEADINGS if name in run.parts for bound in run.parts[name].bounds)


def _circumstances(run: Run) -> str:
    took_s = sum(findings.took_s for findings in run.parts.values())
    text = f"Measured on {run.began} in {took_s / 60:.0f} minutes; {run.machine}."
    if len(run.probes_s) > 1:
        text += (
            f" One and the same half minute of speech, recognised before each part, took {min(run.probes_s):.2f} to "
            f"{max(run.probes_s):.2f} s: figures closer than that are the machine’s noise."
        )
    return text


def _image(chart: Chart, folder: str) -> str:
    return f"![{chart.description}]({folder}/{chart.name}.svg)"


def _verdict(bound: Bound) -> str:
    return "yes" if bound.is_kept else "**no**"


def _figure(value: float, unit: str) -> str:
    return f"{value:.3g}{unit}" if value < 100 else f"{value:.0f}{unit}"


def _filled(text: str) -> str:
    return fill(text, LINE_CHARACTERS, break_long_words=False, break_on_hyphens=False)
