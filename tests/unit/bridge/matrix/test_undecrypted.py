"""When a room may be told anew that it cannot be read; the rest of what waits for its key is tested with the intake."""

from __future__ import annotations

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bridge.matrix.ids import RoomId
from bridge.matrix.told import Told as ToldRooms
from bridge.matrix.undecrypted import TOLD_AGAIN_AFTER_S, UNREADABLE, Settled, Undecrypted
from tests.fakes.keys import Told
from tests.fakes.matrix import ROOM

HERE = RoomId(ROOM)


@pytest.mark.parametrize(("later_s", "may_be_told"), [(60.0, False), (TOLD_AGAIN_AFTER_S, True)])
async def test_a_room_of_which_something_can_be_read_again_is_told_anew_after_a_day(
    engine: AsyncEngine, later_s: float, *, may_be_told: bool
) -> None:
    """Not at each turn of two people who talk, one of whom the bot can read."""
    now_s = 1_000_000.0
    told = ToldRooms(engine, clock=lambda: now_s)
    await told.note(HERE, [UNREADABLE])
    undecrypted = Undecrypted(engine, Told(), max_age_s=600, clock=lambda: now_s)
    await undecrypted.load()
    now_s += later_s
    settled = Settled(readable={HERE})
    assert undecrypted.changes(settled) is may_be_told
    async with engine.begin() as connection:
        await undecrypted.write(connection, settled)
    undecrypted.stored(settled)
    assert await told.untold(HERE, [UNREADABLE]) == ([UNREADABLE] if may_be_told else [])
    assert not undecrypted.changes(settled)


async def test_a_room_of_which_nothing_can_be_read_is_not_told_anew(engine: AsyncEngine) -> None:
    """However long it lasts."""
    told = ToldRooms(engine, clock=lambda: 0.0)
    await told.note(HERE, [UNREADABLE])
    undecrypted = Undecrypted(engine, Told(), max_age_s=600)
    await undecrypted.load()
    assert not undecrypted.changes(Settled(readable={RoomId("!other:tchap.test")}))
    assert await told.untold(HERE, [UNREADABLE]) == []
