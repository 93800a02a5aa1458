"""Puts messages into rooms, each exactly once: its transaction id says what it is, not when it is sent."""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeVar

import structlog

from bridge.matrix.errors import HomeserverError, RateLimited
from bridge.matrix.ids import EventId, RoomId

log = structlog.get_logger()
T = TypeVar("T")

FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 60.0
PATIENCE_S = 24 * 3600.0
"""How long what must reach the room waits for a homeserver that is away: as long as it honours transaction ids."""


class Rooms(Protocol):
    """What is needed of the homeserver to post."""

    async def send(self, room_id: RoomId, event_type: str, content: dict[str, Any], txn_id: str) -> EventId:
        """Send one event; the same `txn_id` again gives the same event."""

    async def upload(self, data: bytes, content_type: str, filename: str) -> str:
        """Store a file and give its `mxc://` address."""


def transaction_id(*parts: str) -> str:
    """The id under which the message that `parts` name is sent, now and after any restart."""
    return "greffier-" + hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


async def post(rooms: Rooms, room_id: RoomId, content: dict[str, Any], txn_id: str, *, patience_s: float) -> EventId:
    """Send a message into a room; while the homeserver is away, for at most `patience_s` seconds, again.

    Raises:
        HomeserverError: It was refused, or the patience is over.
    """
    return await patiently(lambda: rooms.send(room_id, "m.room.message", content, txn_id), patience_s=patience_s)


async def patiently(ask: Callable[[], Awaitable[T]], *, patience_s: float) -> T:
    """Do what `ask` does, again after ever longer waits while it fails with an error that time may mend."""
    clock = asyncio.get_running_loop().time
    give_up_at = clock() + patience_s
    wait_s = FIRST_WAIT_S
    while True:
        try:
            return await ask()
        except HomeserverError as error:
            pause_s = error.retry_after_s if isinstance(error, RateLimited) else wait_s * random.uniform(0.7, 1.3)  # noqa: S311 (jitter)
            if not error.can_be_retried or clock() + pause_s > give_up_at:
                raise
            log.warning("message waits for the homeserver", again_in_s=round(pause_s, 1), cause=str(error))
            await asyncio.sleep(pause_s)
            wait_s = min(wait_s * 2, LONGEST_WAIT_S)
