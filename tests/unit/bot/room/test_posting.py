"""Posting: each message once under its own id, with patience where time may mend what is wrong."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.room.posting import BACKOFF, HONOURED_FOR, Posting, transaction_id
from bridge.matrix.errors import (
    Forbidden,
    HomeserverError,
    HomeserverFault,
    HomeserverUnreachable,
    NotFound,
    RateLimited,
    RoomIsEncrypted,
    TokenRefused,
    TooLarge,
)
from bridge.matrix.ids import EventId, RoomId
from bridge.matrix.outbound import edit_of, in_thread, notice
from tests.fakes.meetings import FakeMeetings
from tests.fakes.rooms import FakeRooms
from tests.fakes.skipping_loop import without_waiting
from tests.unit.bot.samples import OPENED_AT, a_meeting

DAY_S = 24 * 3600.0
MEETING = a_meeting()
ROOM = MEETING.room_id
SUCCESSOR = RoomId("!successor")
TXN = transaction_id(MEETING.id, "card")


def now_s() -> float:
    """The time on the loop's clock."""
    return asyncio.get_running_loop().time()


async def posted(rooms: FakeRooms, *, patience_s: float | None = None, at: datetime = OPENED_AT) -> float:
    """Post a message, `at` the time of a clock that goes on from there; returns how many seconds that took."""
    began_s = now_s()
    posting = Posting(rooms, FakeMeetings(), lambda: at + timedelta(seconds=now_s() - began_s))
    if patience_s is None:
        await posting.post(MEETING, "card", notice("Bonjour"))
    else:
        await posting.post(MEETING, "card", notice("Bonjour"), patience_s)
    return now_s() - began_s


def test_a_transaction_id_is_the_name_of_a_message_and_of_no_other() -> None:
    """The same parts give the same id; other parts, also when joined alike, give another."""
    assert transaction_id("m-1", "card") == transaction_id("m-1", "card")
    ids = [transaction_id(*parts) for parts in [("m-1", "card"), ("m-1card",), ("m-1", "", "card"), ("m-", "1card")]]
    assert len(set(ids)) == 4
    assert all(len(txn_id) <= 64 and txn_id.isascii() and "/" not in txn_id for txn_id in ids)


@without_waiting
async def test_a_message_that_is_taken_is_sent_once_and_at_once() -> None:
    """The usual case: one request, and nothing is looked for."""
    rooms = FakeRooms()
    assert await posted(rooms, patience_s=0) < 0.5
    assert rooms.asked == [TXN]
    assert rooms.searched == 0


@pytest.mark.parametrize("error", [HomeserverUnreachable("away"), HomeserverFault("502"), TokenRefused("token")])
@without_waiting
async def test_what_time_may_mend_is_tried_again_under_the_same_id(error: HomeserverError) -> None:
    """Three failures, then it is there, once."""
    rooms = FakeRooms()
    rooms.failures.extend([error] * 3)
    assert 0.5 * 7 <= await posted(rooms, patience_s=60) <= 7.5
    assert rooms.asked == [TXN] * 4
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
    assert rooms.asked == [TXN]


@without_waiting
async def test_a_homeserver_that_is_away_for_most_of_a_day_is_waited_for() -> None:
    """Nobody has to say how long: what must reach the room waits for 24 hours, and is found once."""
    rooms = FakeRooms(refusing={ROOM: HomeserverUnreachable("away")})
    began_s = now_s()
    back = asyncio.get_running_loop().call_later(DAY_S - 300, rooms.refusing.clear)
    assert DAY_S - 300 <= await posted(rooms) < DAY_S
    back.cancel()
    assert now_s() - began_s < DAY_S
    assert len(rooms.sent) == 1


@without_waiting
async def test_patience_ends() -> None:
    """After a day, and hardly before it."""
    rooms = FakeRooms(refusing={ROOM: HomeserverUnreachable("away")})
    began_s = now_s()
    with pytest.raises(HomeserverUnreachable):
        await posted(rooms)
    assert DAY_S - BACKOFF.most_s <= now_s() - began_s <= DAY_S


@without_waiting
async def test_waits_grow_and_stay_bounded() -> None:
    """A day without a homeserver is some thousand tries at most, and it is found again within about a minute."""
    rooms = FakeRooms(refusing={ROOM: HomeserverUnreachable("away")})
    with pytest.raises(HomeserverUnreachable):
        await posted(rooms)
    assert DAY_S / BACKOFF.most_s <= len(rooms.asked) <= DAY_S / (BACKOFF.most_s / 2) + 10


@without_waiting
async def test_a_message_from_yesterday_is_found_and_not_sent_again() -> None:
    """The homeserver has forgotten its transaction."""
    rooms = FakeRooms()
    await posted(rooms)
    rooms.a_day_passes()
    await posted(rooms, at=OPENED_AT + timedelta(days=1))
    assert len(rooms.sent) == 1


@without_waiting
async def test_a_message_whose_answer_was_lost_is_found_when_the_homeserver_comes_back_after_a_day() -> None:
    """Taken, then away before it could say so, for so long that it has forgotten: nobody began anew in between."""
    rooms = FakeRooms()
    await posted(rooms)
    rooms.a_day_passes()
    rooms.failures.extend([HomeserverUnreachable("away")] * 20)
    await posted(rooms, at=OPENED_AT + HONOURED_FOR - timedelta(minutes=1))  # over the limit after a few tries
    assert rooms.refused != []
    assert rooms.searched == 1
    assert len(rooms.sent) == 1


@without_waiting
async def test_a_message_that_is_not_in_the_room_is_sent_however_late() -> None:
    """It was looked for first."""
    rooms = FakeRooms()
    await posted(rooms, at=OPENED_AT + timedelta(days=30))
    assert (rooms.searched, len(rooms.sent)) == (1, 1)


@without_waiting
async def test_an_upload_waits_as_a_message_does() -> None:
    """And is taken in the end."""
    rooms = FakeRooms()
    rooms.failures.extend([HomeserverFault("502"), RateLimited("slow down", retry_after_s=3)])
    meeting = a_meeting()
    uploaded = await Posting(rooms, FakeMeetings()).upload(
        meeting, b"# Compte rendu", "text/markdown", "compte-rendu.md"
    )
    assert uploaded.uri.startswith("mxc://")
    assert [name for name, _, _ in rooms.uploaded] == ["compte-rendu.md"]


def moved(**changes: Any) -> Posting:
    """Posts about the meeting once its room was replaced."""
    known = replace(MEETING, card_id=EventId("$card"), moved_to=SUCCESSOR, moved_card_id=EventId("$new"))
    return Posting(changes.pop("rooms"), FakeMeetings(replace(known, **changes)), lambda: OPENED_AT)


async def test_a_message_goes_where_the_meeting_is_now_and_relates_to_its_card_there() -> None:
    """Whoever posts knows only where it was."""
    rooms = FakeRooms()
    await moved(rooms=rooms).post(MEETING, "transcript.0", in_thread(EventId("$card"), notice("Bonjour")))
    await moved(rooms=rooms).post(MEETING, "card done", edit_of(EventId("$card"), notice("terminé")))
    assert [(event.room_id, event.thread, event.edits) for event in rooms.sent] == [
        (SUCCESSOR, EventId("$new"), None),
        (SUCCESSOR, None, EventId("$new")),
    ]
    assert TXN not in rooms.asked


async def test_a_message_that_stands_in_the_old_room_is_not_posted_in_the_new_one() -> None:
    """It was posted, and nobody had noted it, when the room was replaced."""
    rooms = FakeRooms()
    await Posting(rooms, FakeMeetings(), lambda: OPENED_AT).post(MEETING, "transcript.0", notice("Bonjour"))
    event_id = await moved(rooms=rooms).post(MEETING, "transcript.0", notice("Bonjour"))
    assert [event.event_id for event in rooms.sent] == [event_id]


@pytest.mark.parametrize("first", [ROOM, SUCCESSOR])
async def test_a_message_that_stands_in_a_room_between_is_not_posted_in_the_last_one(first: RoomId) -> None:
    """The room was replaced twice; rooms that name each other in a circle are gone round once."""
    between = RoomId("!between")
    rooms = FakeRooms(predecessors={SUCCESSOR: between, between: first})
    event_id = await moved(rooms=rooms, moved_to=between).post(MEETING, "transcript.0", notice("Bonjour"))
    assert [event.room_id for event in rooms.sent] == [between]
    assert await moved(rooms=rooms).post(MEETING, "transcript.0", notice("Bonjour")) == event_id
    await moved(rooms=rooms).post(MEETING, "transcript.1", notice("Encore"))
    assert [event.room_id for event in rooms.sent] == [between, SUCCESSOR]


async def test_an_edit_is_posted_in_the_new_room_whatever_stands_in_the_old_one() -> None:
    """It is another card."""
    rooms = FakeRooms()
    edit = edit_of(EventId("$card"), notice("terminé"))
    await Posting(rooms, FakeMeetings(), lambda: OPENED_AT).post(MEETING, "card done", edit)
    await moved(rooms=rooms).post(MEETING, "card done", edit)
    assert [event.room_id for event in rooms.sent] == [ROOM, SUCCESSOR]


async def test_an_old_room_that_the_bot_was_put_out_of_does_not_keep_a_message_from_the_new_one() -> None:
    """What stands there, nobody can tell."""
    rooms = FakeRooms(put_out_of={ROOM})
    posting = moved(rooms=rooms)
    await posting.post(MEETING, "transcript.0", notice("Bonjour"))
    assert [event.room_id for event in rooms.sent] == [SUCCESSOR]
    assert await posting.is_in_room(MEETING)
    rooms.put_out_of = {SUCCESSOR}
    assert not await posting.is_in_room(MEETING)


async def test_where_the_new_room_has_refused_the_card_threads_are_none_and_edits_cannot_be() -> None:
    """The transcript is posted all the same."""
    rooms = FakeRooms()
    posting = moved(rooms=rooms, moved_card_id=None)
    await posting.post(MEETING, "transcript.0", in_thread(EventId("$card"), notice("Bonjour")))
    with pytest.raises(NotFound):
        await posting.post(MEETING, "card done", edit_of(EventId("$card"), notice("terminé")))
    assert [(event.room_id, event.thread) for event in rooms.sent] == [(SUCCESSOR, None)]
