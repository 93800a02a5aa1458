"""Waiting for a condition with a bound, where what makes it true has no event to wait for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

LOOK_EVERY_S = 0.01


async def until(holds: Callable[[], object], *, within_s: float = 20.0) -> None:
    """Return as soon as something is so.

    Raises:
        TimeoutError: it did not come to be so in time.
    """
    async with asyncio.timeout(within_s):
        while not holds():  # noqa: ASYNC110 (whoever makes it so is the code under test: it sets no event for us)
            await asyncio.sleep(LOOK_EVERY_S)
