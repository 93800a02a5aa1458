"""The rooms of a homeserver in memory: each transaction id counts once, for a day, and it can be away or refuse."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bridge.matrix.errors import Forbidden, HomeserverError, HomeserverUnreachable
from bridge.matrix.ids import EventId, RoomId, UserId
from bridge.matrix.outbound import Uploaded


@dataclass(frozen=True)
class Sent:
    """One event of a room."""

    room_id: RoomId
    event_id: EventId
    txn_id: str
    content: dict[str, Any]

    @property
    def body(self) -> str:
        """What a simple client shows, of an edit the new text."""
        shown: dict[str, Any] = self.content.get("m.new_content", self.content)
        return str(shown["body"])

    @property
    def edits(self) -> EventId | None:
        """The event that this one replaces."""
        relation: dict[str, Any] = self.content.get("m.relates_to", {})
        return relation.get("event_id") if relation.get("rel_type") == "m.replace" else None

    @property
    def thread(self) -> EventId | None:
        """The event under which this one is a thread."""
        relation: dict[str, Any] = self.content.get("m.relates_to", {})
        return relation.get("event_id") if relation.get("rel_type") == "m.thread" else None


@dataclass
class FakeRooms:
    """Takes events and files, answers who is in a room; `failures` are raised first, one at each request to send."""

    sent: list[Sent] = field(default_factory=list)
    uploaded: list[tuple[str, str, bytes]] = field(default_factory=list)
    failures: deque[HomeserverError] = field(default_factory=deque)
    refusing: dict[RoomId, HomeserverError] = field(default_factory=dict)
    """Rooms into which nothing can be sent."""
    refusing_text: dict[str, HomeserverError] = field(default_factory=dict)
    """Messages, by a part of their text, that cannot be sent."""
    refusing_files: HomeserverError | None = None
    """Why no file can be stored."""
    put_out_of: set[RoomId] = field(default_factory=set)
    """Rooms that the bot is not in any more."""
    predecessors: dict[RoomId, RoomId] = field(default_factory=dict)
    """What rooms say that they have replaced."""
    away_after: int | None = None
    """The homeserver is away once it has taken so many events."""
    loses_answers: bool = False
    """What it takes is there, and whoever sent it never hears of it."""
    refused: list[str] = field(default_factory=list)
    """The transaction ids of requests that failed."""
    asked: list[str] = field(default_factory=list)
    """The transaction id of every request, also of those that failed or were repeated."""
    levels: dict[UserId, int] = field(default_factory=lambda: defaultdict(int))
    names: dict[UserId, str] = field(default_factory=dict)
    searched: int = 0
    """How often it was asked for what was sent before."""
    _honoured: dict[str, EventId] = field(default_factory=dict)

    async def send(self, room_id: RoomId, event_type: str, content: dict[str, Any], txn_id: str) -> EventId:
        """Add an event to the room, unless this transaction has done so."""
        self.asked.append(txn_id)
        failure = self.failures.popleft() if self.failures else self._failure(room_id, content)
        if failure is not None:
            self.refused.append(txn_id)
            raise failure
        assert event_type == "m.room.message"
        if txn_id in self._honoured:
            return self._honoured[txn_id]
        event = Sent(room_id, EventId(f"$event-{len(self.sent)}"), txn_id, content)
        self.sent.append(event)
        self._honoured[txn_id] = event.event_id
        if self.loses_answers:
            await asyncio.Event().wait()
        return event.event_id

    def _failure(self, room_id: RoomId, content: dict[str, Any]) -> HomeserverError | None:
        if self.away_after is not None and len(self.sent) >= self.away_after:
            return HomeserverUnreachable("the homeserver does not answer")
        if room_id in self.put_out_of:
            return Forbidden("not in the room")
        texts = (error for text, error in self.refusing_text.items() if text in content["body"])
        return self.refusing.get(room_id) or next(texts, None)

    def a_day_passes(self) -> None:
        """No transaction is honoured any more."""
        self._honoured.clear()

    async def find_sent(self, room_id: RoomId, txn_id: str, *, since: datetime) -> EventId | None:  # noqa: ARG002 (no clock here)
        """Look into the room."""
        self.searched += 1
        if room_id in self.put_out_of:
            raise Forbidden("not in the room")
        return next((event.event_id for event in self.of(room_id) if event.txn_id == txn_id), None)

    async def is_member(self, room_id: RoomId) -> bool:
        """In every room that the bot was not put out of."""
        if self.away_after is not None and len(self.sent) >= self.away_after:
            raise HomeserverUnreachable("the homeserver does not answer")
        return room_id not in self.put_out_of

    async def state_event(self, room_id: RoomId, event_type: str) -> dict[str, Any] | None:
        """The room's creation."""
        assert event_type == "m.room.create"
        if room_id in self.put_out_of:
            raise Forbidden("not in the room")
        predecessor = self.predecessors.get(room_id)
        return {"content": {"predecessor": {"room_id": predecessor}} if predecessor else {}}

    async def upload(self, room_id: RoomId, data: bytes, content_type: str, filename: str) -> Uploaded:  # noqa: ARG002 (none is encrypted)
        """Keep a file."""
        if self.failures:
            raise self.failures.popleft()
        if self.refusing_files is not None:
            raise self.refusing_files
        self.uploaded.append((filename, content_type, data))
        return Uploaded(f"mxc://tchap.test/{len(self.uploaded)}")

    async def power_level(self, room_id: RoomId, user: UserId) -> int:  # noqa: ARG002 (the same in every room)
        """The level set in `levels`."""
        return self.levels[user]

    async def members(self, room_id: RoomId) -> dict[UserId, str]:  # noqa: ARG002 (the same in every room)
        """Everyone in `names`."""
        return self.names

    def of(self, room_id: RoomId) -> list[Sent]:
        """What a room has received, in order."""
        return [event for event in self.sent if event.room_id == room_id]
