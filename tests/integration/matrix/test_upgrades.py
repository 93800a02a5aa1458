"""Rooms that the real homeserver replaces: followed where that is allowed, and where an invitation is needed for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine
from structlog.testing import capture_logs

from bridge.matrix.backoff import Backoff
from bridge.matrix.homeserver import Homeserver
from bridge.matrix.ids import RoomId
from bridge.matrix.tombstones import read_tombstone
from bridge.matrix.upgrades import IN_THE_CLEAR, Upgrades
from tests.stack.people import MatrixPerson

WITHIN_S = 30


class Moves:
    """Remembers into which rooms the bot was told to have moved."""

    def __init__(self) -> None:
        self.told: asyncio.Queue[tuple[RoomId, RoomId]] = asyncio.Queue()

    async def __call__(self, old: RoomId, successor: RoomId) -> None:
        """One more."""
        self.told.put_nowait((old, successor))

    async def next(self) -> tuple[RoomId, RoomId]:
        """Wait for it."""
        async with asyncio.timeout(WITHIN_S):
            return await self.told.get()


@pytest.fixture
def moves() -> Moves:
    """None so far."""
    return Moves()


@pytest_asyncio.fixture
async def upgrades(engine: AsyncEngine, homeserver: Homeserver, moves: Moves) -> AsyncIterator[Upgrades]:
    """A bot that follows its rooms."""
    upgrades = Upgrades(engine, homeserver, moves, backoff=Backoff(first_s=0.1, most_s=1))
    async with running(upgrades):
        yield upgrades


@asynccontextmanager
async def running(upgrades: Upgrades) -> AsyncIterator[None]:
    """It follows until the block ends."""
    task = asyncio.create_task(upgrades.run())
    try:
        yield
        assert not task.done()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def room_with_bot(claire: MatrixPerson, homeserver: Homeserver, *, is_open: bool) -> RoomId:
    """A room of Claire's that the bot is in."""
    room_id = RoomId(await claire.create_room("Budget", kind="forum" if is_open else "private"))
    await claire.invite(room_id, homeserver.user_id)
    await homeserver.join(room_id)
    return room_id


async def replaced(person: MatrixPerson, room_id: RoomId, version: str = "11") -> RoomId:
    """Have the homeserver replace a room, as people do who press a button."""
    path = f"/_matrix/client/v3/rooms/{room_id}/upgrade"
    answer = await person.request("POST", path, {"new_version": version})
    return RoomId(answer["replacement_room"])


async def hears_of_it(upgrades: Upgrades, engine: AsyncEngine, homeserver: Homeserver, room_id: RoomId) -> None:
    """The room's tombstone comes in."""
    heard = read_tombstone(await homeserver.state_event(room_id, "m.room.tombstone"), room_id)
    assert heard is not None
    async with engine.begin() as connection:
        await upgrades.store(connection, [heard])
    upgrades.wake([heard])


async def test_an_open_room_is_followed_at_once(
    upgrades: Upgrades, moves: Moves, engine: AsyncEngine, homeserver: Homeserver, claire: MatrixPerson
) -> None:
    """And so is the one that replaces it in turn, of which the bot was told nothing."""
    room_id = await room_with_bot(claire, homeserver, is_open=True)
    successor = await replaced(claire, room_id)
    last = await replaced(claire, successor)
    await hears_of_it(upgrades, engine, homeserver, room_id)
    assert await moves.next() == (room_id, successor)
    assert await moves.next() == (successor, last)
    assert await homeserver.is_member(last)


async def test_a_private_room_is_followed_by_an_invitation(
    upgrades: Upgrades, moves: Moves, engine: AsyncEngine, homeserver: Homeserver, claire: MatrixPerson
) -> None:
    """Whether the bot had tried before it was invited, or is only started then."""
    room_id = await room_with_bot(claire, homeserver, is_open=False)
    successor = await replaced(claire, room_id)
    await hears_of_it(upgrades, engine, homeserver, room_id)
    await asyncio.sleep(1)
    assert moves.told.empty()
    assert not await homeserver.is_member(successor)
    await claire.invite(successor, homeserver.user_id)
    await homeserver.join(successor)
    await upgrades.arrived(successor)
    assert await moves.next() == (room_id, successor)


async def test_a_room_that_was_named_by_no_successor_of_its_own_is_not_followed(
    upgrades: Upgrades, moves: Moves, engine: AsyncEngine, homeserver: Homeserver, claire: MatrixPerson
) -> None:
    """It only looks as if it were replaced: by a room that has always been there."""
    room_id = await room_with_bot(claire, homeserver, is_open=True)
    another = await claire.create_room("Tout autre", kind="forum")
    await claire.set_state(room_id, "m.room.tombstone", {"body": "Par ici", "replacement_room": another})
    await hears_of_it(upgrades, engine, homeserver, room_id)

    async with asyncio.timeout(WITHIN_S):
        while await membership(claire, another, homeserver) != "leave":  # noqa: ASYNC110 (nobody tells)
            await asyncio.sleep(0.1)
    assert moves.told.empty()
    assert await homeserver.is_member(room_id)


async def test_an_encrypted_room_is_followed_into_a_successor_only_once_that_is_encrypted(
    upgrades: Upgrades, moves: Moves, engine: AsyncEngine, homeserver: Homeserver, claire: MatrixPerson
) -> None:
    """Whoever replaces a room by hand may have forgotten it, or mean to read along."""
    room_id = RoomId(await claire.create_room("Budget", encrypted=True))
    content = {"predecessor": {"room_id": room_id}}
    body = {"preset": "public_chat", "visibility": "private", "name": "Budget", "creation_content": content}
    answer = await claire.request("POST", "/_matrix/client/v3/createRoom", body)
    successor = RoomId(answer["room_id"])
    await claire.set_state(room_id, "m.room.tombstone", {"body": "Par ici", "replacement_room": successor})
    for each in (room_id, successor):
        await claire.invite(each, homeserver.user_id)
        await homeserver.join(each)
    with capture_logs() as logs:
        await hears_of_it(upgrades, engine, homeserver, room_id)
        async with asyncio.timeout(WITHIN_S):
            while IN_THE_CLEAR not in [entry["event"] for entry in logs]:  # noqa: ASYNC110 (nobody tells)
                await asyncio.sleep(0.1)
    assert moves.told.empty()
    await claire.set_state(successor, "m.room.encryption", {"algorithm": "m.megolm.v1.aes-sha2"})
    await upgrades.arrived(successor)
    assert await moves.next() == (room_id, successor)


async def membership(person: MatrixPerson, room_id: str, homeserver: Homeserver) -> str:
    """The bot's membership of a room, as its owner sees it; empty before it has any."""
    path = f"/_matrix/client/v3/rooms/{room_id}/members"
    members = (await person.request("GET", path))["chunk"]
    return next((str(m["content"]["membership"]) for m in members if m["state_key"] == homeserver.user_id), "")
