"""An engine that is away: how long it is waited for, when it is tried again, and whose fault it seems to be."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import structlog

if TYPE_CHECKING:
    from collections.abc import Callable

log = structlog.get_logger()

PATIENCE_S: Final = 3600.0
"""From then on what waits fails, as with an engine that gave up: a meeting whose words are missing is told so."""
FIRST_PAUSE_S: Final = 1.0
LONGEST_PAUSE_S: Final = 30.0
MOST_OF_ONE_WINDOW: Final = 3
"""A window in which the engine was away so often, and back for others in between, is what it falls over."""


class Absence:
    """Whether one engine is away, as those who ask it find."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._since_s: float | None = None
        self._again_at_s = 0.0
        self._pause_s = FIRST_PAUSE_S
        self._number = 0

    @property
    def pause_s(self) -> float:
        """How long it is to be left alone from now on."""
        return max(0.0, self._again_at_s - self._clock()) if self._since_s is not None else 0.0

    @property
    def is_too_long(self) -> bool:
        """Whether nobody waits for it any longer."""
        return self._since_s is not None and self._clock() - self._since_s >= PATIENCE_S

    def met(self, cause: str) -> int:
        """Somebody found it away; returns which absence of it this is."""
        now_s = self._clock()
        if self._since_s is None:
            log.warning("the speech engine is away and waited for", cause=cause)
            self._since_s, self._pause_s, self._number = now_s, FIRST_PAUSE_S, self._number + 1
            self._again_at_s = now_s + self._pause_s
        elif now_s >= self._again_at_s:  # of several workers that found so at once, the first counts
            self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)
            self._again_at_s = now_s + self._pause_s
        return self._number

    def over(self) -> None:
        """It has answered."""
        if self._since_s is not None:
            log.info("the speech engine is back", after_s=round(self._clock() - self._since_s, 1))
            self._since_s = None
