"""Remembering answers: until something is heard, within bounds, and never one of before."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from bridge.matrix.ids import RoomId
from bridge.matrix.remembered import Remembered

ROOM = RoomId("!budget:tchap.test")
OTHER = RoomId("!other:tchap.test")


class Oracle:
    """Answers the number of the question, and counts."""

    def __init__(self) -> None:
        self.asked = 0

    async def __call__(self) -> int:
        """One more question."""
        self.asked += 1
        return self.asked


def one(_: object) -> int:
    """Each answer is of one part, and counts as two."""
    return 1


async def told(known: Remembered, ask: Callable[[], Awaitable[int]], room: RoomId = ROOM, subject: str = "m") -> int:
    """What is known, asked for where it is not."""
    return await known.get(room, subject, ask, valid_s=60, parts=one)


async def test_the_same_is_not_asked_twice() -> None:
    """Of one room and one subject."""
    known, oracle = Remembered(), Oracle()
    assert [await told(known, oracle) for _ in range(3)] == [1, 1, 1]
    assert await told(known, oracle, OTHER) == 2
    assert await told(known, oracle, subject="levels") == 3


async def test_an_answer_is_believed_for_a_while() -> None:
    """However quiet it is."""
    now_s = 0.0
    known, oracle = Remembered(clock=lambda: now_s), Oracle()
    assert await told(known, oracle) == 1
    now_s = 59.9
    assert await told(known, oracle) == 1
    now_s = 60.1
    assert await told(known, oracle) == 2


async def test_what_is_in_doubt_is_asked_for_anew() -> None:
    """One subject of a room, a room, or everything."""
    known, oracle = Remembered(), Oracle()
    await told(known, oracle)
    await told(known, oracle, OTHER)
    known.doubt(ROOM, "m", "other subject")
    assert [await told(known, oracle, room) for room in (ROOM, OTHER)] == [3, 2]
    known.doubt_all(ROOM)
    assert [await told(known, oracle, room) for room in (ROOM, OTHER)] == [4, 2]
    known.doubt_all()
    assert [await told(known, oracle, room) for room in (ROOM, OTHER)] == [5, 6]


@pytest.mark.parametrize("everything", [False, True])
async def test_an_answer_that_was_on_its_way_is_not_taken_for_what_is(everything: bool) -> None:
    """Something was heard after it was asked for: it may be of before, for whoever asked first or meanwhile."""
    known, answer = Remembered(), asyncio.Event()
    oracle = Oracle()

    async def slow() -> int:
        number = await oracle()
        await answer.wait()
        return number

    async with asyncio.timeout(5):
        first = asyncio.create_task(told(known, slow))
        second = asyncio.create_task(told(known, slow))
        await asyncio.sleep(0)
        assert oracle.asked == 2
        known.doubt_all() if everything else known.doubt(ROOM, "m")
        answer.set()
        assert min(await first, await second) > 2
        assert await told(known, slow) > 2


async def test_one_who_asks_beside_another_gets_no_doubtful_answer_either() -> None:
    """The first has its answer, then something is heard, then the second has one that is as old."""
    known, release = Remembered(), asyncio.Event()
    oracle = Oracle()

    async def slow() -> int:
        number = await oracle()
        await release.wait()
        return number

    second = asyncio.create_task(told(known, slow))
    await asyncio.sleep(0)
    assert await told(known, oracle) == 2
    known.doubt(ROOM, "m")
    release.set()
    assert await second == 3
    assert await told(known, oracle) == 3


async def test_a_room_in_which_something_always_happens_gives_an_answer_all_the_same() -> None:
    """It is not remembered."""
    known, oracle = Remembered(), Oracle()

    async def busy() -> int:
        known.doubt(ROOM, "m")
        return await oracle()

    assert await told(known, busy) == 3
    assert await told(known, oracle) == 4


async def test_an_error_is_not_remembered() -> None:
    """Whoever asks next gets an answer."""
    known, oracle = Remembered(), Oracle()

    async def fails() -> int:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        await told(known, fails)
    assert await told(known, oracle) == 1


async def test_what_was_not_used_for_longest_goes_first() -> None:
    """As much is kept as has been said, counted in parts, and the newest always is."""
    known, oracle = Remembered(most_parts=5), Oracle()
    third = RoomId("!third:tchap.test")
    assert [await told(known, oracle, room) for room in (ROOM, OTHER, ROOM, third)] == [1, 2, 1, 3]
    assert [await told(known, oracle, room) for room in (ROOM, third, OTHER)] == [1, 3, 4]
    assert await known.get(OTHER, "huge", oracle, valid_s=60, parts=lambda _: 1000) == 5
    assert await known.get(OTHER, "huge", oracle, valid_s=60, parts=lambda _: 1000) == 5
    assert await told(known, oracle, third) == 6
