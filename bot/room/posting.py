"""Puts messages into rooms, each exactly once: its transaction id says what it is, not when it is sent.

The homeserver honours a transaction id for a day. A message that may have been tried longer ago than that is looked for
in its room before it is sent (docs/decisions/008).

A meeting whose room was replaced is told of in the successor, under the card that it has there: whoever posts need not
know. What was posted before it moved is not posted again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, TypeVar

from bot.store.register import Meeting
from bridge.matrix.backoff import Backoff, patiently
from bridge.matrix.errors import NotFound, RequestRefused
from bridge.matrix.ids import EventId, RoomId
from bridge.matrix.outbound import Content, Uploaded, is_edit, relating_to
from bridge.matrix.tombstones import read_predecessor
from transcripts.storage.spool import MeetingId

T = TypeVar("T")

BACKOFF = Backoff(first_s=1.0, most_s=60.0)
PATIENCE_S = 24 * 3600.0
"""How long what must reach the room waits for a homeserver that is away; a process that begins again waits anew."""
HONOURED_FOR = timedelta(hours=20)
"""How long a transaction id is relied on: homeservers forget it after 24 hours, and not all to the minute."""
_MOST_ROOMS_BEFORE = 10


class Meetings(Protocol):
    """What is needed of the register to post."""

    async def get(self, meeting: MeetingId) -> Meeting | None:
        """The meeting as it is known now."""


class Rooms(Protocol):
    """What is needed of the homeserver to post."""

    async def send(self, room_id: RoomId, event_type: str, content: dict[str, Any], txn_id: str) -> EventId:
        """Send one event; the same `txn_id` again within a day gives the same event."""

    async def find_sent(self, room_id: RoomId, txn_id: str, *, since: datetime) -> EventId | None:
        """The event that was sent under `txn_id` after this moment, if it is in the room."""

    async def upload(self, room_id: RoomId, data: bytes, content_type: str, filename: str) -> Uploaded:
        """Store a file for a room, encrypted where the room is."""

    async def is_member(self, room_id: RoomId) -> bool:
        """Whether the bot is in the room."""

    async def state_event(self, room_id: RoomId, event_type: str) -> dict[str, Any] | None:
        """The whole state event, None where the room has none."""


def transaction_id(*parts: str) -> str:
    """The id under which the message that `parts` name is sent, now and after any restart."""
    return "greffier-" + hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


class Posting:
    """Posts what is to be said about meetings, and waits for a homeserver that is away, slow, or asks to slow down."""

    def __init__(
        self, rooms: Rooms, meetings: Meetings, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._rooms = rooms
        self._meetings = meetings
        self._now = now

    async def post(self, meeting: Meeting, name: str, content: Content, patience_s: float | None = None) -> EventId:
        """Post a message into the meeting's room; `name` tells it from all others of this meeting.

        Whatever it relates to is the meeting's card.

        Raises:
            HomeserverError: It was refused, or the patience is over.
        """
        return await self._patiently(lambda: self._send(meeting, name, content), patience_s)

    async def post_into(
        self, room_id: RoomId, meeting: Meeting, name: str, content: Content, patience_s: float | None = None
    ) -> EventId:
        """Post a message about the meeting into this room, whichever is the meeting's by now. Raises as above."""
        txn_id = _transaction(meeting, name, room_id)
        return await self._patiently(lambda: self._send_into(room_id, meeting, content, txn_id), patience_s)

    async def upload(self, meeting: Meeting, data: bytes, content_type: str, filename: str) -> Uploaded:
        """Store a file for the meeting's room, which a message may then offer; stored again, it is another file.

        Raises:
            HomeserverError: It was refused, or the patience is over.
        """

        async def ask() -> Uploaded:
            room_id = (await self._as_known(meeting)).present_room
            return await self._rooms.upload(room_id, data, content_type, filename)

        return await self._patiently(ask)

    async def is_in_room(self, meeting: Meeting) -> bool:
        """Whether the bot is in the meeting's room.

        Raises:
            HomeserverError: It does not say, and the patience is over.
        """

        async def ask() -> bool:
            return await self._rooms.is_member((await self._as_known(meeting)).present_room)

        return await self._patiently(ask)

    async def _patiently(self, ask: Callable[[], Awaitable[T]], patience_s: float | None = None) -> T:
        patience_s = PATIENCE_S if patience_s is None else patience_s
        return await patiently(ask, patience_s=patience_s, backoff=BACKOFF, where="posting")

    async def _as_known(self, meeting: Meeting) -> Meeting:
        """The meeting as it is now: whoever posts about it may have known it before it moved."""
        return await self._meetings.get(meeting.id) or meeting

    async def _send(self, meeting: Meeting, name: str, content: Content) -> EventId:
        known = await self._as_known(meeting)
        if known.moved_to is not None:
            if is_edit(content) and known.moved_card_id is None:
                raise NotFound("editing a card: the meeting has moved into a room that has refused its card")
            sent = None if is_edit(content) else await self._sent_before_it_moved(known, name)
            if sent is not None:
                return sent
            content = relating_to(known.moved_card_id, content)
        room_id = known.present_room
        return await self._send_into(room_id, meeting, content, _transaction(meeting, name, room_id))

    async def _sent_before_it_moved(self, meeting: Meeting, name: str) -> EventId | None:
        for room_id in await self._rooms_before(meeting):
            txn_id = _transaction(meeting, name, room_id)
            with suppress(RequestRefused):  # the bot was put out of an old room, and nobody can tell any more
                if sent := await self._rooms.find_sent(room_id, txn_id, since=meeting.opened_at):
                    return sent
        return None

    async def _rooms_before(self, meeting: Meeting) -> list[RoomId]:
        """Those in which the meeting was, the latest first: each says which one it replaced."""
        found = [meeting.present_room]
        with suppress(RequestRefused):  # put out of one of them: what is before that is not known
            while len(found) <= _MOST_ROOMS_BEFORE:
                room_id = read_predecessor(await self._rooms.state_event(found[-1], "m.room.create"))
                if room_id is None or room_id in (meeting.room_id, *found):
                    break
                found.append(room_id)
        return [*found[1:], meeting.room_id]

    async def _send_into(self, room_id: RoomId, meeting: Meeting, content: Content, txn_id: str) -> EventId:
        # Nothing about a meeting was tried before it was opened, so no clock of the tries needs to be kept.
        if self._now() - meeting.opened_at > HONOURED_FOR:
            sent = await self._rooms.find_sent(room_id, txn_id, since=meeting.opened_at)
            if sent is not None:
                return sent
        return await self._rooms.send(room_id, "m.room.message", content, txn_id)


def _transaction(meeting: Meeting, name: str, room_id: RoomId) -> str:
    """The id of a message about a meeting; in a room into which it moved, it is another message."""
    moved = () if room_id == meeting.room_id else (room_id,)
    return transaction_id(meeting.id, name, *moved)
