"""Rooms that replace each other, on a homeserver in memory: who is in, who may come in, what they say of themselves."""

from __future__ import annotations

import asyncio
from typing import Any

from bridge.matrix.errors import Forbidden, HomeserverError
from bridge.matrix.ids import RoomId


class ReplacedRooms:
    """The bot's rooms; `failures` are raised first, one at each request."""

    def __init__(self, *joined: RoomId) -> None:
        self.joined = set(joined)
        self.open: set[RoomId] = set()
        """Rooms into which the bot may come without an invitation."""
        self.encrypted: set[RoomId] = set()
        self.predecessors: dict[RoomId, object] = {}
        self.tombstones: dict[RoomId, dict[str, Any]] = {}
        self.failures: list[HomeserverError] = []
        self.via: list[str | None] = []
        """The homeservers by which the bot tried to come into rooms."""
        self.left: list[RoomId] = []
        self.may_join = asyncio.Event()
        self.may_join.set()
        self.joining = 0
        self.most_joining = 0

    async def is_member(self, room_id: RoomId) -> bool:
        """Whether the bot is in."""
        self._fail()
        return room_id in self.joined

    async def join(self, room_id: RoomId, *, via: str | None = None) -> None:
        """Come in, where that is allowed."""
        self.via.append(via)
        self.joining += 1
        self.most_joining = max(self.joining, self.most_joining)
        await self.may_join.wait()
        self.joining -= 1
        if room_id not in self.open:
            raise Forbidden("You are not invited to this room.")
        self.joined.add(room_id)

    async def leave(self, room_id: RoomId) -> None:
        """Go."""
        self.joined.remove(room_id)
        self.left.append(room_id)

    async def state_event(self, room_id: RoomId, event_type: str) -> dict[str, Any] | None:
        """The room's creation, or its end."""
        if room_id not in self.joined:
            raise Forbidden("You are not in this room.")
        if event_type == "m.room.tombstone":
            return self.tombstones.get(room_id)
        return {"type": event_type, "content": {"predecessor": self.predecessors.get(room_id)}}

    async def is_encrypted(self, room_id: RoomId) -> bool:
        """Whether it is one of those."""
        return room_id in self.encrypted

    def _fail(self) -> None:
        if self.failures:
            raise self.failures.pop(0)
