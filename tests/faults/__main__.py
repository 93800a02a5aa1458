"""`make faults`: kills each of Greffier's processes at every step of a meeting, and writes down what the room held.

The whole table takes an hour. `--only TEXT` tries the rows that have this in their name; the others stay as they were.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tests.faults.holding import hold
from tests.faults.place import REPOSITORY, faulty_place, short_meeting
from tests.faults.steps import rows
from tests.faults.table import summary, with_results
from tests.faults.trying import log_of, try_row
from tests.stack.foreground import INTERRUPTED, leave, run_in_foreground
from tests.stack.go_tool import GoToolMissing
from tests.stack.meeting_in_room import TranscriptMissing
from tests.stack.people import DidNotHappen
from tests.stack.server_process import ServerDidNotStart
from tests.stack.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.faults.judging import Verdict
    from tests.faults.steps import Row

DOCUMENT = REPOSITORY / "docs" / "reliability.md"


def main(arguments: Sequence[str]) -> int:
    """Try the rows; the exit status is 0 only if all kills were survived."""
    parser = argparse.ArgumentParser(prog="make faults", description=__doc__)
    parser.add_argument("--only", metavar="TEXT", action="append", help="rows with this in their name; may be repeated")
    parser.add_argument("--list", action="store_true", help="only list the rows")
    chosen = parser.parse_args(arguments)
    todo = [row for row in rows() if chosen.only is None or any(text in str(row) for text in chosen.only)]
    if chosen.list or not todo:
        print("\n".join(map(str, todo)) or "no row has this in its name")
        return 0 if todo else 2

    terminal = Terminal()
    folder = Path(tempfile.mkdtemp(prefix="greffier-faults-"))
    status = 1
    try:
        status = run_in_foreground(_try_all(todo, folder, terminal))
    finally:
        if status in (0, INTERRUPTED):
            shutil.rmtree(folder)
        else:
            terminal.line(f"Data and logs of the servers are left in {folder}")
    return status


async def _try_all(todo: list[Row], folder: Path, terminal: Terminal) -> int:
    meeting = short_meeting()
    results: dict[Row, Verdict] = {}
    try:
        async with faulty_place(folder, terminal.happened) as place:
            terminal.happened("The meeting without a kill")
            undisturbed = await hold(place, meeting)
            for number, row in enumerate(todo, start=1):
                verdict = results[row] = await try_row(place, meeting, undisturbed, row)
                terminal.happened(f"{number} of {len(todo)}  {_mark(verdict)} {terminal.bold(str(row))}")
                for problem in verdict.problems:
                    terminal.line(f"         {problem}")
                if verdict.problems:
                    terminal.line(f"         {log_of(place, row)}")
    except (ServerDidNotStart, GoToolMissing, DidNotHappen, TranscriptMissing) as error:
        terminal.line(f"\n{error}")
    if not results:
        return 1
    terminal.line(f"\n{summary(list(results.values()))}")
    document = await asyncio.to_thread(DOCUMENT.read_text, "utf-8")
    today = datetime.now(UTC).date()
    await asyncio.to_thread(DOCUMENT.write_text, with_results(document, results, today), "utf-8")
    terminal.line(f"They are in the table of {DOCUMENT.relative_to(REPOSITORY)}.")
    return 0 if len(results) == len(todo) and not any(verdict.problems for verdict in results.values()) else 1


def _mark(verdict: Verdict) -> str:
    if verdict.problems:
        return "✗"
    return f"✓ later by {verdict.later_s:.0f} s, lost {verdict.sound_lost_s:.1f} s, away {verdict.away_s:.1f} s"


if __name__ == "__main__":
    leave(main(sys.argv[1:]))
