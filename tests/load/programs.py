"""The command line of measuring programs: run those asked for, print their tables, put them into a document."""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Awaitable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Protocol

from tests.load.measure import only_warnings
from tests.load.report import Table, markdown, written

FOLDER: Final = Path(__file__).parents[2] / ".cache" / "load"
"""Where the databases and the sound are: on the disk of the project, for `/tmp` may be memory."""


class Program(Protocol):
    """Measures one thing, in a folder that is erased afterwards; `quick` is to see that it works."""

    def __call__(self, folder: Path, *, quick: bool = False) -> Awaitable[list[Table]]:
        """Measure."""


def main(name: str, description: str | None, programs: Mapping[str, Program], document: Path) -> None:
    """Measure what is asked for, print it, and write it into the document where that is asked for."""
    parser = argparse.ArgumentParser(prog=f"python -m {name}", description=description)
    parser.add_argument(
        "parts", nargs="*", choices=[*programs, []], metavar="|".join(programs), help="all where none is named"
    )
    parser.add_argument("--quick", action="store_true", help="a few seconds each: to see that it works")
    parser.add_argument("--write", action="store_true", help=f"put the tables into {document.relative_to(Path.cwd())}")
    asked = parser.parse_args()
    if asked.quick and asked.write:
        parser.error("what --quick measures is not worth writing down")
    only_warnings()
    FOLDER.mkdir(parents=True, exist_ok=True)
    for part in asked.parts or programs:
        print(f"{part}:", flush=True)
        began_s = time.monotonic()
        with TemporaryDirectory(dir=FOLDER) as folder:
            text = markdown(asyncio.run(_run(programs[part], Path(folder), quick=asked.quick)))
        print(f"\n{text}\n\n{part}: {time.monotonic() - began_s:.0f} s\n", flush=True)
        if asked.write:
            document.write_text(written(document.read_text(), part, text, parts=tuple(programs)))


async def _run(program: Program, folder: Path, *, quick: bool) -> list[Table]:
    return await program(folder, quick=quick)
