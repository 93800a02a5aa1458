"""Posting: each message once under its own id, with patience where time may mend what is wrong."""

from __future__ import annotations

import asyncio
import random

import pytest

from bot.posting import LONGEST_WAIT_S, patiently, post, transaction_id
from bridge.matrix.errors import (
    Forbidden,
    HomeserverError,
    HomeserverFault,
    HomeserverUnreachable,
    RateLimited,
    RoomIsEncrypted,
    TokenRefused,
    TooLarge,
)
from bridge.matrix.ids import RoomId
from bridge.matrix.outbound import notice
from tests.fakes.rooms import FakeRooms
from tests.fakes.skipping_loop import without_waiting

ROOM = RoomId("!room:tchap.test")


def now_s() -> float:
    """The time on the loop's clock."""
    return asyncio.get_running_loop().time()


async def posted(rooms: FakeRooms, *, patience_s: float) -> float:
    """Post a message; returns how many seconds that took."""
    began_s = now_s()
    await post(rooms, ROOM, notice("Bonjour"), "txn", patience_s=patience_s)
    return now_s() - began_s


def test_a_transaction_id_is_the_name_of_a_message_and_of_no_other() -> None:
    """The same parts give the same id; other parts, also when joined alike, give another."""
    assert transaction_id("m-1", "card") == transaction_id("m-1", "card")
    ids = [transaction_id(*parts) for parts in [("m-1", "card"), ("m-1card",), ("m-1", "", "card"), ("m-", "1card")]]
    assert len(set(ids)) == 4
    assert all(len(txn_id) <= 64 and txn_id.isascii() and "/" not in txn_id for txn_id in ids)


@without_waiting
async def test_a_message_that_is_taken_is_sent_once_and_at_once() -> None:
    """The usual case."""
    rooms = FakeRooms()
    assert await posted(rooms, patience_s=0) < 0.5
    assert rooms.asked == ["txn"]


@pytest.mark.parametrize("error", [HomeserverUnreachable("away"), HomeserverFault("502"), TokenRefused("token")])
@without_waiting
async def test_what_time_may_mend_is_tried_again_under_the_same_id(error: HomeserverError) -> None:
    """Three failures, then it is there, once."""
    rooms = FakeRooms()
    rooms.failures.extend([error] * 3)
    assert 0.7 * 7 <= await posted(rooms, patience_s=60) <= 1.3 * 7 + 0.5
    assert rooms.asked == ["txn"] * 4
    assert len(rooms.sent) == 1


@without_waiting
async def test_a_rate_limit_is_waited_for_as_long_as_it_says() -> None:
    """No shorter, and not much longer."""
    rooms = FakeRooms()
    rooms.failures.append(RateLimited("slow down", retry_after_s=17))
    assert 17 <= await posted(rooms, patience_s=60) < 18


@without_waiting
async def test_a_rate_limit_beyond_the_patience_is_not_waited_for() -> None:
    """The caller learns of it at once."""
    rooms = FakeRooms()
    rooms.failures.append(RateLimited("slow down", retry_after_s=100))
    began_s = now_s()
    with pytest.raises(RateLimited):
        await posted(rooms, patience_s=60)
    assert now_s() - began_s < 1


@pytest.mark.parametrize("error", [Forbidden("not a member"), RoomIsEncrypted("encrypted"), TooLarge("too large")])
@without_waiting
async def test_a_refusal_is_not_tried_again(error: HomeserverError) -> None:
    """It would be the same."""
    rooms = FakeRooms()
    rooms.failures.append(error)
    with pytest.raises(type(error)):
        await posted(rooms, patience_s=3600)
    assert rooms.asked == ["txn"]


@without_waiting
async def test_patience_ends() -> None:
    """After the time that was given, not before half of it."""
    random.seed(1)  # in one run of a hundred, the wait that would end too late comes before half the time is over
    rooms = FakeRooms(refusing={ROOM: HomeserverUnreachable("away")})
    began_s = now_s()
    with pytest.raises(HomeserverUnreachable):
        await posted(rooms, patience_s=100)
    assert 50 < now_s() - began_s <= 100


@without_waiting
async def test_waits_grow_and_stay_bounded() -> None:
    """A day without a homeserver is some thousand tries at most, and it is found again within about a minute."""
    rooms = FakeRooms(refusing={ROOM: HomeserverUnreachable("away")})
    with pytest.raises(HomeserverUnreachable):
        await posted(rooms, patience_s=24 * 3600)
    assert 24 * 3600 / (LONGEST_WAIT_S * 1.3) <= len(rooms.asked) <= 24 * 3600 / (LONGEST_WAIT_S * 0.7) + 10


@without_waiting
async def test_an_error_of_our_own_is_not_taken_for_an_outage() -> None:
    """It is raised as it is."""

    async def broken() -> None:
        raise KeyError("bug")

    with pytest.raises(KeyError):
        await patiently(broken, patience_s=60)
