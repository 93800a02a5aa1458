"""The CPU time of this process, shared out among what goes on in it at the same time."""

from __future__ import annotations

import time
from dataclasses import dataclass, field


@dataclass(eq=False, slots=True)
class Running:
    """One thing that goes on, and what it has taken so far."""

    cpu_s: float = 0.0


@dataclass(slots=True)
class CpuTime:
    """Shares out the CPU time of the process, of all its threads, among the batches that are being heard."""

    running: set[Running] = field(default_factory=set)
    _shared_until_s: float = 0.0

    def begin(self) -> Running:
        """Something goes on from now on."""
        self._share()
        running = Running()
        self.running.add(running)
        return running

    def end(self, running: Running) -> float:
        """It is over; returns what it has taken, in seconds."""
        self._share()
        self.running.discard(running)
        return running.cpu_s

    def _share(self) -> None:
        now_s = time.process_time()
        for running in self.running:
            running.cpu_s += (now_s - self._shared_until_s) / len(self.running)
        self._shared_until_s = now_s
