"""When a recorder that fell out of its call tries again, and when it gives up. Pure: the time is an argument."""

from __future__ import annotations

import random

SETTLED_AFTER_S = 5.0
"""A shorter stay in the call does not end an outage: the server accepted us and did not keep us."""
FIRST_PAUSE_S = 0.3
LONGEST_PAUSE_S = 2.0


class Rejoining:
    """Pauses that double, spread so that the recorders of many calls do not all come back at the same moment."""

    def __init__(self, for_s: float, *, now_s: float) -> None:
        """Give up when an outage that begins at `now_s` or later has lasted `for_s`."""
        self._for_s = for_s
        self._outage_began_s = now_s
        self._pause_s = FIRST_PAUSE_S

    def next_pause_s(self, now_s: float, *, stayed_s: float) -> float | None:
        """Say how long to wait after a stay of `stayed_s` (0: could not join) that ended now; None: give up."""
        if stayed_s >= SETTLED_AFTER_S:
            self._outage_began_s = now_s
            self._pause_s = FIRST_PAUSE_S
        if now_s - self._outage_began_s >= self._for_s:
            return None
        pause_s = self._pause_s
        self._pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
        return pause_s * random.uniform(0.5, 1)  # noqa: S311 - nobody gains by guessing it
