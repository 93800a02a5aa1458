"""Measure words and minutes beside whole-file transcription: `python -m tests.evaluation.bench [--quick] [names …]`."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
import time
import traceback
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tests.evaluation.bench import bleed, cost, fidelity, hangup, room, silence, voices
from tests.evaluation.bench.findings import Findings, Run
from tests.evaluation.bench.machinery import Machinery, circumstances
from tests.evaluation.bench.page import bounds_table, page
from tests.evaluation.bench.plots import svg
from tests.load.measure import only_warnings
from tests.load.report import markdown
from tests.stack.foreground import leave

PROJECT: Final = Path(__file__).parents[3]
DOCUMENT: Final = PROJECT / "docs" / "benchmarks.md"
WORK: Final = PROJECT / ".cache" / "bench"
RUN_FILE: Final = "run.json"

Part = Callable[[Machinery], Awaitable[Findings]]
PARTS: Final[Mapping[str, Part]] = {
    "hangup": hangup.measure,
    "room": room.measure,
    "cost": cost.measure,
    "silence": silence.measure,
    "fidelity": fidelity.measure,
    "bleed": bleed.measure,
    "voices": voices.measure,
}


def main(arguments: Sequence[str]) -> int:
    """Run the parts asked for; 1 if a bound is broken or a part could not be measured, else 0."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], metavar="|".join(PARTS), help="all, if none is named")
    parser.add_argument("--quick", action="store_true", help="two minutes: to see that it works")
    parser.add_argument("--write", action="store_true", help="put page and plots into docs/, part by part")
    parser.add_argument("--resume", action="store_true", help="go on with the run that was broken off")
    asked = parser.parse_args(arguments)
    if asked.quick and asked.write:
        parser.error("what --quick measures is not worth writing down")
    only_warnings()
    logging.getLogger("preprocess").setLevel(logging.ERROR)  # meeteval’s, which doubts slow speech
    WORK.mkdir(parents=True, exist_ok=True)
    names = asked.parts or list(PARTS)
    with TemporaryDirectory(dir=WORK) as folder:
        run, failed = asyncio.run(measured(names, Path(folder), asked))
    return _verdict(run, names, failed, judged=not asked.quick)


async def measured(names: Sequence[str], folder: Path, asked: argparse.Namespace) -> tuple[Run, list[str]]:
    """Measure these parts, keeping each; gives the run, and the parts that failed."""
    machinery = Machinery.prepare(folder, _tell, quick=asked.quick)
    kept = Run.kept(WORK / RUN_FILE) if asked.resume or asked.parts else None
    began = datetime.now(UTC).date().isoformat()
    run = kept if kept and not asked.quick else Run(began, circumstances(machinery.settings))
    failed: list[str] = []
    for name in names:
        if asked.resume and name in run.parts:
            continue
        print(f"{name}:", flush=True)
        run = replace(run, probes_s=(*run.probes_s, machinery.probe_s()))
        began_s = time.perf_counter()
        try:
            findings = await PARTS[name](machinery)
        except Exception:  # noqa: BLE001 - the other parts are worth having
            traceback.print_exc()
            failed.append(name)
            continue
        findings = replace(findings, took_s=round(time.perf_counter() - began_s, 1))
        print(f"\n{markdown(findings.tables)}\n\n{name}: {findings.took_s:.0f} s\n", flush=True)
        run = replace(run, parts={**run.parts, name: findings})
        if not asked.quick:
            run.keep(WORK / RUN_FILE)
        if asked.write:
            write(run, DOCUMENT)
    return run, failed


def write(run: Run, document: Path) -> None:
    """Write the page, and its plots into a folder of its name."""
    plots = document.with_suffix("")
    plots.mkdir(exist_ok=True)
    for findings in run.parts.values():
        for chart in findings.charts:
            (plots / f"{chart.name}.svg").write_text(svg(chart))
    document.write_text(page(run, plots.name))


def _verdict(run: Run, names: Sequence[str], failed: Sequence[str], *, judged: bool) -> int:
    for name in failed:
        print(f"✗ {name} could not be measured", flush=True)
    if not judged:
        return 1 if failed else 0
    bounds = tuple(bound for name in names if name in run.parts for bound in run.parts[name].bounds)
    print(bounds_table(bounds), flush=True)
    broken = [bound for bound in bounds if not bound.is_kept]
    for bound in broken:
        print(f"✗ {bound.what}: {bound.measured:.3g}, at most {bound.at_most:g}", flush=True)
    return 1 if broken or failed else 0


def _tell(what: str) -> None:
    print(f"  {what}", flush=True)


if __name__ == "__main__":
    leave(main(sys.argv[1:]))
