"""Encryption without encryption: an event is readable once its key has come, and says what its ciphertext says."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bridge.matrix.encryption.devices import (
    Decrypted,
    Encrypted,
    EncryptedEvent,
    EncryptedRoom,
    KeysNews,
    Undecryptable,
)
from bridge.matrix.ids import EventId, RoomId, UserId
from tests.fakes.matrix import ciphertext_of, said_in


class FakeKeys:
    """Takes `{"room_id": …, "session_id": …}` as a to-device message that brings a room key."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.known: set[tuple[RoomId, str]] = set()
        self.unsaved: set[tuple[RoomId, str]] = set()
        self.saved: set[tuple[RoomId, str]] = set()
        self.news: list[KeysNews] = []
        self.unable: frozenset[UserId] = frozenset()
        self.why: dict[UserId, Undecryptable] = {}
        """Why nothing of these senders can be read."""
        self.becomes_known: set[UserId] = set()
        """Whose devices the next catching up finds."""
        self.troubles: list[Exception] = []
        """What catching up fails with, in turn."""
        self.caught_up = 0
        self._engine = engine

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """What came with it counts as saved once it is committed."""
        async with self._engine.begin() as connection:
            yield connection
        self.saved |= self.unsaved
        self.unsaved.clear()

    @property
    def has_pending(self) -> bool:
        """Whether keys have come that are not saved."""
        return bool(self.unsaved)

    async def receive(self, news: KeysNews, *, is_first: bool = False) -> frozenset[tuple[RoomId, str]]:  # noqa: ARG002
        """Note what came; a key is known at once."""
        self.news.append(news)
        came = frozenset((RoomId(event["room_id"]), str(event["session_id"])) for event in news.to_device)
        self.known |= came
        self.unsaved |= came
        return came

    async def decrypt(self, event: EncryptedEvent) -> Decrypted | Undecryptable:
        """What the ciphertext says, in the clear, once its key is known."""
        if event.sender in self.why:
            return self.why[event.sender]
        if (event.room_id, event.session_id) not in self.known:
            return Undecryptable("no_key")
        said = said_in(event.ciphertext)
        return Decrypted(said["type"], said["content"])

    async def encrypt(self, room: EncryptedRoom, event_type: str, content: Any) -> Encrypted:
        """Say it in the ciphertext, for whoever reads there but the `unable`."""
        said = ciphertext_of({"type": event_type, "content": content})
        encrypted = {"algorithm": "m.megolm.v1.aes-sha2", "session_id": "own", "ciphertext": said}
        self.known.add((room.room_id, "own"))
        return Encrypted(encrypted, self.unable & room.readers)

    async def catch_up(self) -> frozenset[UserId]:
        """Find the devices of whoever was to become known, who can be read from then on."""
        self.caught_up += 1
        if self.troubles:
            raise self.troubles.pop(0)
        found = frozenset(self.becomes_known)
        self.becomes_known.clear()
        for user in found:
            self.why.pop(user, None)
        return found


class Told:
    """Remembers what rooms would have been told."""

    def __init__(self) -> None:
        self.unreadable_rooms: list[tuple[RoomId, EventId]] = []
        self.who_cannot_read: list[tuple[RoomId, frozenset[UserId]]] = []

    def unreadable(self, room_id: RoomId, event_id: EventId) -> None:
        """The bot cannot read."""
        self.unreadable_rooms.append((room_id, event_id))

    def cannot_read(self, room_id: RoomId, users: frozenset[UserId]) -> None:
        """Some people cannot."""
        self.who_cannot_read.append((room_id, users))
