"""What is measured, and how it is put in figures: CPU time, lag of the event loop, what a disk takes for a sync."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Final

import structlog

LOOK_EVERY_S: Final = 0.02
FROM_HERE: Final = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
"""The environment in which another process finds this code, wherever it runs."""
_SYNCS: Final = 50
_FRAME_BYTES: Final = 3200
_TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")


@dataclass
class LoopLag:
    """By how much the event loop woke us later than we asked for, in seconds."""

    seen_s: list[float] = field(default_factory=list)

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[LoopLag]:
        """Watch the loop until the block ends."""
        watching = asyncio.create_task(self._watch())
        try:
            yield self
        finally:
            watching.cancel()

    async def _watch(self) -> None:
        while True:
            asked_s = time.perf_counter() + LOOK_EVERY_S
            await asyncio.sleep(LOOK_EVERY_S)
            self.seen_s.append(max(0.0, time.perf_counter() - asked_s))


def percentile(values: Sequence[float], percent: float) -> float:
    """The value that so many percent of `values` do not exceed; nothing was measured is 0."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] if ordered else 0.0


def cpu_s_of(pid: int) -> float:
    """The CPU time that another process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S


def disk_sync_s(folder: Path) -> float:
    """How long this disk takes to sync one frame of sound; the median of some tries."""
    file = folder / "sync-probe"
    took_s: list[float] = []
    with file.open("wb", buffering=0) as probe:
        for _ in range(_SYNCS):
            probe.write(bytes(_FRAME_BYTES))
            began_s = time.perf_counter()
            os.fsync(probe.fileno())
            took_s.append(time.perf_counter() - began_s)
    file.unlink()
    return median(took_s)


def machine(sync_s: float) -> str:
    """What a reader must know of the machine to compare figures."""
    return f"{os.cpu_count()} cores, and a sync of the disk takes {sync_s * 1000:.2f} ms"


def only_warnings() -> None:
    """Say nothing of what goes well: the terminal is for the figures."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
