"""What the front does when it starts and then once a day."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

log = structlog.get_logger()

EVERY_S = 24 * 3600.0


async def daily(name: str, chore: Callable[[], Awaitable[None]]) -> None:
    """Do a chore now and then every day, until cancelled; a day on which it fails is one day."""
    while True:
        try:
            await chore()
        except Exception:
            log.exception("daily chore failed; it is done again tomorrow", chore=name)
        await asyncio.sleep(EVERY_S)
