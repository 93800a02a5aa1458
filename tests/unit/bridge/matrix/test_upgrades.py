"""Following rooms into their successors: only true ones, each once, whatever fails or restarts in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine
from structlog.testing import capture_logs

from bridge.matrix.backoff import Backoff
from bridge.matrix.errors import Forbidden, HomeserverFault, HomeserverUnreachable
from bridge.matrix.ids import RoomId, UserId
from bridge.matrix.tombstones import Upgrade
from bridge.matrix.upgrades import IN_THE_CLEAR, JOINS_AT_ONCE, Upgrades
from tests.fakes.replaced_rooms import ReplacedRooms
from tests.fakes.waiting import until

OLD = RoomId("!old:tchap.test")
NEW = RoomId("!new")
NEWER = RoomId("!newer")
CLAIRE = UserId("@claire:ext.test:8448")


class Bot:
    """A bot that follows its rooms, and remembers where it was told that they are now."""

    def __init__(self, engine: AsyncEngine, rooms: ReplacedRooms) -> None:
        self.moves: list[tuple[RoomId, RoomId]] = []
        self.failures: list[BaseException] = []
        """What it raises when it is told, one at each time."""
        self.upgrades = Upgrades(engine, rooms, self._moved, backoff=Backoff(first_s=0.01, most_s=0.02))
        self._engine = engine

    async def hears(self, *heard: Upgrade) -> None:
        """These come in, as with an answer of the homeserver."""
        async with self._engine.begin() as connection:
            await self.upgrades.store(connection, heard)
        self.upgrades.wake(heard)

    async def _moved(self, old: RoomId, successor: RoomId) -> None:
        self.moves.append((old, successor))
        if self.failures:
            raise self.failures.pop(0)


def upgrade(old: RoomId = OLD, successor: RoomId = NEW) -> Upgrade:
    """Claire says that a room was replaced."""
    return Upgrade(old, successor, CLAIRE)


def tombstone(successor: RoomId) -> dict[str, Any]:
    """A room's own word that it was replaced."""
    content = {"replacement_room": successor}
    return {"type": "m.room.tombstone", "state_key": "", "sender": CLAIRE, "content": content}


@pytest.fixture
def rooms() -> ReplacedRooms:
    """A room that the bot is in, and its successor, into which everyone may come."""
    rooms = ReplacedRooms(OLD)
    rooms.predecessors[NEW] = {"room_id": OLD, "event_id": "$last"}
    rooms.open.add(NEW)
    return rooms


@pytest.fixture
def bot(engine: AsyncEngine, rooms: ReplacedRooms) -> Bot:
    """A bot."""
    return Bot(engine, rooms)


@asynccontextmanager
async def following(bot: Bot) -> AsyncIterator[None]:
    """It follows, until the block ends; nothing but that may end it."""
    task = asyncio.create_task(bot.upgrades.run())
    try:
        yield
        assert not task.done()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def nothing_more(bot: Bot) -> None:
    """What waits now has been looked at."""
    await asyncio.sleep(0.2)
    assert bot.upgrades._woken.empty()


async def test_a_room_is_followed_into_its_successor(bot: Bot, rooms: ReplacedRooms) -> None:
    """By the homeserver of whoever replaced it; the bot stays in the old one, where its history is."""
    async with following(bot):
        await bot.hears(upgrade())
        await until(lambda: bot.moves)
        await nothing_more(bot)
    assert bot.moves == [(OLD, NEW)]
    assert rooms.joined == {OLD, NEW}
    assert rooms.via == ["ext.test:8448"]


async def test_the_same_again_is_nothing_new(bot: Bot, engine: AsyncEngine, rooms: ReplacedRooms) -> None:
    """Heard twice, in one process or in the next."""
    async with following(bot):
        await bot.hears(upgrade(), upgrade())
        await until(lambda: bot.moves)
        await bot.hears(upgrade())
        await nothing_more(bot)
    later = Bot(engine, rooms)
    async with following(later):
        await later.hears(upgrade())
        await nothing_more(later)
    assert bot.moves == [(OLD, NEW)]
    assert later.moves == []


async def test_what_was_heard_is_followed_by_the_next_process(
    bot: Bot, engine: AsyncEngine, rooms: ReplacedRooms
) -> None:
    """Stored is enough."""
    await bot.hears(upgrade())
    later = Bot(engine, rooms)
    async with following(later):
        await until(lambda: later.moves)
    assert later.moves == [(OLD, NEW)]


async def test_a_batch_that_is_not_stored_is_not_followed(bot: Bot, engine: AsyncEngine, rooms: ReplacedRooms) -> None:
    """It is in the transaction of what else was heard."""
    async with engine.connect() as connection, connection.begin() as transaction:
        await bot.upgrades.store(connection, [upgrade()])
        await transaction.rollback()
    async with following(bot):
        await nothing_more(bot)
    assert rooms.via == []


async def test_a_move_that_was_cut_off_is_told_again(bot: Bot, engine: AsyncEngine, rooms: ReplacedRooms) -> None:
    """By the next process: this one died in the middle of it."""
    bot.failures = [asyncio.CancelledError()]
    async with following(bot):
        await bot.hears(upgrade())
        await until(lambda: bot.moves)
    later = Bot(engine, rooms)
    async with following(later):
        await until(lambda: later.moves)
    assert len(rooms.via) == 1


@pytest.mark.parametrize(
    "failure", [HomeserverUnreachable("away"), HomeserverFault("502"), OperationalError("SELECT", {}, Exception())]
)
async def test_a_move_that_fails_is_tried_again(bot: Bot, failure: Exception) -> None:
    """Until it has succeeded."""
    bot.failures = [failure] * 3
    async with following(bot):
        await bot.hears(upgrade())
        await until(lambda: len(bot.moves) == 4)
        await nothing_more(bot)


async def test_a_homeserver_that_is_away_is_waited_for(bot: Bot, rooms: ReplacedRooms) -> None:
    """With one sentence."""
    rooms.failures = [HomeserverUnreachable("away")] * 5
    with capture_logs() as logs:
        async with following(bot):
            await bot.hears(upgrade())
            await until(lambda: bot.moves)
    assert len([entry for entry in logs if entry["log_level"] == "error"]) == 1


async def test_a_fault_of_ours_in_one_room_leaves_the_others(bot: Bot, rooms: ReplacedRooms) -> None:
    """It is logged, and tried again at the next start."""
    other, successor = RoomId("!other:tchap.test"), RoomId("!other-new")
    rooms.predecessors[successor] = {"room_id": other}
    rooms.open.add(successor)
    bot.failures = [ZeroDivisionError()]
    with capture_logs() as logs:
        async with following(bot):
            await bot.hears(upgrade())
            await until(lambda: bot.moves)
            await bot.hears(upgrade(other, successor))
            await until(lambda: (other, successor) in bot.moves)
    assert [entry["log_level"] for entry in logs if entry.get("exc_info")] == ["error"]


async def test_a_closed_successor_is_entered_when_the_bot_is_invited(bot: Bot, rooms: ReplacedRooms) -> None:
    """Whoever invites it there is judged as anybody."""
    rooms.open.clear()
    async with following(bot):
        await bot.hears(upgrade())
        await until(lambda: rooms.via)
        await nothing_more(bot)
        assert bot.moves == []
        await bot.upgrades.arrived(RoomId("!elsewhere"))
        await nothing_more(bot)
        assert len(rooms.via) == 1
        rooms.joined.add(NEW)  # the invitation was accepted
        await bot.upgrades.arrived(NEW)
        await until(lambda: bot.moves)
    assert bot.moves == [(OLD, NEW)]
    assert len(rooms.via) == 1


async def test_a_refusal_is_not_tried_again_and_again(bot: Bot, engine: AsyncEngine, rooms: ReplacedRooms) -> None:
    """Only at the next start: it may have been opened meanwhile."""
    rooms.open.clear()
    async with following(bot):
        await bot.hears(upgrade())
        await until(lambda: rooms.via)
        await nothing_more(bot)  # what is stored just as it begins to follow may be found twice
        before = len(rooms.via)
        await bot.hears(upgrade(RoomId("!other:tchap.test"), RoomId("!other-new")))
        await nothing_more(bot)
    assert len(rooms.via) == before + 1
    rooms.open.add(NEW)
    later = Bot(engine, rooms)
    async with following(later):
        await until(lambda: later.moves)


@pytest.mark.parametrize("predecessor", [None, "!old:tchap.test", {}, {"room_id": "!another:tchap.test"}, []])
async def test_a_room_that_does_not_call_itself_the_successor_is_left(
    bot: Bot, rooms: ReplacedRooms, predecessor: object
) -> None:
    """A moderator cannot send the bot, and what it says, into somebody else's room."""
    rooms.predecessors[NEW] = predecessor
    async with following(bot):
        await bot.hears(upgrade())
        await until(lambda: rooms.left)
        await nothing_more(bot)
        assert bot.moves == []
        await bot.upgrades.arrived(NEW)
        await nothing_more(bot)
    assert rooms.left == [NEW]
    assert bot.moves == []


async def test_a_room_in_which_the_bot_is_already_is_not_left_for_not_being_a_successor(
    bot: Bot, rooms: ReplacedRooms
) -> None:
    """Whoever names it may have no say there."""
    rooms.joined.add(NEW)
    rooms.predecessors[NEW] = {"room_id": "!another:tchap.test"}
    with capture_logs() as logs:
        async with following(bot):
            await bot.hears(upgrade())
            await until(lambda: logs)
            await nothing_more(bot)
    assert rooms.joined == {OLD, NEW}
    assert bot.moves == []


async def test_an_encrypted_room_is_not_followed_into_one_without_encryption(bot: Bot, rooms: ReplacedRooms) -> None:
    """What was said there would go on in the clear; once the successor is encrypted, an invitation brings the bot."""
    rooms.encrypted.add(OLD)
    with capture_logs() as logs:
        async with following(bot):
            await bot.hears(upgrade())
            await until(lambda: rooms.left)
            await nothing_more(bot)
            assert bot.moves == []
            rooms.joined.add(NEW)  # invited, and still in the clear
            await bot.upgrades.arrived(NEW)
            await nothing_more(bot)
            assert bot.moves == []
            rooms.encrypted.add(NEW)
            await bot.upgrades.arrived(NEW)
            await until(lambda: bot.moves)
    assert bot.moves == [(OLD, NEW)]
    assert rooms.left == [NEW]
    assert [entry["event"] for entry in logs if entry["log_level"] == "warning"] == [IN_THE_CLEAR] * 2


async def test_a_room_without_encryption_is_followed_into_an_encrypted_one(bot: Bot, rooms: ReplacedRooms) -> None:
    """Nothing is lost by that."""
    rooms.encrypted.add(NEW)
    async with following(bot):
        await bot.hears(upgrade())
        await until(lambda: bot.moves)
    assert rooms.left == []


async def test_a_successor_that_was_replaced_before_the_bot_came_is_left_behind_as_well(
    bot: Bot, rooms: ReplacedRooms
) -> None:
    """Nothing is heard of what happened in a room before one was there."""
    rooms.tombstones[NEW] = tombstone(NEWER)
    rooms.predecessors[NEWER] = {"room_id": NEW}
    rooms.open.add(NEWER)
    async with following(bot):
        await bot.hears(upgrade())
        await until(lambda: len(bot.moves) == 2)
    assert bot.moves == [(OLD, NEW), (NEW, NEWER)]


async def test_a_homeserver_that_fails_just_then_does_not_hide_that_the_successor_was_replaced(
    bot: Bot, rooms: ReplacedRooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is asked again, and the bot told again, until that is known."""
    rooms.tombstones[NEW] = tombstone(NEWER)
    rooms.predecessors[NEWER] = {"room_id": NEW}
    rooms.open.add(NEWER)
    read, failures = rooms.state_event, [HomeserverUnreachable("away")] * 2

    async def fails(room_id: RoomId, event_type: str) -> dict[str, Any] | None:
        if event_type == "m.room.tombstone" and failures:
            raise failures.pop()
        return await read(room_id, event_type)

    monkeypatch.setattr(rooms, "state_event", fails)
    async with following(bot):
        await bot.hears(upgrade())
        await until(lambda: (NEW, NEWER) in bot.moves)


async def test_rooms_that_replace_each_other_in_a_circle_are_gone_round_once(bot: Bot, rooms: ReplacedRooms) -> None:
    """Ids of old room versions are the homeserver's choice, so that two rooms can be made to name each other."""
    rooms.predecessors[OLD] = {"room_id": NEW}
    rooms.tombstones |= {NEW: tombstone(OLD), OLD: tombstone(NEW)}
    async with following(bot):
        await bot.hears(upgrade())
        await until(lambda: len(bot.moves) == 2)
        await bot.hears(upgrade(), upgrade(NEW, OLD))
        await nothing_more(bot)
    assert bot.moves == [(OLD, NEW), (NEW, OLD)]


async def test_a_room_that_is_replaced_anew_is_followed_there(bot: Bot, rooms: ReplacedRooms) -> None:
    """The first successor had failed."""
    rooms.predecessors[NEWER] = {"room_id": OLD}
    rooms.open.add(NEWER)
    async with following(bot):
        await bot.hears(upgrade())
        await until(lambda: bot.moves)
        await bot.hears(upgrade(OLD, NEWER))
        await until(lambda: len(bot.moves) == 2)
    assert bot.moves == [(OLD, NEW), (OLD, NEWER)]


async def test_a_successor_that_cannot_be_reached_gives_way_to_another(bot: Bot, rooms: ReplacedRooms) -> None:
    """Its homeserver is away, perhaps for good."""
    rooms.predecessors[NEWER] = {"room_id": OLD}
    rooms.open = {NEWER}
    rooms.failures = [HomeserverFault("502")] * 20
    async with following(bot):
        await bot.hears(upgrade())
        await until(lambda: len(rooms.failures) < 20)
        await bot.hears(upgrade(OLD, NEWER))
        await until(lambda: bot.moves)
    assert bot.moves == [(OLD, NEWER)]


async def test_a_bot_that_is_put_out_of_the_successor_at_once_waits_to_be_invited(
    bot: Bot, rooms: ReplacedRooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It cannot even read what the room is."""
    read = rooms.state_event

    async def refuses(_room_id: RoomId, _event_type: str) -> dict[str, Any] | None:
        raise Forbidden("You are not in this room.")

    async with following(bot):
        monkeypatch.setattr(rooms, "state_event", refuses)
        await bot.hears(upgrade())
        await until(lambda: rooms.via)
        await nothing_more(bot)
        assert bot.moves == []
        monkeypatch.setattr(rooms, "state_event", read)
        await bot.upgrades.arrived(NEW)
        await until(lambda: bot.moves)


async def test_few_rooms_are_joined_at_a_time(bot: Bot, rooms: ReplacedRooms) -> None:
    """Joining is work for several homeservers; all come to their turn."""
    many = [(RoomId(f"!old{n}:tchap.test"), RoomId(f"!new{n}")) for n in range(3 * JOINS_AT_ONCE)]
    for old, new in many:
        rooms.predecessors[new] = {"room_id": old}
        rooms.open.add(new)
    rooms.may_join.clear()
    async with following(bot):
        await bot.hears(*(upgrade(old, new) for old, new in many))
        await until(lambda: rooms.joining == JOINS_AT_ONCE)
        rooms.may_join.set()
        await until(lambda: len(bot.moves) == len(many))
    assert rooms.most_joining == JOINS_AT_ONCE
