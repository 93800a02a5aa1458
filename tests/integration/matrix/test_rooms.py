"""What is known of rooms, on the real homeserver: true at once when something changes there."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from bridge.matrix.errors import Forbidden
from bridge.matrix.homeserver import Homeserver
from bridge.matrix.ids import RoomId, UserId
from bridge.matrix.rooms import SEEN_STATE, RoomStates
from bridge.matrix.wire import Acting, Wire
from config.models import Matrix
from tests.stack.people import MatrixPerson

_FILTER = {"room": {"state": {"types": list(SEEN_STATE)}, "timeline": {"types": list(SEEN_STATE)}}}


class Ear:
    """Listens to what happens in rooms, and says so to what is known of them."""

    def __init__(self, wire: Wire, rooms: RoomStates) -> None:
        self._wire = wire
        self._rooms = rooms
        self._since: str | None = None

    async def listen(self) -> None:
        """Hear what has happened since the last time."""
        query = {"filter": json.dumps(_FILTER), "timeout": "0"} | ({"since": self._since} if self._since else {})
        answer = await self._wire.request("GET", "listening", ("sync",), query=query)
        self._since = answer["next_batch"]
        rooms = answer.get("rooms", {})
        for room_id, room in [*rooms.get("join", {}).items(), *rooms.get("leave", {}).items()]:
            for event in [*room["state"]["events"], *room["timeline"]["events"]]:
                self._rooms.heard(RoomId(room_id), event["type"], event["state_key"])


@pytest_asyncio.fixture
async def wire(homeserver: Homeserver, settings: Matrix) -> AsyncIterator[Wire]:
    """The homeserver's API, as the bot."""
    assert settings.as_token is not None
    token = settings.as_token.get_secret_value()
    async with Wire(settings, Acting(homeserver.user_id, token, is_masquerading=True)) as wire:
        yield wire


@pytest.fixture
def rooms(wire: Wire, homeserver: Homeserver) -> RoomStates:
    """What the bot knows of its rooms, which it believes for ten minutes."""
    return RoomStates(wire, homeserver.user_id)


@pytest_asyncio.fixture
async def ear(wire: Wire, rooms: RoomStates) -> Ear:
    """It has heard all that was so far."""
    ear = Ear(wire, rooms)
    await ear.listen()
    return ear


async def room_with_bot(claire: MatrixPerson, homeserver: Homeserver, *, encrypted: bool = False) -> RoomId:
    """A room of Claire's that the bot is in."""
    room_id = RoomId(await claire.create_room("Budget", encrypted=encrypted))
    await claire.invite(room_id, homeserver.user_id)
    await homeserver.join(room_id)
    return room_id


async def readers(rooms: RoomStates, room_id: RoomId) -> frozenset[UserId]:
    """Who is to be able to read in an encrypted room."""
    room = await rooms.encrypted_room(room_id)
    assert room is not None
    return room.readers


async def changed(person: MatrixPerson, room_id: RoomId, user: str, level: int) -> None:
    """Give a user a power level."""
    levels: dict[str, Any] = await person.state(room_id, "m.room.power_levels")
    levels["users"][user] = level
    await person.set_state(room_id, "m.room.power_levels", levels)


async def test_who_reads_in_an_encrypted_room_follows_its_members(
    rooms: RoomStates, ear: Ear, homeserver: Homeserver, claire: MatrixPerson, marc: MatrixPerson
) -> None:
    """Invited, come in, gone: known with the next thing that is heard, and asked for only then."""
    room_id = await room_with_bot(claire, homeserver, encrypted=True)
    await ear.listen()
    two = {homeserver.user_id, claire.user_id}
    assert await readers(rooms, room_id) == two
    await claire.invite(room_id, marc.user_id)
    assert await readers(rooms, room_id) == two, "nothing was heard yet"
    await ear.listen()
    assert await readers(rooms, room_id) == two | {marc.user_id}
    await marc.join(room_id)
    await ear.listen()
    assert await readers(rooms, room_id) == two | {marc.user_id}
    assert (await rooms.members(room_id))[UserId(marc.user_id)] == "Marc"
    await claire.kick(room_id, marc.user_id)
    await ear.listen()
    assert await readers(rooms, room_id) == two


async def test_who_is_only_invited_does_not_read_where_history_begins_with_joining(
    rooms: RoomStates, ear: Ear, homeserver: Homeserver, claire: MatrixPerson, marc: MatrixPerson
) -> None:
    """From the moment the room says so."""
    room_id = await room_with_bot(claire, homeserver, encrypted=True)
    await claire.invite(room_id, marc.user_id)
    await ear.listen()
    assert marc.user_id in await readers(rooms, room_id)
    await claire.set_state(room_id, "m.room.history_visibility", {"history_visibility": "joined"})
    await ear.listen()
    assert marc.user_id not in await readers(rooms, room_id)


async def test_a_room_that_turns_encrypted_is_so_at_once(
    rooms: RoomStates, ear: Ear, homeserver: Homeserver, claire: MatrixPerson
) -> None:
    """With the rotation that it asks for."""
    room_id = await room_with_bot(claire, homeserver)
    assert await rooms.encrypted_room(room_id) is None
    rotation = {"rotation_period_ms": 7_200_000, "rotation_period_msgs": 7}
    await claire.set_state(room_id, "m.room.encryption", {"algorithm": "m.megolm.v1.aes-sha2"} | rotation)
    await ear.listen()
    room = await rooms.encrypted_room(room_id)
    assert room is not None
    assert (room.rotation_period_s, room.rotation_messages) == (7200, 7)


async def test_power_levels_are_those_that_were_heard_last(
    rooms: RoomStates, ear: Ear, homeserver: Homeserver, claire: MatrixPerson, marc: MatrixPerson
) -> None:
    """The creator's, somebody's who was given one, and nobody's."""
    room_id = await room_with_bot(claire, homeserver)
    await ear.listen()
    assert await rooms.power_level(room_id, UserId(claire.user_id)) == 100
    assert await rooms.power_level(room_id, UserId(marc.user_id)) == 0
    await changed(claire, room_id, marc.user_id, 50)
    await ear.listen()
    assert await rooms.power_level(room_id, UserId(marc.user_id)) == 50


async def test_nothing_is_known_of_a_room_that_the_bot_was_put_out_of(
    rooms: RoomStates, ear: Ear, homeserver: Homeserver, claire: MatrixPerson
) -> None:
    """What was remembered is forgotten; back in it, everything is asked for anew."""
    room_id = await room_with_bot(claire, homeserver)
    await ear.listen()
    await rooms.members(room_id)
    await claire.kick(room_id, homeserver.user_id)
    await ear.listen()
    with pytest.raises(Forbidden):
        await rooms.members(room_id)
    await claire.invite(room_id, homeserver.user_id)
    await homeserver.join(room_id)
    await ear.listen()
    assert len(await rooms.members(room_id)) == 2


async def test_where_rooms_are_pushed_changes_of_them_are_heard_all_the_same(
    homeserver: Homeserver, claire: MatrixPerson
) -> None:
    """And nothing that is said there; a push may fail, and a room be encrypted meanwhile."""
    room_id = await room_with_bot(claire, homeserver)
    since = (await homeserver.sync(None, wait_s=0, keys_alone=True)).next_batch
    await claire.send_text(room_id, "Bonjour")
    await claire.set_state(room_id, "m.room.encryption", {"algorithm": "m.megolm.v1.aes-sha2"})
    await claire.kick(room_id, homeserver.user_id)
    heard = await homeserver.sync(since, wait_s=10, keys_alone=True)
    assert room_id in heard.news.unknown
    await claire.invite(room_id, homeserver.user_id)
    await homeserver.join(room_id)
    since = (await homeserver.sync(heard.next_batch, wait_s=10, keys_alone=True)).next_batch
    await claire.send_text(room_id, "Bonjour")
    await claire.set_state(room_id, "m.room.history_visibility", {"history_visibility": "joined"})
    heard = await homeserver.sync(since, wait_s=10, keys_alone=True)
    assert [touched[1:] for touched in heard.news.touched] == [("m.room.history_visibility", "")]
    assert not any(timeline.heard for timeline in heard.news.timelines)
