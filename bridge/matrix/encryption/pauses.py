"""Owns not asking again at once for what could not be had: servers that do not answer, one-time keys that are gone."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from bridge.matrix.backoff import Backoff

What = TypeVar("What", bound=Hashable)

_BACKOFF = Backoff(first_s=60.0, most_s=3_600.0)


class Pauses(Generic[What]):
    """For each thing how long it is left alone; a thing that has never failed is not."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: dict[What, tuple[int, float]] = {}  # how many in a row, and until when it is left alone

    def __contains__(self, what: What) -> bool:
        _, until_s = self._failures.get(what, (0, 0.0))
        return until_s > self._clock()

    def failed(self, what: What) -> bool:
        """It could not be had, and is left alone for longer each time; whether this was the first time in a row."""
        failures = self._failures.get(what, (0, 0.0))[0] + 1
        self._failures[what] = failures, self._clock() + _BACKOFF.wait_s(failures)
        return failures == 1

    def over(self, what: What) -> None:
        """It could be had, or there is reason to hope so."""
        self._failures.pop(what, None)
