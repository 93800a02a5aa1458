"""What rooms are told when somebody in them and Greffier cannot read each other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from structlog.testing import capture_logs

from bot.room import telling
from bot.room.telling import MAX_NAMES, Telling
from bot.room.wording import ENGLISH, FRENCH
from bot.store.database import Database
from bot.store.register import Register
from bridge.matrix.backoff import Backoff
from bridge.matrix.encryption.devices import EncryptedEvent, Undecryptable
from bridge.matrix.errors import Forbidden, HomeserverFault
from bridge.matrix.ids import EventId, RoomId, UserId
from bridge.matrix.told import Told
from bridge.matrix.undecrypted import PATIENCE_S, Settled, Undecrypted
from tests.fakes.rooms import FakeRooms

ROOM, OTHER = RoomId("!budget:tchap.test"), RoomId("!other:tchap.test")
CLAIRE, MARC = UserId("@claire:tchap.test"), UserId("@marc:tchap.test")


@asynccontextmanager
async def telling_rooms(rooms: FakeRooms, database: Database) -> AsyncIterator[Telling]:
    """Rooms are told, until the block ends."""
    told = Telling(rooms, rooms, Register(database.engine), Told(database.engine), "fr")
    task = asyncio.create_task(told.run())
    try:
        yield told
        assert not task.done(), "nothing may end it"
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(condition: Callable[[], object]) -> None:
    """Wait until it holds."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 (a list tells nobody)
            await asyncio.sleep(0.005)


def said(rooms: FakeRooms, room_id: RoomId = ROOM) -> list[str]:
    """What a room was told."""
    return [event.content["body"] for event in rooms.of(room_id)]


async def test_a_room_that_cannot_be_read_is_told_in_its_language(database: Database) -> None:
    """Each room for itself."""
    rooms = FakeRooms()
    await Register(database.engine).set_language(OTHER, "en")
    async with telling_rooms(rooms, database) as told:
        told.unreadable(ROOM, EventId("$1"))
        told.unreadable(OTHER, EventId("$2"))
        await until(lambda: len(rooms.sent) == 2)
    assert said(rooms) == [FRENCH.unreadable]
    assert said(rooms, OTHER) == [ENGLISH.unreadable]


async def test_it_is_told_once_across_restarts(database: Database) -> None:
    """Whatever is found again."""
    rooms = FakeRooms()
    for event_id in ("$1", "$2"):
        async with telling_rooms(rooms, database) as told:
            told.unreadable(ROOM, EventId(event_id))
            told.cannot_read(ROOM, frozenset([CLAIRE]))
            told.unreadable(OTHER, EventId(event_id))  # what comes last tells that the rest was seen to
            await until(lambda: rooms.of(OTHER))
    assert len(said(rooms)) == 2


async def test_people_with_unverified_devices_are_named_once_each(database: Database) -> None:
    """And told how to mend it; found with every message, told with the first."""
    rooms = FakeRooms(names={CLAIRE: "Claire Martin", MARC: "Marc"})
    async with telling_rooms(rooms, database) as told:
        for _ in range(3):
            told.cannot_read(ROOM, frozenset([CLAIRE]))
        await until(lambda: len(rooms.sent) == 1)
        told.cannot_read(ROOM, frozenset([CLAIRE, MARC]))
        await until(lambda: len(rooms.sent) == 2)
    assert said(rooms) == [FRENCH.unverified.format(names="Claire Martin"), FRENCH.unverified.format(names="Marc")]


async def test_many_names_are_counted(database: Database) -> None:
    """A room of a thousand gets one sentence of bounded length."""
    users = [UserId(f"@p{number}:tchap.test") for number in range(MAX_NAMES + 7)]
    rooms = FakeRooms(names={user: user[1:3] for user in users})
    async with telling_rooms(rooms, database) as told:
        told.cannot_read(ROOM, frozenset(users))
        await until(lambda: rooms.sent)
    assert "et 7 autres personnes" in said(rooms)[0]


async def test_a_room_that_cannot_be_told_does_not_hold_up_the_others(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is refused is logged, what time may mend is tried again for a while."""
    monkeypatch.setattr(telling, "BACKOFF", Backoff(first_s=0.01, most_s=0.02))
    rooms = FakeRooms(refusing={ROOM: Forbidden("muted")})
    rooms.failures.append(HomeserverFault("502"))
    with capture_logs() as logs:
        async with telling_rooms(rooms, database) as told:
            told.unreadable(ROOM, EventId("$1"))
            told.unreadable(OTHER, EventId("$2"))
            await until(lambda: rooms.of(OTHER))
    assert [entry["room_id"] for entry in logs if entry["event"] == "room not told"] == [ROOM]


async def test_a_room_that_could_not_be_told_is_told_with_the_next_event_that_cannot_be_read(
    database: Database,
) -> None:
    """Without a restart, and once."""
    rooms = FakeRooms(refusing={ROOM: Forbidden("muted")})
    now_s = 1_000.0
    async with telling_rooms(rooms, database) as told:
        undecrypted = Undecrypted(database.engine, told, max_age_s=600, clock=lambda: now_s)
        for event_id in ("$1", "$2", "$3"):
            settled = Settled()
            for room_id in (ROOM, OTHER):
                event = EncryptedEvent(room_id, EventId(event_id + room_id), CLAIRE, int(now_s * 1000), "s", None, "AA")
                undecrypted.sort(event, Undecryptable("no_key"), settled)
            undecrypted.stored(settled)
            now_s += PATIENCE_S
            undecrypted.tell()
            told.cannot_read(OTHER, frozenset([UserId(f"@{event_id[1:]}:tchap.test")]))  # tells that it was seen to
            seen_to = int(event_id[1:]) + 1
            await until(lambda seen_to=seen_to: len(rooms.of(OTHER)) == seen_to)  # type: ignore[misc]
            rooms.refusing.clear()
    assert said(rooms) == [FRENCH.unreadable]
    assert said(rooms, OTHER).count(FRENCH.unreadable) == 1


async def test_many_events_that_cannot_be_read_are_one_trouble_of_a_room(database: Database) -> None:
    """While it waits: a room that cannot be told does not take up the time of the others."""
    rooms = FakeRooms(refusing={ROOM: Forbidden("muted")})
    async with telling_rooms(rooms, database) as told:
        for number in range(5):
            told.unreadable(ROOM, EventId(f"${number}"))
        told.unreadable(OTHER, EventId("$5"))
        await until(lambda: rooms.of(OTHER))
    assert len(rooms.asked) == 2


@pytest.mark.parametrize(
    ("names", "more", "expected"),
    [
        (["A"], 0, "A"),
        (["A", "B"], 0, "A et B"),
        (["A", "B", "C"], 0, "A, B et C"),
        (["A", "B"], 1, "A, B et une autre personne"),
    ],
)
def test_names_are_listed_as_one_says_them(names: list[str], more: int, expected: str) -> None:
    """With a word before the last."""
    assert FRENCH.listed(names, more) == expected
