"""Which rooms are encrypted: known for good, also by the processes that come after."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from bridge.matrix.encryption.devices import EncryptedRoom
from bridge.matrix.errors import EncryptionNotReady
from bridge.matrix.ids import RoomId, UserId
from bridge.matrix.rooms import RoomStates
from bridge.matrix.wire import Acting, Wire
from tests.fakes.matrix import BOT, CLAIRE, ROOM, Answer, FakeHomeserver

HERE = RoomId(ROOM)
ME = UserId(BOT)
ENCRYPTION = "/state/m.room.encryption/"


@pytest_asyncio.fixture
async def server() -> AsyncIterator[FakeHomeserver]:
    """A homeserver that says of no room that it is encrypted."""
    async with FakeHomeserver() as server:
        server.answers("GET", ENCRYPTION, Answer(404, {"errcode": "M_NOT_FOUND"}))
        server.answers("GET", "/joined_members", Answer(body={"joined": {CLAIRE: {}, BOT: {}}}))
        server.answers("GET", "/members", Answer(body={"chunk": []}))
        yield server


@pytest_asyncio.fixture
async def wire(server: FakeHomeserver) -> AsyncIterator[Wire]:
    """A connection to it."""
    async with Wire(server.settings(), Acting(ME, "token")) as wire:
        yield wire


async def test_a_room_that_was_encrypted_is_so_after_a_restart(
    wire: Wire, server: FakeHomeserver, engine: AsyncEngine
) -> None:
    """Though its homeserver has lost that meanwhile, or lies: what follows would be plaintext."""
    server.answers("GET", ENCRYPTION, Answer(body={"algorithm": "m.megolm.v1.aes-sha2"}))
    assert await RoomStates(wire, ME, engine=engine).is_encrypted(HERE)
    server.answers("GET", ENCRYPTION, Answer(404, {"errcode": "M_NOT_FOUND"}))
    restarted = RoomStates(wire, ME, engine=engine)
    assert await restarted.encrypted_room(HERE) == EncryptedRoom(HERE, frozenset({ME, UserId(CLAIRE)}))
    assert not await restarted.is_encrypted(RoomId("!another"))


async def test_what_was_only_heard_is_known_after_a_restart(wire: Wire, engine: AsyncEngine) -> None:
    """Of any number of rooms, also of one that is heard of twice."""
    for _ in range(2):
        rooms = RoomStates(wire, ME, engine=engine)
        rooms.heard(HERE, "m.room.encryption")
        rooms.heard(RoomId("!another"), "m.room.encryption")
        await rooms.save()
    restarted = RoomStates(wire, ME, engine=engine)
    assert await restarted.is_encrypted(HERE)
    assert await restarted.is_encrypted(RoomId("!another"))


@pytest.mark.parametrize("trouble", ["cannot be read", "cannot be written"])
async def test_a_database_that_fails_makes_no_room_one_without_encryption(
    wire: Wire, engine: AsyncEngine, trouble: str
) -> None:
    """Nor is anything sent of which the next process could not know that it was encrypted."""
    rooms = RoomStates(wire, ME, engine=engine)
    if trouble == "cannot be written":
        assert not await rooms.is_encrypted(HERE)
        rooms.heard(HERE, "m.room.encryption")
    async with engine.begin() as connection:
        await connection.execute(text("ALTER TABLE matrix_encrypted_room RENAME TO away"))
    with pytest.raises(EncryptionNotReady):
        await rooms.encrypted_room(HERE)
    async with engine.begin() as connection:
        await connection.execute(text("ALTER TABLE away RENAME TO matrix_encrypted_room"))
    assert await rooms.is_encrypted(HERE) == (trouble == "cannot be written")
