"""Runs every test, in groups, two of them at a time, for most of a run is spent waiting: `… side_by_side [FOLDER]`.

A group is a folder of tests, run by a pytest of its own, with servers, ports and temporary files of its own; what it
says is printed in one piece when it ends. One lane takes the groups that last longest, the other begins at the other
end, until they meet. What drives the machine to its limit runs by itself, in the end. Any failure makes all fail, and
keeps no other group from running.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from tests.stack.ports import LANES

TETHER: Final = Path(__file__).parent / "stack" / "tether.py"
LONGEST_FIRST: Final = ("acceptance", "faults", "integration/web", "integration/matrix", "integration/livekit")
ALONE: Final = ("load",)
DIVIDED: Final = ("integration",)
"""Folders of which each folder is a group."""


@dataclass(frozen=True)
class Group:
    """Tests that are run together."""

    name: str
    """Their folder, below that of all tests."""
    root: Path

    @property
    def folder(self) -> Path:
        """Where they are."""
        return self.root / self.name

    @property
    def rank(self) -> tuple[int, str]:
        """Where it stands among all groups, the longest first."""
        rank = LONGEST_FIRST.index(self.name) if self.name in LONGEST_FIRST else len(LONGEST_FIRST)
        return rank, self.name


def groups(root: Path) -> list[Group]:
    """Every group below `root`, the longest first: together they hold every test, and none twice."""
    files = [file.relative_to(root).parts for file in root.rglob("test_*.py")]
    names = {_group_of(parts) for parts in files if "node_modules" not in parts}
    return sorted((Group(name, root) for name in names), key=lambda group: group.rank)


def _group_of(parts: tuple[str, ...]) -> str:
    """The folder in which a file is, or the file itself where it stands beside such folders."""
    return "/".join(parts[: 2 if parts[0] in DIVIDED else 1])


class Run:
    """One run of all groups; `failed` are the names of those that did."""

    def __init__(self, temporary: Path, say: Callable[[str], None]) -> None:
        self.failed: list[str] = []
        self._temporary = temporary
        self._say = say

    async def side_by_side(self, among: Iterable[Group]) -> None:
        """Run them all, in two lanes, but for those that run alone."""
        every = list(among)
        waiting = deque(group for group in every if group.name not in ALONE)
        await asyncio.gather(self._lane(0, waiting, waiting.popleft), self._lane(1, waiting, waiting.pop))
        for group in every:
            if group.name in ALONE:
                await self._run(group, 0)

    async def _lane(self, lane: int, waiting: deque[Group], take: Callable[[], Group]) -> None:
        while waiting:
            await self._run(take(), lane)

    async def _run(self, group: Group, lane: int) -> None:
        self._say(f"=== {group.name}: begins")
        began_s = time.monotonic()
        inside = self._temporary / group.name.replace("/", "-")
        inside.mkdir()
        log = inside / "log"
        tests = [f"--basetemp={inside / 'tmp'}", "-p", "no:cacheprovider", str(group.folder)]
        tied = [sys.executable, "-I", "-S", str(TETHER), str(os.getpid())]
        with log.open("wb") as output:
            pytest = await asyncio.create_subprocess_exec(
                *tied,
                *[sys.executable, "-m", "pytest", *tests],
                env={**os.environ, "TEST_PORTS": LANES[lane]},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=asyncio.subprocess.STDOUT,
            )
            status = await pytest.wait()
        passed = "passed" if status == 0 else f"failed with status {status}; its files are in {inside}"
        self._say(f"{log.read_text(errors='replace')}\n=== {group.name}: {time.monotonic() - began_s:.0f} s, {passed}")
        if status == 0:
            await asyncio.to_thread(shutil.rmtree, inside, ignore_errors=True)
        else:
            self.failed.append(group.name)


async def main(root: Path) -> list[str]:
    """Run all groups below `root`; gives the names of those that failed."""
    temporary = Path(mkdtemp(prefix="greffier-tests-"))
    run = Run(temporary, lambda words: print(words, flush=True))
    await run.side_by_side(groups(root))
    if not run.failed:
        temporary.rmdir()
    return run.failed


if __name__ == "__main__":
    failed = asyncio.run(main(Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else Path(__file__).parent))
    if failed:
        print(f"\nfailed: {', '.join(failed)}", file=sys.stderr)
        sys.exit(1)
