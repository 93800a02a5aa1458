"""What the bot's homeserver knows of rooms of another one, in the old versions of rooms and in the newest."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bridge.matrix.homeserver import Homeserver
from bridge.matrix.ids import RoomId, UserId, server_in
from bridge.matrix.power_levels import CREATOR_LEVEL
from bridge.matrix.rooms import RoomStates
from bridge.matrix.tombstones import Upgrade
from bridge.matrix.upgrades import Upgrades
from config.models import Matrix
from tests.fakes.matrix import Heard
from tests.integration.matrix.test_listener import bot_becomes, listening
from tests.integration.matrix.test_upgrades import Moves, replaced, running
from tests.stack.federation import Federation
from tests.stack.people import MatrixPerson

VERSIONS = pytest.mark.parametrize("version", ["10", "12"])


@VERSIONS
async def test_somebody_of_another_homeserver_invites_the_bot_and_is_heard(
    settings: Matrix, engine: AsyncEngine, claire: MatrixPerson, version: str
) -> None:
    """Her room is on her homeserver, and since version 12 its id names none."""
    heard = Heard()
    async with listening(settings, engine, heard):
        room_id = await claire.create_room("Budget", version=version)
        assert (server_in(room_id) is None) == (version == "12")
        await claire.invite(room_id, settings.bot_user_id)
        await bot_becomes(claire, room_id, settings, "join")
        await claire.send_text(room_id, "!visio Point budget")
        await heard.until("!visio Point budget")


@VERSIONS
async def test_names_and_power_levels_of_another_homeservers_users_are_known(
    homeserver: Homeserver, rooms: RoomStates, claire: MatrixPerson, marc: MatrixPerson, version: str
) -> None:
    """The creator stands above all since version 12, although no power levels name her."""
    room_id = RoomId(await claire.create_room("Budget", version=version))
    for user_id in (homeserver.user_id, marc.user_id):
        await claire.invite(room_id, user_id)
    await homeserver.join(room_id)
    await marc.join(room_id)
    assert await rooms.members(room_id) == {
        claire.user_id: "Claire Martin [Ailleurs]",
        marc.user_id: "Marc",
        homeserver.user_id: "Greffier",
    }
    levels = await claire.state(room_id, "m.room.power_levels")
    assert (claire.user_id in levels["users"]) == (version == "10")
    expected = CREATOR_LEVEL if version == "12" else 100
    assert await rooms.power_level(room_id, UserId(claire.user_id)) == expected
    assert await rooms.power_level(room_id, UserId(marc.user_id)) == 0


async def test_a_room_that_another_homeserver_replaces_is_followed(
    homeserver: Homeserver, engine: AsyncEngine, claire: MatrixPerson, federation: Federation
) -> None:
    """By way of the one who says so: nothing in the successor's id tells where it is."""
    moves = Moves()
    upgrades = Upgrades(engine, homeserver, moves)
    room_id = RoomId(await claire.create_room("Budget", kind="forum", version="10"))
    await claire.invite(room_id, homeserver.user_id)
    await homeserver.join(room_id)
    successor = await replaced(claire, room_id, "12")
    heard = Upgrade(room_id, successor, UserId(claire.user_id))
    assert server_in(successor) is None
    assert server_in(claire.user_id) == federation.away.server_name
    async with engine.begin() as connection:
        await upgrades.store(connection, [heard])
    async with running(upgrades), asyncio.timeout(60):
        assert await moves.next() == (room_id, successor)
    assert await homeserver.is_member(successor)
