"""The register of meetings, on a real SQLite file."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.store.database import Database
from bot.store.register import Link, Meeting, Register
from bridge.matrix.ids import EventId, RoomId, UserId
from bridge.web.door import is_link
from config.models import Language
from transcripts.storage.spool import MeetingId

ROOM = RoomId("!room:tchap.test")


async def opened(register: Register, command: str, room: RoomId = ROOM, **changes: Any) -> Meeting:
    """Open a meeting by the command of this event id."""
    fields: dict[str, Any] = {
        "opened_by": UserId("@camille:tchap.test"),
        "title": "Point budget",
        "language": "fr",
        "transcribed": True,
    }
    return await register.open(room, EventId(command), **fields | changes)


async def test_a_meeting_is_registered_as_it_was_asked_for(register: Register) -> None:
    """All of it, with the time in UTC; open, and not finished."""
    before = datetime.now(UTC)
    meeting = await opened(register, "$1", title="Réunion 😀", language="en", transcribed=False)
    assert replace(meeting, id=MeetingId(""), link=Link(""), opened_at=before) == Meeting(
        id=MeetingId(""),
        room_id=ROOM,
        command_id=EventId("$1"),
        opened_by=UserId("@camille:tchap.test"),
        opened_at=before,
        title="Réunion 😀",
        language="en",
        link=Link(""),
        transcribed=False,
        ended_at=None,
        card_id=None,
        finished_at=None,
    )
    assert before <= meeting.opened_at <= datetime.now(UTC)
    assert meeting.opened_at.utcoffset() == timedelta(0)


async def test_a_meeting_is_found_by_its_id_its_room_and_its_link(register: Register) -> None:
    """The same in each way."""
    meeting = await opened(register, "$1")
    assert await register.get(meeting.id) == meeting
    assert await register.open_in(ROOM) == meeting
    assert await register.latest_in(ROOM) == meeting
    assert await register.by_link(meeting.link) == meeting


async def test_what_is_not_there_is_none(register: Register) -> None:
    """Missing is no error."""
    assert await register.get(MeetingId("m-0")) is None
    assert await register.open_in(ROOM) is None
    assert await register.latest_in(ROOM) is None
    assert await register.by_link(Link("x" * 22)) is None
    assert await register.by_link(Link("%")) is None
    assert await register.language_of(ROOM) is None


async def test_the_same_command_again_is_the_same_meeting(register: Register) -> None:
    """Handled twice, also after the call has ended."""
    meeting = await opened(register, "$1")
    assert await opened(register, "$1", title="other") == meeting
    await register.end(meeting.id)
    assert (await opened(register, "$1")).id == meeting.id


async def test_a_second_command_in_a_room_finds_the_open_meeting(register: Register) -> None:
    """Until its call has ended; then it opens one of its own."""
    first = await opened(register, "$1")
    assert await opened(register, "$2") == first
    await register.end(first.id)
    second = await opened(register, "$2")
    assert second.id != first.id
    assert await register.open_in(ROOM) == second
    assert await register.latest_in(ROOM) == second


async def test_rooms_do_not_share_a_meeting(register: Register) -> None:
    """Each has its own."""
    here, there = await opened(register, "$1"), await opened(register, "$2", RoomId("!other:tchap.test"))
    assert here.id != there.id
    assert here.link != there.link


async def test_of_commands_at_the_same_time_one_opens_the_meeting(
    database: Database, another_database: Database
) -> None:
    """Whoever asks, from whichever process: one row, and everyone gets it."""
    registers = [Register(database.engine), Register(another_database.engine)]
    meetings = await asyncio.gather(*(opened(registers[n % 2], f"${n}") for n in range(20)))
    assert len({meeting.id for meeting in meetings}) == 1


async def test_links_are_unguessable_and_of_the_shape_of_a_link(register: Register) -> None:
    """128 random bits each, none twice."""
    links = [(await opened(register, f"${n}", RoomId(f"!{n}:tchap.test"))).link for n in range(20)]
    assert len(set(links)) == 20
    assert all(is_link(link) for link in links)
    assert all(len({link[n] for link in links}) > 3 for n in range(21)), "some part of the links is always the same"


async def test_an_id_is_safe_in_a_url_a_file_name_and_a_workflow(register: Register) -> None:
    """Nothing but letters, digits and a dash."""
    assert re.fullmatch(r"m-[0-9a-f]{16}", (await opened(register, "$1")).id)


async def test_the_end_is_the_first_end(database: Database) -> None:
    """Said again later, it does not move."""
    times = iter(datetime(2026, 11, 12, 13, minute, tzinfo=UTC) for minute in range(60))
    register = Register(database.engine, now=lambda: next(times))
    meeting = await opened(register, "$1")
    ended_at = await register.end(meeting.id)
    assert ended_at == datetime(2026, 11, 12, 13, 1, tzinfo=UTC)
    assert await register.end(meeting.id) == ended_at
    await register.finish(meeting.id)
    finished = await register.get(meeting.id)
    await register.finish(meeting.id)
    assert finished is not None
    assert finished.finished_at is not None
    assert await register.get(meeting.id) == finished


async def test_ending_what_was_never_opened_is_an_error(register: Register) -> None:
    """It is a fault of ours, not a time."""
    with pytest.raises(LookupError):
        await register.end(MeetingId("m-0"))


async def test_a_transcription_that_is_stopped_stays_stopped(register: Register) -> None:
    """For this meeting alone."""
    meeting, other = await opened(register, "$1"), await opened(register, "$2", RoomId("!other:tchap.test"))
    await register.stop_transcription(meeting.id)
    assert await register.get(meeting.id) == replace(meeting, transcribed=False)
    assert await register.get(other.id) == other


async def test_what_is_undelivered_is_known_by_room_until_it_is_delivered(register: Register) -> None:
    """With the reason, the last one that was noted."""
    elsewhere = RoomId("!other:tchap.test")
    meeting, other = await opened(register, "$1"), await opened(register, "$2", elsewhere)
    assert await register.undelivered() == []
    await register.note_undelivered(meeting.id, "away")
    await register.note_undelivered(meeting.id, "kicked")
    await register.note_undelivered(other.id, "forbidden")
    assert [(kept.id, kept.undelivered) for kept in await register.undelivered()] == [
        (meeting.id, "kicked"),
        (other.id, "forbidden"),
    ]
    assert [kept.id for kept in await register.undelivered(elsewhere)] == [other.id]
    await register.note_delivered(meeting.id)
    assert [kept.id for kept in await register.undelivered()] == [other.id]
    assert await register.get(meeting.id) == meeting


async def test_what_is_finished_is_found_by_when_and_can_be_forgotten(register: Register) -> None:
    """One that goes on is never old enough."""
    meeting, other = await opened(register, "$1"), await opened(register, "$2", RoomId("!other:tchap.test"))
    await register.end(meeting.id)
    await register.finish(meeting.id)
    finished = await register.get(meeting.id)
    assert finished is not None
    assert finished.finished_at is not None
    assert await register.finished_before(finished.finished_at) == []
    assert await register.finished_before(finished.finished_at + timedelta(seconds=1)) == [finished]
    await register.forget(meeting.id)
    assert await register.get(meeting.id) is None
    assert await register.get(other.id) == other


async def test_a_room_speaks_the_language_chosen_last(register: Register) -> None:
    """And another room its own."""
    await register.set_language(ROOM, "en")
    assert await register.language_of(ROOM) == "en"
    await register.set_language(ROOM, "fr")
    assert await register.language_of(ROOM) == "fr"
    assert await register.language_of(RoomId("!other:tchap.test")) is None


async def test_what_is_registered_is_there_after_a_restart(register: Register, another_database: Database) -> None:
    """In another process, which brings the tables to where they are."""
    meeting = await opened(register, "$1")
    await register.set_language(ROOM, "en")
    await another_database.migrate()
    again = Register(another_database.engine)
    assert await again.open_in(ROOM) == meeting
    assert await again.language_of(ROOM) == "en"


async def test_of_languages_chosen_at_the_same_time_one_is_kept(database: Database, another_database: Database) -> None:
    """And none of the choices fails."""
    registers = [Register(database.engine), Register(another_database.engine)]
    languages: list[Language] = ["fr", "en"]
    await asyncio.gather(*(registers[n % 2].set_language(ROOM, languages[n % 2]) for n in range(10)))
    assert await registers[0].language_of(ROOM) in languages


class TestClock:
    """The meeting's own clock, and moments in general."""

    async def test_it_begins_once(self, database: Database) -> None:
        """A recorder that comes back goes on by the clock of the first."""
        times = iter(datetime(2026, 11, 12, 13, minute, tzinfo=UTC) for minute in range(60))
        register = Register(database.engine, now=lambda: next(times))
        meeting = await opened(register, "$1")
        assert meeting.recording_began_at is None
        began_at = await register.begin_recording(meeting.id)
        assert began_at == datetime(2026, 11, 12, 13, 1, tzinfo=UTC)
        assert await register.begin_recording(meeting.id) == began_at
        assert await register.get(meeting.id) == replace(meeting, recording_began_at=began_at)

    async def test_of_recorders_that_begin_together_both_have_one_clock(
        self, database: Database, another_database: Database
    ) -> None:
        """Whoever was first."""
        registers = [Register(database.engine), Register(another_database.engine)]
        meeting = await opened(registers[0], "$1")
        began = await asyncio.gather(*(registers[n % 2].begin_recording(meeting.id) for n in range(10)))
        assert len(set(began)) == 1

    async def test_it_does_not_begin_for_what_was_never_opened(self, register: Register) -> None:
        """It is a fault of ours, not a time."""
        with pytest.raises(LookupError):
            await register.begin_recording(MeetingId("m-0"))

    async def test_a_moment_is_the_same_in_every_zone(self, database: Database) -> None:
        """Given in one, it comes back in UTC and is compared as what it is."""
        paris = ZoneInfo("Europe/Paris")
        register = Register(database.engine, now=lambda: datetime(2026, 11, 12, 14, 5, tzinfo=paris))
        meeting = await opened(register, "$1")
        ended_at = await register.end(meeting.id)
        assert ended_at == datetime(2026, 11, 12, 13, 5, tzinfo=UTC)
        assert ended_at.utcoffset() == timedelta(0)
        await register.finish(meeting.id)
        assert await register.finished_before(datetime(2026, 11, 12, 14, 5, tzinfo=paris)) == []
        assert len(await register.finished_before(datetime(2026, 11, 12, 14, 6, tzinfo=paris))) == 1


class TestDelivery:
    """What could not be delivered, and is kept."""

    async def test_what_is_undelivered_is_found_until_it_is_delivered(self, register: Register) -> None:
        """In all rooms or in one; the oldest first."""
        other_room = RoomId("!other:tchap.test")
        first, other = await opened(register, "$1"), await opened(register, "$2", other_room)
        await register.end(first.id)
        second = await opened(register, "$3")
        assert await register.undelivered() == []
        for meeting in (second, other, first):
            await register.note_undelivered(meeting.id, "kicked")
        assert [meeting.id for meeting in await register.undelivered()] == [first.id, other.id, second.id]
        assert [meeting.id for meeting in await register.undelivered(ROOM)] == [first.id, second.id]
        assert {meeting.undelivered for meeting in await register.undelivered()} == {"kicked"}
        await register.note_delivered(first.id)
        assert [meeting.id for meeting in await register.undelivered(ROOM)] == [second.id]


class TestForgetting:
    """Meetings whose time to be kept is over."""

    async def test_what_was_finished_before_is_found_and_forgotten(self, database: Database) -> None:
        """What is not finished is not among them, however old."""
        times = iter(datetime(2026, 11, day, tzinfo=UTC) for day in range(1, 30))
        register = Register(database.engine, now=lambda: next(times))
        unfinished = await opened(register, "$0", RoomId("!other:tchap.test"))  # on the 1st
        meetings = []
        for n in range(3):
            meeting = await opened(register, f"${n + 1}")
            await register.end(meeting.id)
            await register.finish(meeting.id)  # on the 4th, the 7th, the 10th
            meetings.append(meeting.id)
        old = await register.finished_before(datetime(2026, 11, 10, tzinfo=UTC))
        assert [meeting.id for meeting in old] == meetings[:2]
        for meeting in old:
            await register.forget(meeting.id)
        assert [await register.get(meeting) for meeting in meetings[:2]] == [None, None]
        assert await register.get(meetings[2]) is not None
        assert await register.unfinished() == [unfinished]

    async def test_what_is_forgotten_stays_forgotten(self, register: Register) -> None:
        """Whoever still finishes it does not bring it back, nor fail."""
        meeting = await opened(register, "$1")
        await register.forget(meeting.id)
        await register.forget(meeting.id)
        await register.finish(meeting.id)
        assert await register.get(meeting.id) is None


async def test_a_meeting_that_moved_is_known_in_both_rooms(register: Register) -> None:
    """Nobody opens a second call beside it; what is kept of it is kept for the new room."""
    successor = RoomId("!successor")
    meeting = await opened(register, "$1")
    await register.note_card(meeting.id, EventId("$card"))
    await register.move(meeting.id, successor, EventId("$new"))
    moved = await register.open_in(successor)
    assert moved is not None
    assert (moved.id, moved.card_id, moved.moved_card_id) == (meeting.id, EventId("$card"), EventId("$new"))
    assert moved.present_room == successor
    assert await register.open_in(ROOM) == moved
    assert await opened(register, "$2", successor) == moved
    assert await opened(register, "$3", ROOM) == moved
    await register.note_undelivered(meeting.id, "away")
    assert [kept.id for kept in await register.undelivered(successor)] == [meeting.id]
    assert await register.undelivered(ROOM) == []


@pytest.mark.parametrize("card_id", [EventId("$new"), None])
async def test_a_meeting_without_a_card_has_the_one_of_the_room_into_which_it_moved(
    register: Register, card_id: EventId | None
) -> None:
    """So that its transcript has a thread; where that room has refused the card as well, it has none."""
    meeting = await opened(register, "$1")
    await register.move(meeting.id, RoomId("!successor"), card_id)
    moved = await register.get(meeting.id)
    assert moved is not None
    assert (moved.card_id, moved.moved_card_id) == (card_id, card_id)


async def test_what_stays_in_a_room_is_what_it_is_still_to_be_told_of(register: Register) -> None:
    """Open, being transcribed, or undelivered; not what is finished, of another room, or has moved."""
    meetings = [await opened(register, "$1")]
    for number in range(2, 6):
        await register.end(meetings[-1].id)
        meetings.append(await opened(register, f"${number}"))
    open_, being_transcribed, undelivered, finished, moved = reversed(meetings)
    await register.end(moved.id)
    for meeting in (undelivered, finished):
        await register.finish(meeting.id)
    await register.note_undelivered(undelivered.id, "forbidden")
    await register.move(moved.id, RoomId("!successor"), None)
    await opened(register, "$other", RoomId("!other:tchap.test"))
    assert {stays.id for stays in await register.staying_in(ROOM)} == {open_.id, being_transcribed.id, undelivered.id}
    assert [stays.id for stays in await register.staying_in(RoomId("!successor"))] == [moved.id]
