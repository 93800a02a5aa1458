"""The results as a table in `docs/reliability.md`, between two marks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.faults.steps import Since

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.faults.judging import Verdict
    from tests.faults.steps import Row

BEGIN: Final = "<!-- faults -->"
END: Final = "<!-- /faults -->"
_SIDES: Final = {"before": "begun", "done": "done, not noted"}
_SINCE: Final[dict[Since, str]] = {"the command": "", "mid-speech": ", in mid-speech"}


class MarksMissing(Exception):
    """The document has no place for the table."""


def table(results: Mapping[Row, Verdict]) -> str:
    """One line for each row."""
    lines = [
        "| process | killed at the step | which was | transcript | later by | sound lost | recorder away |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row, verdict in results.items():
        step = f"{row.moment.step}{_SINCE[row.since]}"
        whole = "; ".join(verdict.problems) if verdict.problems else "whole, once"
        figures = " | ".join(
            (f"{max(0, round(verdict.later_s))} s", f"{verdict.sound_lost_s:.1f} s", _seconds(verdict.away_s))
        )
        lines.append(f"| {row.moment.role} | {step} | {_SIDES[row.moment.side]} | {whole} | {figures} |")
    return "\n".join(lines)


def summary(results: Mapping[Row, Verdict]) -> str:
    """What all rows have in common, in a sentence."""
    green = sum(not verdict.problems for verdict in results.values())
    waits = sorted(verdict.later_s for verdict in results.values())
    lost = max(verdict.sound_lost_s for verdict in results.values())
    away = max(verdict.away_s for verdict in results.values())
    return (
        f"{green} of {len(results)} kills were survived. Half of them cost people less than "
        f"{max(1, round(_median(waits)))} s of waiting, the worst one {round(waits[-1])} s; at most {lost:.1f} s of "
        f"sound were lost, and the recorder was away for at most {away:.1f} s of what was said."
    )


def with_results(document: str, results: Mapping[Row, Verdict]) -> str:
    """The document with these results in it.

    Raises:
        MarksMissing: it has not both marks.
    """
    before, begun, rest = document.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not begun or not ended:
        raise MarksMissing(f"{BEGIN} and {END} are not both there")
    return f"{before}{BEGIN}\n{summary(results)}\n\n{table(results)}\n{END}{after}"


def _seconds(value: float) -> str:
    return f"{value:.1f} s" if value else "—"


def _median(values: list[float]) -> float:
    return values[len(values) // 2]
