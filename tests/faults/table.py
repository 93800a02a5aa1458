"""The results as a table in `docs/reliability.md`, between two marks: each row as it was last tried."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

from tests.faults.judging import Verdict
from tests.faults.steps import Row, Since, rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

BEGIN: Final = "<!-- faults -->"
END: Final = "<!-- /faults -->"
WHOLE: Final = "whole, once"
_SIDES: Final = {"before": "begun", "done": "done, not noted"}
_SINCE: Final[dict[Since, str]] = {"the command": "", "mid-speech": ", in mid-speech"}
_LINE: Final = re.compile(
    r"\| (?P<name>\w+ \| [^|]+ \| [^|]+) \| (?P<whole>[^|]+) \| (?P<later>\d+) s \| (?P<lost>[\d.]+) s "
    r"\| (?:(?P<away>[\d.]+) s|—) \| (?P<tried>[\d-]{10}) \|"
)


class MarksMissing(Exception):
    """The document has no place for the table."""


@dataclass(frozen=True)
class Tried:
    """What came of a row, and when that was."""

    verdict: Verdict
    on: date


def table(results: Mapping[Row, Tried]) -> str:
    """One line for each row."""
    lines = [
        "| process | killed at the step | which was | transcript | later by | sound lost | recorder away | tried on |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row, tried in results.items():
        verdict = tried.verdict
        whole = "; ".join(verdict.problems).replace("|", "/") if verdict.problems else WHOLE
        figures = (f"{max(0, round(verdict.later_s))} s", f"{verdict.sound_lost_s:.1f} s", _seconds(verdict.away_s))
        lines.append(f"| {_name(row)} | {whole} | {' | '.join(figures)} | {tried.on.isoformat()} |")
    return "\n".join(lines)


def summary(verdicts: Sequence[Verdict], untried: int = 0) -> str:
    """What all rows have in common, in a sentence; and how many were not tried, if any."""
    green = sum(not verdict.problems for verdict in verdicts)
    waits = sorted(verdict.later_s for verdict in verdicts)
    lost = max(verdict.sound_lost_s for verdict in verdicts)
    away = max(verdict.away_s for verdict in verdicts)
    said = (
        f"{green} of {len(verdicts)} kills were survived. Half of them cost people less than "
        f"{max(1, round(_median(waits)))} s of waiting, the worst one {round(waits[-1])} s; at most {lost:.1f} s of "
        f"sound were lost, and the recorder was away for at most {away:.1f} s of what was said."
    )
    return f"{said} {untried} more were not tried yet." if untried else said


def with_results(document: str, results: Mapping[Row, Verdict], on: date) -> str:
    """The document with these results in it, beside those of earlier days for rows that there still are.

    Raises:
        MarksMissing: it has not both marks.
    """
    before, begun, rest = document.partition(BEGIN)
    known, ended, after = rest.partition(END)
    if not begun or not ended:
        raise MarksMissing(f"{BEGIN} and {END} are not both there")
    tried = _read(known) | {row: Tried(verdict, on) for row, verdict in results.items()}
    wanted = rows()
    shown = {row: tried[row] for row in wanted if row in tried}
    said = summary([one.verdict for one in shown.values()], untried=len(wanted) - len(shown))
    return f"{before}{BEGIN}\n{said}\n\n{table(shown)}\n{END}{after}"


def _read(text: str) -> dict[Row, Tried]:
    """The rows of a table; a line that is none, or of a step that is gone, is left out."""
    by_name = {_name(row): row for row in rows()}
    return {
        by_name[line["name"]]: Tried(
            Verdict(
                () if line["whole"] == WHOLE else (line["whole"],),
                float(line["later"]),
                float(line["lost"]),
                float(line["away"] or 0),
            ),
            date.fromisoformat(line["tried"]),
        )
        for line in _LINE.finditer(text)
        if line["name"] in by_name
    }


def _name(row: Row) -> str:
    return f"{row.moment.role} | {row.moment.step}{_SINCE[row.since]} | {_SIDES[row.moment.side]}"


def _seconds(value: float) -> str:
    return f"{value:.1f} s" if value else "—"


def _median(values: list[float]) -> float:
    return values[len(values) // 2]
