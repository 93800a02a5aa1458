"""Sound that people publish and a stay does not have: found by asking LiveKit's API, mended by joining anew.

A recorder has been seen in a call for 38 s without a track of the two people who talked there. Both had published a
moment before it joined, and no log had a word of it. Whatever a stay is blind to, the next one looks afresh.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Protocol

import structlog

from bridge.livekit.calls import CallError
from bridge.livekit.ids import TrackId

FIRST_LOOK_AFTER_S = 5.0
LOOK_AGAIN_AFTER_S = 3.0
"""What was published just now, or is about to go, is missing once and not twice."""
LOOK_EVERY_S = 20.0
LONGEST_WAIT_S = 60.0
MOST_TIMES = 3
"""A track that so many new stays did not have either is given up: those that are heard lose a moment at each."""

Published = Callable[[], Awaitable[frozenset[TrackId]]]
"""Asks LiveKit's API which tracks make sound in the call; raises CallError."""

log = structlog.get_logger()


class Stay(Protocol):
    """What is asked of a stay in the call."""

    @property
    def hears(self) -> frozenset[TrackId]:
        """The tracks whose sound it has, and those that it leaves out on purpose."""

    @property
    def now_s(self) -> float:
        """The time on the recording's clock."""

    def leave_off(self, *, deaf_since_s: float) -> None:
        """End, so that the call is joined anew; where nothing was heard, it was deaf since then."""


class Overlooked:
    """Looks after all stays of one recording, one after the other."""

    def __init__(self, published: Published) -> None:
        self._published = published
        self._joined_anew_for: Counter[TrackId] = Counter()
        self._in_vain = 0
        self._answers = True

    async def watch(self, stay: Stay) -> None:
        """Compare what the stay hears with what is published until it leaves off, or this is cancelled."""
        complete_at_s = stay.now_s
        await asyncio.sleep(min(FIRST_LOOK_AFTER_S * 2**self._in_vain, LONGEST_WAIT_S))
        while True:
            looked_at_s = stay.now_s
            missing = await self._missing(stay)
            if missing:
                await asyncio.sleep(LOOK_AGAIN_AFTER_S)
                again = await self._missing(stay)
                missing = None if again is None else missing & again
            if missing:
                self._note(missing, stay)
                stay.leave_off(deaf_since_s=complete_at_s)
                return
            if missing is not None:
                complete_at_s, self._in_vain = looked_at_s, 0
            await asyncio.sleep(LOOK_EVERY_S)

    async def _missing(self, stay: Stay) -> frozenset[TrackId] | None:
        """What is published and not heard; None where there is no telling."""
        try:
            published = await self._published()
        except CallError as error:
            if self._answers:
                log.warning("what is published in the call cannot be asked for", cause=str(error))
            self._answers = False
            return None
        self._answers = True
        return frozenset(sid for sid in published - stay.hears if self._joined_anew_for[sid] < MOST_TIMES)

    def _note(self, missing: frozenset[TrackId], stay: Stay) -> None:
        self._in_vain += 1
        self._joined_anew_for.update(missing)
        given_up = sum(self._joined_anew_for[sid] == MOST_TIMES for sid in missing)
        log.warning(
            "sound in the call that does not arrive, joining anew",
            missing=len(missing),
            heard=len(stay.hears),
            last_try_for=given_up,
        )
