"""Work on a track that goes on beside whatever else does, one thing at a time, and must not take the rest with it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

import structlog

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

T = TypeVar("T")

log = structlog.get_logger()


class BackgroundWork:
    """What fails is logged, once: from then on nothing more is done.

    Attributes:
        failed: whether something has.
    """

    def __init__(self, consequence: str) -> None:
        """Nothing is done yet; `consequence` is what the log says when something fails."""
        self._consequence = consequence
        self._task: asyncio.Task[None] | None = None
        self.failed = False

    def begin(self, work: Callable[[], Coroutine[None, None, None]]) -> None:
        """Do this in the background, unless something is being done."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._done(work))

    async def then(self, work: Callable[[], Coroutine[None, None, T]]) -> T | None:
        """Do this after what is being done; None where something fails, or has."""
        if self._task is not None:
            await self._task
        return await self._done(work)

    def leave_off(self) -> None:
        """Nobody wants it any more."""
        if self._task is not None:
            self._task.cancel()

    async def _done(self, work: Callable[[], Coroutine[None, None, T]]) -> T | None:
        if self.failed:
            return None
        try:
            return await work()
        except Exception:
            log.exception(self._consequence)
            self.failed = True
            return None
