"""A clock that a test moves."""

from __future__ import annotations


class Clock:
    """Seconds, which pass when a test says so."""

    def __init__(self, now_s: float = 1_000.0) -> None:
        self.now_s = now_s

    def __call__(self) -> float:
        """What time it is."""
        return self.now_s

    def passes(self, seconds: float) -> None:
        """Let time go by."""
        self.now_s += seconds
