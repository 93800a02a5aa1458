"""What is known of rooms, against a homeserver that says what a test wants it to say."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from bridge.matrix.encryption.devices import EncryptedRoom
from bridge.matrix.errors import Forbidden, HomeserverFault, NotFound
from bridge.matrix.ids import RoomId, UserId
from bridge.matrix.power_levels import CREATOR_LEVEL
from bridge.matrix.rooms import RoomStates
from bridge.matrix.wire import Acting, Wire
from tests.fakes.clocks import Clock
from tests.fakes.matrix import BOT, CLAIRE, PROXY_PAGE, ROOM, Answer, FakeHomeserver

HERE = RoomId(ROOM)
ME = UserId(BOT)
MARC = UserId("@marc:tchap.test")
MEMBERS = "/joined_members"
INVITED = "/members"
ENCRYPTION = "/state/m.room.encryption/"
LEVELS = "/state/m.room.power_levels/"
CREATE = "/state/m.room.create/"
VISIBILITY = "/state/m.room.history_visibility/"
MEGOLM = {"algorithm": "m.megolm.v1.aes-sha2"}
HOSTILE: list[Any] = [None, True, "1", "x" * 1000, [], {}, float("nan"), -5, 0]


@pytest.fixture
def clock() -> Clock:
    """The clock of the rooms."""
    return Clock()


@pytest_asyncio.fixture
async def server() -> AsyncIterator[FakeHomeserver]:
    """A homeserver with one encrypted room, of Claire and the bot, into which Marc is invited."""
    async with FakeHomeserver() as server:
        server.answers("GET", ENCRYPTION, Answer(body=MEGOLM))
        server.answers("GET", MEMBERS, Answer(body={"joined": {CLAIRE: {"display_name": "Claire"}, BOT: {}}}))
        invited = {"type": "m.room.member", "state_key": MARC, "content": {"membership": "invite"}}
        server.answers("GET", INVITED, Answer(body={"chunk": [invited]}))
        yield server


@pytest_asyncio.fixture
async def rooms(server: FakeHomeserver, clock: Clock) -> AsyncIterator[RoomStates]:
    """What is known of its rooms."""
    async with Wire(server.settings(), Acting(ME, "token")) as wire:
        yield RoomStates(wire, ME, clock=clock)


def without_encryption(server: FakeHomeserver) -> None:
    """The room is not encrypted, as far as the homeserver says."""
    server.answers("GET", ENCRYPTION, Answer(404, {"errcode": "M_NOT_FOUND"}))


async def test_an_encrypted_room_is_one_for_those_who_are_in_it_and_those_who_are_invited(rooms: RoomStates) -> None:
    """With the usual rotation, where the room says nothing about it."""
    assert await rooms.encrypted_room(HERE) == EncryptedRoom(HERE, frozenset({ME, UserId(CLAIRE), MARC}))


@pytest.mark.parametrize("visibility", ["invited", "shared", "world_readable", "junk", None, 5])
async def test_who_is_invited_can_read_unless_the_room_says_otherwise(
    rooms: RoomStates, server: FakeHomeserver, visibility: object
) -> None:
    """Only `joined` says so."""
    server.answers("GET", VISIBILITY, Answer(body={"history_visibility": visibility}))
    room = await rooms.encrypted_room(HERE)
    assert room is not None
    assert MARC in room.readers
    server.answers("GET", VISIBILITY, Answer(body={"history_visibility": "joined"}))
    rooms.heard(HERE, "m.room.history_visibility")
    room = await rooms.encrypted_room(HERE)
    assert room is not None
    assert room.readers == {ME, CLAIRE}


@pytest.mark.parametrize(
    ("asked", "period_s", "messages"),
    [
        ({"rotation_period_ms": 86_400_000, "rotation_period_msgs": 20}, 86_400.0, 20),
        ({"rotation_period_ms": 1, "rotation_period_msgs": 0}, 3600.0, 1),
        ({"rotation_period_ms": 10**299, "rotation_period_msgs": 10**299}, 7 * 86_400.0, 10_000),
        *(({"rotation_period_ms": junk, "rotation_period_msgs": junk}, 7 * 86_400.0, 100) for junk in HOSTILE[:6]),
    ],
)
async def test_keys_are_rotated_as_the_room_asks_within_bounds(
    rooms: RoomStates, server: FakeHomeserver, asked: dict[str, Any], period_s: float, messages: int
) -> None:
    """Neither for each message a key, nor one for ever."""
    server.answers("GET", ENCRYPTION, Answer(body=MEGOLM | asked))
    room = await rooms.encrypted_room(HERE)
    assert room is not None
    assert (room.rotation_period_s, room.rotation_messages) == (period_s, messages)


@pytest.mark.parametrize("junk", HOSTILE)
async def test_junk_in_a_room_raises_nothing_and_says_nothing(
    rooms: RoomStates, server: FakeHomeserver, junk: Any
) -> None:
    """Encrypted it is all the same."""
    for path_end, key in (
        (ENCRYPTION, "algorithm"),
        (MEMBERS, "joined"),
        (INVITED, "chunk"),
        (LEVELS, "users"),
        (CREATE, "content"),
        (VISIBILITY, "history_visibility"),
    ):
        server.answers("GET", path_end, Answer(body={key: junk}))
    assert await rooms.encrypted_room(HERE) == EncryptedRoom(HERE, frozenset())
    assert await rooms.members(HERE) == {}
    assert await rooms.power_level(HERE, MARC) == 0
    server.answers("GET", INVITED, Answer(body={"chunk": [junk, {"state_key": junk}, {"content": junk}]}))
    rooms.deaf()
    assert await rooms.encrypted_room(HERE) == EncryptedRoom(HERE, frozenset())


async def test_nothing_is_asked_again_until_something_is_heard(rooms: RoomStates, server: FakeHomeserver) -> None:
    """And then only what it changes."""
    for _ in range(3):
        await rooms.encrypted_room(HERE)
        await rooms.members(HERE)
        await rooms.power_level(HERE, MARC)
    asked = [request.path for request in server.requests]
    assert len(asked) == len(set(asked)) == 6
    rooms.heard(RoomId("!other"), "m.room.member", CLAIRE)
    rooms.heard(HERE, "m.room.name")
    rooms.heard(HERE, "m.room.power_levels", "not the one")
    rooms.heard(HERE, "m.room.member", MARC)
    await rooms.encrypted_room(HERE)
    await rooms.power_level(HERE, MARC)
    assert sorted(request.path.split(ROOM[-4:])[-1] for request in server.requests[6:]) == [MEMBERS, INVITED]
    rooms.heard(HERE, "m.room.power_levels")
    await rooms.power_level(HERE, MARC)
    assert [request.path.endswith(LEVELS) for request in server.requests[8:]] == [True]


async def test_everything_is_asked_again_after_a_while(rooms: RoomStates, server: FakeHomeserver, clock: Clock) -> None:
    """Should an event not have come."""
    await rooms.members(HERE)
    clock.now_s += 601
    await rooms.members(HERE)
    assert len(server.asked("GET", MEMBERS)) == 2


@pytest.mark.parametrize("what", ["deaf", "deaf there", "own membership"])
async def test_everything_is_asked_again_after_the_bot_was_deaf_or_away(
    rooms: RoomStates, server: FakeHomeserver, what: str
) -> None:
    """For it has heard nothing of what happened."""
    await rooms.members(HERE)
    await rooms.power_level(HERE, MARC)
    if what == "own membership":
        rooms.heard(HERE, "m.room.member", ME)
    else:
        rooms.deaf(HERE if what == "deaf there" else None)
    await rooms.members(HERE)
    await rooms.power_level(HERE, MARC)
    assert [len(server.asked("GET", path_end)) for path_end in (MEMBERS, LEVELS, CREATE)] == [2, 2, 2]


async def test_an_encrypted_room_stays_encrypted(rooms: RoomStates, server: FakeHomeserver, clock: Clock) -> None:
    """Whatever the homeserver says later, and whoever was deaf."""
    assert await rooms.is_encrypted(HERE)
    without_encryption(server)
    rooms.deaf()
    clock.now_s += 10_000
    assert await rooms.is_encrypted(HERE)
    assert await rooms.encrypted_room(HERE) is not None


async def test_a_room_is_encrypted_from_the_moment_that_is_heard(rooms: RoomStates, server: FakeHomeserver) -> None:
    """Also when the homeserver has just said otherwise, and says so again."""
    without_encryption(server)
    assert not await rooms.is_encrypted(HERE)
    assert await rooms.encrypted_room(HERE) is None
    rooms.heard(HERE, "m.room.encryption", "not the one")
    assert not await rooms.is_encrypted(HERE)
    rooms.heard(HERE, "m.room.encryption")
    assert await rooms.is_encrypted(HERE)
    assert await rooms.encrypted_room(HERE) is not None


async def test_a_room_that_turns_encrypted_while_it_is_asked_about_is_so(
    rooms: RoomStates, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was heard counts, whatever the answer of before says."""

    async def answers_too_late(_wire: Wire, *_: object, **__: object) -> dict[str, Any]:
        rooms.heard(HERE, "m.room.encryption")
        raise NotFound("M_NOT_FOUND")

    monkeypatch.setattr(Wire, "request", answers_too_late)
    assert await rooms.is_encrypted(HERE)


async def test_a_room_without_encryption_is_believed_for_a_minute(
    rooms: RoomStates, server: FakeHomeserver, clock: Clock
) -> None:
    """To be wrong longer than that would be plaintext."""
    without_encryption(server)
    assert not await rooms.is_encrypted(HERE)
    clock.now_s += 59
    server.answers("GET", ENCRYPTION, Answer(body=MEGOLM))
    assert not await rooms.is_encrypted(HERE)
    clock.now_s += 2
    assert await rooms.is_encrypted(HERE)


@pytest.mark.parametrize("answer", [PROXY_PAGE, Answer(403, {"errcode": "M_FORBIDDEN"})])
async def test_what_cannot_be_known_is_no_room_without_encryption(
    rooms: RoomStates, server: FakeHomeserver, answer: Answer
) -> None:
    """It is an error, each time."""
    server.answers("GET", ENCRYPTION, answer)
    for _ in range(2):
        with pytest.raises((HomeserverFault, Forbidden)):
            await rooms.is_encrypted(HERE)
        with pytest.raises((HomeserverFault, Forbidden)):
            await rooms.encrypted_room(HERE)


async def test_the_creator_of_a_room_of_version_12_stands_above_all(rooms: RoomStates, server: FakeHomeserver) -> None:
    """Though no power levels name them."""
    server.answers("GET", CREATE, Answer(body={"sender": CLAIRE, "content": {"room_version": "12"}}))
    server.answers("GET", LEVELS, Answer(body={"users": {MARC: 100}}))
    assert await rooms.power_level(HERE, UserId(CLAIRE)) == CREATOR_LEVEL
    assert await rooms.power_level(HERE, MARC) == 100
    assert server.asked("GET", CREATE)[0].query["format"] == "event"


async def test_large_rooms_are_not_all_remembered(server: FakeHomeserver) -> None:
    """Nor is what somebody has put into the power levels."""
    people = {f"@user{number}:tchap.test": {"display_name": "x"} for number in range(50)}
    server.answers("GET", MEMBERS, Answer(body={"joined": people}))
    server.answers("GET", LEVELS, Answer(body={"users": dict.fromkeys(people, 1), "junk": "x" * 50_000}))
    async with Wire(server.settings(), Acting(ME, "token")) as wire:
        rooms = RoomStates(wire, ME, most_parts=300)
        for number in range(20):
            await rooms.members(RoomId(f"!{number}"))
        for number in range(20):
            await rooms.members(RoomId(f"!{number}"))
        assert len(server.asked("GET", MEMBERS)) == 40
        for _ in range(2):
            await rooms.members(RoomId("!19"))
        assert len(server.asked("GET", MEMBERS)) == 40
        await rooms.power_level(RoomId("!19"), ME)
        await rooms.members(RoomId("!19"))
        assert len(server.asked("GET", MEMBERS)) == 41
