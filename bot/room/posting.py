"""Puts messages into rooms, each exactly once: its transaction id says what it is, not when it is sent.

The homeserver honours a transaction id for a day. A message that may have been tried longer ago than that is looked for
in its room before it is sent (docs/decisions/008).
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, TypeVar

from bot.store.register import Meeting
from bridge.matrix.backoff import Backoff, patiently
from bridge.matrix.ids import EventId, RoomId
from bridge.matrix.outbound import Content

T = TypeVar("T")

BACKOFF = Backoff(first_s=1.0, most_s=60.0)
PATIENCE_S = 24 * 3600.0
"""How long what must reach the room waits for a homeserver that is away; a process that begins again waits anew."""
HONOURED_FOR = timedelta(hours=20)
"""How long a transaction id is relied on: homeservers forget it after 24 hours, and not all to the minute."""


class Rooms(Protocol):
    """What is needed of the homeserver to post."""

    async def send(self, room_id: RoomId, event_type: str, content: dict[str, Any], txn_id: str) -> EventId:
        """Send one event; the same `txn_id` again within a day gives the same event."""

    async def find_sent(self, room_id: RoomId, txn_id: str, *, since: datetime) -> EventId | None:
        """The event that was sent under `txn_id` after this moment, if it is in the room."""

    async def upload(self, data: bytes, content_type: str, filename: str) -> str:
        """Store a file and give its `mxc://` address."""

    async def is_member(self, room_id: RoomId) -> bool:
        """Whether the bot is in the room."""


def transaction_id(*parts: str) -> str:
    """The id under which the message that `parts` name is sent, now and after any restart."""
    return "greffier-" + hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


class Posting:
    """Posts what is to be said about meetings, and waits for a homeserver that is away, slow, or asks to slow down."""

    def __init__(self, rooms: Rooms, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._rooms = rooms
        self._now = now

    async def post(self, meeting: Meeting, name: str, content: Content, patience_s: float | None = None) -> EventId:
        """Post a message into the meeting's room; `name` tells it from all others of this meeting.

        Raises:
            HomeserverError: It was refused, or the patience is over.
        """
        txn_id = transaction_id(meeting.id, name)
        return await self._patiently(lambda: self._send(meeting, content, txn_id), patience_s)

    async def upload(self, data: bytes, content_type: str, filename: str) -> str:
        """Store a file, which a message may then offer; stored again, it is another file.

        Raises:
            HomeserverError: It was refused, or the patience is over.
        """
        return await self._patiently(lambda: self._rooms.upload(data, content_type, filename))

    async def is_in_room(self, meeting: Meeting) -> bool:
        """Whether the bot is in the meeting's room.

        Raises:
            HomeserverError: It does not say, and the patience is over.
        """
        return await self._patiently(lambda: self._rooms.is_member(meeting.room_id))

    async def _patiently(self, ask: Callable[[], Awaitable[T]], patience_s: float | None = None) -> T:
        patience_s = PATIENCE_S if patience_s is None else patience_s
        return await patiently(ask, patience_s=patience_s, backoff=BACKOFF, where="posting")

    async def _send(self, meeting: Meeting, content: Content, txn_id: str) -> EventId:
        # Nothing about a meeting was tried before it was opened, so no clock of the tries needs to be kept.
        if self._now() - meeting.opened_at > HONOURED_FOR:
            sent = await self._rooms.find_sent(meeting.room_id, txn_id, since=meeting.opened_at)
            if sent is not None:
                return sent
        return await self._rooms.send(meeting.room_id, "m.room.message", content, txn_id)
