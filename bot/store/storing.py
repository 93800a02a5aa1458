"""Work on stored sound and transcripts that waits for a storage which is away, and does not wait for a full disk."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

import structlog

from transcripts.storage.bucket import StorageAway

log = structlog.get_logger()
T = TypeVar("T")

PATIENCE_S = 24 * 3600.0
"""How long what waits for the storage does so."""
FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 30.0


async def stored(act: Callable[[], T], *, patience_s: float | None = None) -> T:
    """Do what `act` does, in a thread; again, after ever longer waits, while the storage is away.

    Raises:
        StorageAway: It was away for longer than `patience_s` seconds, or than `PATIENCE_S`.
        OSError: Another reason, which waiting does not mend.
    """
    clock = asyncio.get_running_loop().time
    patience_s = PATIENCE_S if patience_s is None else patience_s
    give_up_at_s, wait_s = clock() + patience_s, FIRST_WAIT_S
    while True:
        try:
            return await asyncio.to_thread(act)
        except StorageAway as error:
            if clock() + wait_s > give_up_at_s:
                raise
            log.warning("waiting for the storage", cause=str(error), again_in_s=wait_s)
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, LONGEST_WAIT_S)
