"""The benchmark runs, and its page has all of its tables; no figure is judged, for a busy machine's say nothing."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.evaluation.bench import __main__ as bench
from tests.evaluation.bench.findings import Bound, Chart, Findings, Run, Series
from tests.evaluation.bench.page import HEADINGS, page
from tests.evaluation.bench.plots import svg
from tests.load.report import Table

IN_A_TEST = ("hangup", "cost", "silence", "fidelity", "bleed", "voices")
"""All but `room`, which is what the acceptance tests do."""
CHART = Chart(
    "cost",
    "Cost & time",
    'CPU seconds: Greffier 1, "others" < 12.5.',
    ("a", "b"),
    "call",
    "seconds",
    (Series("Greffier", (1.0, 2.0)), Series("others", (0.5, 12.5))),
)
ONE_SERIES = replace(CHART, series=CHART.series[:1], kind="rows")
FOUND = Findings(
    (Table("CPU time", ("how", "CPU s"), (("Greffier", "1"),)),),
    (Bound("windows", 1.4, 1.2), Bound("tracks", 1.15, 1.3)),
)


@pytest.mark.timeout(600)
async def test_every_part_measures_what_its_tables_promise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Quickly: on seconds of sound."""
    monkeypatch.setattr(bench, "WORK", tmp_path)
    asked = argparse.Namespace(quick=True, write=False, resume=False, parts=[])
    run, failed = await bench.measured(IN_A_TEST, tmp_path, asked)

    assert failed == []
    rows = {name: [len(table.rows) for table in found.tables] for name, found in run.parts.items()}
    assert rows == {
        "hangup": [2],
        "cost": [3, 2, 4],
        "silence": [8],
        "fidelity": [6],
        "bleed": [3],
        "voices": [2, 2],
    }
    assert {name: len(found.bounds) for name, found in run.parts.items()} == {
        "hangup": 1,
        "cost": 4,
        "silence": 3,
        "fidelity": 1,
        "bleed": 1,
        "voices": 0,
    }
    written = tmp_path / "docs" / "benchmarks.md"
    written.parent.mkdir()
    bench.write(run, written)
    assert {file.name for file in (written.parent / "benchmarks").iterdir()} == {
        "hangup.svg",
        "cost.svg",
        "fidelity.svg",
    }
    assert written.read_text().count("Not measured in this run.") == 1


@pytest.mark.parametrize("chart", [replace(CHART, kind="lines"), CHART, ONE_SERIES], ids=lambda chart: chart.kind)
def test_a_chart_is_the_same_each_time_small_and_told_in_words(chart: Chart) -> None:
    """Whoever cannot see it is told its figures."""
    drawn = svg(chart)
    assert drawn == svg(chart)
    assert len(drawn) < 40_000
    root = ET.fromstring(drawn)  # noqa: S314 - our own
    assert (root.get("role"), root.get("aria-label")) == ("img", CHART.description)


def test_the_page_says_which_bounds_are_broken_and_what_was_not_measured() -> None:
    """Rather than leave it out."""
    text = page(Run("2025-01-31", "2 cores", (1.0, 1.5), {"cost": FOUND}), "benchmarks")
    assert "| windows | 1.4 | 1.2 | yes |" in text
    assert "| tracks | 1.15 | 1.3 | **no** |" in text
    assert "took 1.00 to 1.50 s" in " ".join(text.split())
    assert text.count("Not measured in this run.") == len(HEADINGS) - 1
    assert [heading for heading in HEADINGS.values() if f"## {heading}" not in text] == []


def test_what_was_found_outlives_the_run(tmp_path: Path) -> None:
    """A file of another version counts as none."""
    file = tmp_path / "run.json"
    assert Run.kept(file) is None
    run = Run("2025-01-31", "2 cores", (1.0,), {"cost": Findings(FOUND.tables, FOUND.bounds, (CHART,), 3.0)})
    run.keep(file)
    assert Run.kept(file) == run
    file.write_text('{"began": 1}')
    assert Run.kept(file) is None


def test_every_part_has_its_place_on_the_page() -> None:
    """In the order in which they are measured."""
    assert list(bench.PARTS) == list(HEADINGS)
