"""Drive this machine to its limit and say where that is: `python -m tests.load [events|sound|meetings …] [--quick]`."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tests.load import events, meetings, sound
from tests.load.measure import only_warnings
from tests.load.report import DOCUMENT, PARTS, markdown, written

FOLDER: Final = Path(__file__).parents[2] / ".cache" / "load"
"""Where the databases and the sound are: on the disk of the project, for `/tmp` may be memory."""
PROGRAMS: Final = {"events": events.run, "sound": sound.run, "meetings": meetings.run}


def main() -> None:
    """Measure what is asked for, print it, and write it where that is asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.load", description=__doc__)
    parser.add_argument(
        "parts", nargs="*", choices=[*PARTS, []], metavar="|".join(PARTS), help="all where none is named"
    )
    parser.add_argument("--quick", action="store_true", help="a few seconds each: to see that it works")
    parser.add_argument("--write", action="store_true", help=f"put the tables into {DOCUMENT.relative_to(Path.cwd())}")
    asked = parser.parse_args()
    if asked.quick and asked.write:
        parser.error("what --quick measures is not worth writing down")
    only_warnings()
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in asked.parts or PARTS:
        print(f"{name}:", flush=True)
        began_s = time.monotonic()
        with TemporaryDirectory(dir=FOLDER) as folder:
            text = markdown(asyncio.run(PROGRAMS[name](Path(folder), quick=asked.quick)))
        print(f"\n{text}\n\n{name}: {time.monotonic() - began_s:.0f} s\n", flush=True)
        if asked.write:
            DOCUMENT.write_text(written(DOCUMENT.read_text(), name, text))


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    os._exit(0)  # native threads of LiveKit's client would call into an interpreter that is gone
