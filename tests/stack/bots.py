"""Devices like the bot's own, on a real homeserver: the bot, and somebody in its rooms who encrypts as it does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bridge.matrix.account import made_user
from bridge.matrix.encryption.devices import Decrypted, Undecryptable
from bridge.matrix.encryption.encryption import Encryption
from bridge.matrix.events import read_encrypted
from bridge.matrix.homeserver import Homeserver
from bridge.matrix.ids import EventId, RoomId, UserId
from bridge.matrix.tables import SCHEMA
from config.models import Matrix

Said = Mapping[str, Any]
"""An event as its room has it: decrypted (`encrypted` says so), its relation in its content."""


@asynccontextmanager
async def database(folder: Path) -> AsyncIterator[AsyncEngine]:
    """A database with the tables of the Matrix side."""
    folder.mkdir(parents=True, exist_ok=True)
    engine = create_async_engine(f"sqlite+aiosqlite:///{folder / 'greffier.sqlite'}")
    async with engine.begin() as connection:
        await connection.run_sync(SCHEMA.create_all)
    try:
        yield engine
    finally:
        await engine.dispose()


@asynccontextmanager
async def bot(settings: Matrix, engine: AsyncEngine, folder: Path) -> AsyncIterator[tuple[Homeserver, Encryption]]:
    """The homeserver as a bot that is ready to speak, encrypted too."""
    async with Homeserver(settings, engine) as homeserver:
        encryption = Encryption(homeserver.wire, engine, settings, folder)
        homeserver.encryption = encryption
        await encryption.prepare()
        yield homeserver, encryption


@asynccontextmanager
async def plain_bot(settings: Matrix) -> AsyncIterator[Homeserver]:
    """The homeserver as an appservice's bot that has no device, and so no keys."""
    async with Homeserver(settings) as homeserver:
        homeserver.wire.acting = (await made_user(homeserver.wire, settings)).acting
        yield homeserver


class Friend:
    """Somebody in encrypted rooms; listens for keys from the beginning."""

    def __init__(self, homeserver: Homeserver, encryption: Encryption) -> None:
        self.user_id = homeserver.user_id
        self.homeserver = homeserver
        self.encryption = encryption
        self._sent = 0

    @classmethod
    @asynccontextmanager
    async def joining(cls, settings: Matrix, folder: Path) -> AsyncIterator[Friend]:
        """Somebody of this name, on a database of their own."""
        async with database(folder) as engine, bot(settings, engine, folder) as (homeserver, encryption):
            friend = cls(homeserver, encryption)
            listening = asyncio.create_task(friend._listen())
            try:
                yield friend
            finally:
                listening.cancel()
                await asyncio.gather(listening, return_exceptions=True)

    async def encrypted_room(self, *guests: UserId) -> RoomId:
        """A new encrypted room, with these invited."""
        state = {"type": "m.room.encryption", "state_key": "", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}
        body = {"preset": "private_chat", "invite": list(guests), "initial_state": [state]}
        answer = await self.homeserver.wire.request("POST", "making a room", ("createRoom",), body)
        return RoomId(answer["room_id"])

    async def until_joined(self, room_id: RoomId, user: UserId) -> None:
        """Wait until somebody is in the room."""
        async with asyncio.timeout(30):
            while user not in await self.homeserver.rooms.members(room_id):
                await asyncio.sleep(0.1)
                self.homeserver.rooms.deaf(room_id)

    async def say(self, room_id: RoomId, body: str) -> EventId:
        """Say something, encrypted."""
        self._sent += 1
        content = {"msgtype": "m.text", "body": body}
        return await self.homeserver.send(room_id, "m.room.message", content, f"friend-{self._sent}")

    async def seen(self, room_id: RoomId) -> list[Said]:
        """What everybody else has said in the room, oldest first, as far as it can be read."""
        query = {"dir": "b", "limit": "100"}
        path = ("rooms", room_id, "messages")
        page = await self.homeserver.wire.request("GET", "reading a room", path, query=query)
        others = [event for event in reversed(page["chunk"]) if event["sender"] != self.user_id]
        return [said for event in others if (said := await self._read(event, room_id))]

    async def until_seen(self, room_id: RoomId, what: Callable[[Said], bool]) -> Said:
        """Wait until somebody else has said such a thing, and be able to read it."""
        async with asyncio.timeout(30):
            while True:
                for said in await self.seen(room_id):
                    if what(said):
                        return said
                await asyncio.sleep(0.1)

    async def _read(self, event: dict[str, Any], room_id: RoomId) -> Said | None:
        if event["type"] == "m.room.message":
            return {**event, "encrypted": False}
        encrypted = read_encrypted(event, room_id)
        read = await self.encryption.decrypt(encrypted) if encrypted else None
        if encrypted and read == Undecryptable("unknown_device"):
            await self.encryption.catch_up()
            read = await self.encryption.decrypt(encrypted)
        if not isinstance(read, Decrypted):
            return None
        relation = event["content"].get("m.relates_to")
        content = {**read.content, **({"m.relates_to": relation} if relation else {})}
        return {**event, "type": read.event_type, "content": content, "encrypted": True}

    async def _listen(self) -> None:
        since = None
        while True:
            result = await self.homeserver.sync(since, wait_s=10, keys_alone=True)
            async with self.encryption.transaction():
                await self.encryption.receive(result.keys, is_first=since is None)
            since = result.next_batch
            await self.encryption.catch_up()
