"""What the front does when it starts and then once a day."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

log = structlog.get_logger()

EVERY_S = 24 * 3600.0
AFTER_A_FAILURE_S = 600.0


async def daily(name: str, chore: Callable[[], Awaitable[None]]) -> None:
    """Do a chore now and then every day, until cancelled; a day on which it fails is one day."""
    while True:
        again_in_s = EVERY_S
        try:
            await chore()
        except Exception:
            again_in_s = AFTER_A_FAILURE_S
            log.exception("daily chore failed and is tried again", chore=name, again_in_s=again_in_s)
        await asyncio.sleep(again_in_s)
