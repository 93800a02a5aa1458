"""Whether Greffier can serve people now: its dependencies answered a ping, all of them, just now."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

log = structlog.get_logger()

WITHIN_S = 5.0


class Readiness:
    """Pings each dependency (the `Readiness` of the HTTP side)."""

    def __init__(
        self,
        pings: dict[str, Callable[[], Awaitable[None]]],
        missing: Callable[[], Awaitable[tuple[str, ...]]] | None = None,
    ) -> None:
        self._pings = pings
        self._missing = missing

    async def failing(self) -> tuple[str, ...]:
        """Names of the dependencies that did not answer in time, or not well."""
        answers = await asyncio.gather(*(self._answers(name, ping) for name, ping in self._pings.items()))
        return tuple(name for name, answered in zip(self._pings, answers, strict=True) if not answered)

    async def degraded(self) -> tuple[str, ...]:
        """Names of the kinds of process of which none is there: people can still meet, and their words come later."""
        return await self._missing() if self._missing is not None else ()

    async def _answers(self, name: str, ping: Callable[[], Awaitable[None]]) -> bool:
        try:
            async with asyncio.timeout(WITHIN_S):
                await ping()
        except Exception as error:  # noqa: BLE001 (whatever it is, it is not ready, and that is the answer)
            log.warning("not ready", dependency=name, cause=str(error) or type(error).__name__)
            return False
        return True
