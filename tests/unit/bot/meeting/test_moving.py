"""A room that is replaced in the middle of a meeting: all that is still to be told goes on in its successor, once."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from bot.room.wording import ENGLISH, FRENCH
from bot.store.register import Meeting
from bridge.livekit.calls import CallServerUnreachable
from bridge.livekit.ids import CallId
from bridge.matrix.errors import Forbidden, HomeserverUnreachable
from bridge.matrix.ids import EventId, RoomId
from tests.fakes.jobs import turn
from tests.fakes.rooms import Sent
from tests.unit.bot.away import away_once
from tests.unit.bot.hall import ROOM, Hall

SUCCESSOR = RoomId("!successor")
LAST = RoomId("!last-one")


def card_in(hall: Hall, room: RoomId) -> Sent:
    """The one card that stands in the room."""
    (card,) = (e for e in hall.rooms.of(room) if "fr.greffier.card" in e.content and e.edits is None)
    return card


def contents_twice(hall: Hall) -> list[str]:
    """What was posted more than once in any room, cards and their edits left aside."""
    said = Counter(e.body for e in hall.rooms.sent if "fr.greffier.card" not in e.content)
    return [body for body, count in said.items() if count > 1]


async def ends(hall: Hall, meeting: Meeting) -> None:
    """Everyone leaves, and the transcript is posted, or not."""
    await hall.leaves(meeting)
    await hall.finishes(meeting)


async def test_an_open_call_goes_on_in_the_successor(hall: Hall) -> None:
    """The card stands there as the call is now, is edited on, and has the transcript in its thread."""
    meeting = await hall.begins("!visio Point budget", "Claire", "Marc")
    await hall.moving.into(ROOM, SUCCESSOR)
    assert "2 participants" in hall.card(SUCCESSOR)[1]
    assert hall.card(SUCCESSOR)[-1] == FRENCH.moved_here
    assert hall.card(ROOM)[1:] == [FRENCH.moved_away]
    told_in_the_old = len(hall.rooms.of(ROOM))
    await ends(hall, meeting)
    assert len(hall.rooms.of(ROOM)) == told_in_the_old
    assert hall.card(SUCCESSOR)[2:] == [FRENCH.transcript_below, FRENCH.moved_here]
    assert [event.thread for event in hall.thread(SUCCESSOR)] == [card_in(hall, SUCCESSOR).event_id] * 3
    assert contents_twice(hall) == []


async def test_the_transactions_of_the_successor_are_others(hall: Hall) -> None:
    """A homeserver that knows transaction ids without their rooms would take the new card for the old one."""
    await hall.begins("!visio", "Claire")
    await hall.moving.into(ROOM, SUCCESSOR)
    assert card_in(hall, SUCCESSOR).txn_id != card_in(hall, ROOM).txn_id


async def test_to_be_told_of_a_move_again_changes_nothing(hall: Hall) -> None:
    """As after a restart in the middle of it."""
    meeting = await hall.begins("!visio", "Claire")
    await hall.moving.into(ROOM, SUCCESSOR)
    before = list(hall.rooms.sent)
    await hall.moving.into(ROOM, SUCCESSOR)
    assert hall.rooms.sent == before
    await ends(hall, meeting)
    assert len(hall.thread(SUCCESSOR)) == 3


async def test_a_move_that_the_homeserver_breaks_off_is_completed_later(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until then nothing has moved; afterwards the card is there once."""
    monkeypatch.setattr("bot.meeting.moving.LIVE_PATIENCE_S", 0.0)
    meeting = await hall.begins("!visio", "Claire")
    hall.rooms.refusing[SUCCESSOR] = HomeserverUnreachable("away")
    with pytest.raises(HomeserverUnreachable):
        await hall.moving.into(ROOM, SUCCESSOR)
    assert await hall.register.staying_in(ROOM) == [meeting]
    hall.rooms.refusing.clear()
    await hall.moving.into(ROOM, SUCCESSOR)
    await ends(hall, meeting)
    assert card_in(hall, SUCCESSOR)
    assert len(hall.thread(SUCCESSOR)) == 3


async def test_a_move_that_is_cut_off_after_its_card_posts_no_second_one(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The card was there, and nobody had noted it."""
    await hall.begins("!visio", "Claire")
    away_once(monkeypatch, hall.register, "move")
    with pytest.raises(OperationalError):
        await hall.moving.into(ROOM, SUCCESSOR)
    hall.calls.join(CallId((await hall.register.staying_in(ROOM))[0].id), "Marc")
    await hall.moving.into(ROOM, SUCCESSOR)
    assert card_in(hall, SUCCESSOR)
    assert await hall.register.staying_in(ROOM) == []


async def test_a_call_is_ended_and_asked_about_from_the_successor(hall: Hall) -> None:
    """And no second one is opened, in neither room."""
    meeting = await hall.begins("!visio Point budget", "Claire")
    await hall.moving.into(ROOM, SUCCESSOR)
    for room in (SUCCESSOR, ROOM):
        await hall.hears("!visio", room=room)
        assert meeting.link in hall.rooms.of(room)[-1].body
    await hall.hears("!visio état", room=SUCCESSOR)
    assert "Point budget" in hall.rooms.of(SUCCESSOR)[-1].body
    await hall.hears("!visio fin", room=SUCCESSOR)
    await hall.finishes(meeting)
    assert len(hall.calls.opened) == 1
    await hall.begins("!visio Suite", room=SUCCESSOR)


async def test_a_room_into_which_two_calls_come_has_both(hall: Hall) -> None:
    """Somebody was quicker than the bot: neither call is lost, and each has its card and its thread."""
    moved = await hall.begins("!visio Ancien", "Claire")
    new = await hall.begins("!visio Nouveau", "Marc", room=SUCCESSOR)
    await hall.moving.into(ROOM, SUCCESSOR)
    for meeting in (moved, new):
        await ends(hall, meeting)
    threads = Counter(event.thread for event in hall.thread(SUCCESSOR))
    assert sorted(threads.values()) == [3, 3]


async def test_the_language_of_the_room_moves_with_it(hall: Hall) -> None:
    """Unless the successor has chosen its own."""
    await hall.register.set_language(ROOM, "en")
    await hall.moving.into(ROOM, SUCCESSOR)
    assert await hall.register.language_of(SUCCESSOR) == "en"
    await hall.register.set_language(LAST, "fr")
    await hall.moving.into(ROOM, LAST)
    assert await hall.register.language_of(LAST) == "fr"


async def test_a_transcript_that_could_not_be_posted_is_posted_in_the_successor(hall: Hall) -> None:
    """The old room took nothing more from the bot, as is usual for one that was replaced."""
    await hall.register.set_language(ROOM, "en")
    meeting = await hall.begins("!visio", "Claire")
    hall.rooms.refusing[ROOM] = Forbidden("M_FORBIDDEN")
    await ends(hall, meeting)
    assert await hall.register.undelivered(ROOM) != []
    await hall.moving.into(ROOM, SUCCESSOR)
    await hall.delivered(meeting)
    assert [event.thread for event in hall.thread(SUCCESSOR)] == [card_in(hall, SUCCESSOR).event_id] * 3
    assert hall.card(SUCCESSOR)[2:] == [ENGLISH.transcript_below, ENGLISH.moved_here]


async def test_a_transcript_that_is_being_made_is_posted_in_the_successor(hall: Hall) -> None:
    """Its card says what goes on."""
    hall.speech.may_finish = False
    meeting = await hall.begins("!visio", "Claire")
    await hall.leaves(meeting)
    await hall.until(lambda: hall.said(FRENCH.transcribing))
    await hall.moving.into(ROOM, SUCCESSOR)
    assert hall.card(SUCCESSOR)[2:] == [FRENCH.transcribing, FRENCH.moved_here]
    hall.speech.may_finish = True
    await hall.finishes(meeting)
    assert len(hall.thread(SUCCESSOR)) == 3
    assert hall.thread(ROOM) == []


async def test_a_thread_that_broke_off_is_completed_in_the_successor(tmp_path: Path, briskly: None) -> None:
    """What stands in the old room is not said again, not even what nobody had noted when the process ended."""
    hall = Hall(tmp_path)
    hall.speech.turns = tuple(turn("Claire", f"phrase-{n} " + "é" * 400, n * 10.0) for n in range(30))
    async with hall.open():
        meeting = await hall.begins("!visio", "Claire")
        hall.rooms.away_after = len(hall.rooms.sent) + 3
        await hall.leaves(meeting)
        await hall.until(lambda: hall.rooms.refused)
    hall.rooms.away_after = None
    hall.rooms.loses_answers = True
    posted = len(hall.rooms.sent)
    async with hall.open():
        await hall.until(lambda: len(hall.rooms.sent) > posted)
    hall.rooms.loses_answers = False
    async with hall.open():
        await hall.moving.into(ROOM, SUCCESSOR)
        await hall.finishes(meeting)
    words = " ".join(e.body for room in (ROOM, SUCCESSOR) for e in hall.thread(room)).split()
    assert [word for word in words if word.startswith("phrase-")] == [f"phrase-{n}" for n in range(30)]
    assert hall.thread(ROOM)
    assert hall.thread(SUCCESSOR)


async def test_a_successor_that_refuses_the_card_gets_the_transcript_when_it_no_longer_refuses(hall: Hall) -> None:
    """Nothing is lost: it is kept, as for any room in which the bot may not speak."""
    meeting = await hall.begins("!visio", "Claire")
    hall.rooms.refusing[SUCCESSOR] = Forbidden("M_FORBIDDEN")
    await hall.moving.into(ROOM, SUCCESSOR)
    await ends(hall, meeting)
    hall.rooms.refusing.clear()
    hall.rooms.put_out_of.add(ROOM)
    await hall.redelivery.everywhere()
    await hall.delivered(meeting)
    assert len([event for event in hall.rooms.of(SUCCESSOR) if event.thread is None]) == 3
    assert hall.thread(ROOM) == []


async def test_a_successor_that_is_replaced_in_turn_is_left_as_well(hall: Hall) -> None:
    """The card stands in each room once; all that follows is under the last."""
    meeting = await hall.begins("!visio", "Claire")
    await hall.moving.into(ROOM, SUCCESSOR)
    await hall.moving.into(SUCCESSOR, LAST)
    assert hall.card(SUCCESSOR)[1:] == [FRENCH.moved_away]
    await ends(hall, meeting)
    assert hall.card(LAST)[2:] == [FRENCH.transcript_below, FRENCH.moved_here]
    assert len(hall.thread(LAST)) == 3
    assert hall.thread(SUCCESSOR) == []


async def test_a_call_whose_card_is_not_posted_yet_gets_it_in_the_successor_alone(
    tmp_path: Path, briskly: None
) -> None:
    """Neither in the old room, which cannot be reached, nor twice in the new one."""
    hall = Hall(tmp_path)
    async with hall.open():
        hall.rooms.refusing[ROOM] = HomeserverUnreachable("away")
        await hall.hears("!visio")
        await hall.until(lambda: hall.rooms.refused)
        (meeting,) = await hall.register.staying_in(ROOM)
        await hall.moving.into(ROOM, SUCCESSOR)
        await hall.until(lambda: meeting.id in hall.recorder.begun)
        hall.calls.join(CallId(meeting.id), "Claire")
        hall.rooms.refusing.clear()
        await ends(hall, meeting)
    assert card_in(hall, SUCCESSOR)
    assert hall.rooms.of(ROOM) == []
    assert len(hall.thread(SUCCESSOR)) == 3


async def test_a_call_server_that_is_away_does_not_stop_the_move(hall: Hall) -> None:
    """The card then says nothing of who is there."""
    await hall.begins("!visio", "Claire")
    hall.calls.failing = CallServerUnreachable("away")
    await hall.moving.into(ROOM, SUCCESSOR)
    assert hall.card(SUCCESSOR)[1] == FRENCH.waiting


async def test_meetings_that_are_over_stay_where_they_were(hall: Hall) -> None:
    """Nothing is told of them any more."""
    meeting = await hall.begins("!visio", "Claire")
    await ends(hall, meeting)
    await hall.moving.into(ROOM, SUCCESSOR)
    assert hall.rooms.of(SUCCESSOR) == []
    assert EventId(card_in(hall, ROOM).event_id) == (await hall.finishes(meeting)).card_id
