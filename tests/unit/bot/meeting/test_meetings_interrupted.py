"""A process that ends in the middle of a meeting: what begins again goes on, and nothing is said twice."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from dbos import DBOS
from sqlalchemy import text

from bot.durable.signals import LOOK, tell
from bot.process.identity import ROLES
from bot.room.wording import FRENCH
from bot.store.register import Meeting
from bridge.livekit.ids import CallId
from bridge.matrix.ids import EventId, RoomId
from config.models import Calls
from tests.fakes.jobs import turn
from tests.unit.bot.hall import CAMILLE, ROOM, Hall
from tests.unit.bot.samples import settings
from transcripts.storage.spool import MeetingId


def said_twice(hall: Hall) -> list[str]:
    """What stands in the room more than once: messages, and edits to the same text."""
    return [body for body, count in Counter(event.body for event in hall.rooms.of(ROOM)).items() if count > 1]


async def test_a_call_goes_on_through_a_restart(tmp_path: Path, briskly: None) -> None:
    """The same card is edited on; what happened meanwhile is seen afterwards."""
    hall = Hall(tmp_path)
    async with hall.open():
        meeting = await hall.begins("!visio Point budget", "Claire")
    hall.calls.join(CallId(meeting.id), "Marc")
    async with hall.open():
        await tell(meeting.id, LOOK)
        await hall.until(lambda: "2 participants" in hall.card()[1])
        await hall.leaves(meeting)
        await hall.finishes(meeting)
    assert hall.calls.opened == [CallId(meeting.id)]
    assert hall.card()[2:] == [FRENCH.transcript_below]
    assert hall.card()[1].endswith("2 participants")
    assert len(hall.thread()) == 3
    assert said_twice(hall) == []


async def test_a_restart_is_not_a_fault(tmp_path: Path, briskly: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped while it waits, a meeting says nothing and ends nothing, however long the process takes to end."""
    monkeypatch.setattr("bot.meeting.following.LOOK_EVERY_S", 0.3)
    hall = Hall(tmp_path)
    hall.lingers_s = 1.0
    async with hall.open():
        meeting = await hall.begins("!visio", "Claire")
        before = list(hall.rooms.sent)
    assert hall.rooms.sent == before
    assert CallId(meeting.id) in hall.calls.present
    async with hall.open():
        assert await hall.register.open_in(ROOM) == meeting


async def test_a_call_that_ended_while_nobody_listened_is_brought_to_its_end(tmp_path: Path, briskly: None) -> None:
    """Without any webhook: the first look tells."""
    hall = Hall(tmp_path)
    async with hall.open():
        meeting = await hall.begins("!visio", "Claire")
    hall.calls.everyone_leaves(CallId(meeting.id))
    async with hall.open():
        await tell(meeting.id, LOOK)
        await hall.finishes(meeting)
    assert hall.card()[2:] == [FRENCH.transcript_below]
    assert said_twice(hall) == []


async def test_a_transcription_goes_on_after_a_restart(tmp_path: Path, briskly: None) -> None:
    """Begun again where it was, posted once."""
    hall = Hall(tmp_path)
    hall.speech.may_finish = False
    async with hall.open():
        meeting = await hall.begins("!visio", "Claire")
        await hall.leaves(meeting)
        await hall.until(lambda: hall.said(FRENCH.transcribing))
    hall.speech.may_finish = True
    async with hall.open():
        await hall.finishes(meeting)
    assert hall.speech.begun == [meeting.id, meeting.id]
    assert len(hall.thread()) == 3
    assert said_twice(hall) == []


async def test_a_transcript_that_was_half_posted_is_completed_in_order(tmp_path: Path, briskly: None) -> None:
    """The homeserver is lost in the middle of the thread, then the process ends; each message stands there once."""
    hall = Hall(tmp_path)
    hall.speech.turns = tuple(turn("Claire", f"phrase-{n} " + "é" * 400, n * 10.0) for n in range(30))
    hall.rooms.away_after = 6
    async with hall.open():
        meeting = await hall.begins("!visio", "Claire")
        await hall.leaves(meeting)
        await hall.until(lambda: hall.rooms.refused)
        half = len(hall.thread())
    hall.rooms.away_after = None
    async with hall.open():
        await hall.finishes(meeting)
    texts = hall.thread()[:-2]
    assert 0 < half < len(texts)
    assert [event.content["fr.greffier.transcript"]["part"] for event in texts] == list(range(1, len(texts) + 1))
    words = " ".join(event.body for event in texts).split()
    assert [word for word in words if word.startswith("phrase-")] == [f"phrase-{n}" for n in range(30)]
    assert said_twice(hall) == []


async def test_a_message_that_was_sent_as_the_process_ended_is_not_sent_again(tmp_path: Path, briskly: None) -> None:
    """The process ends after every message of a meeting's life, between its being there and our knowing it."""
    hall = Hall(tmp_path)
    await hall.holds_a_meeting_ending_after_each_message()
    assert len(hall.rooms.sent) == 7
    assert len(hall.thread()) == 3
    assert hall.card()[2:] == [FRENCH.transcript_below]


async def test_settings_that_were_changed_meanwhile_are_those_of_the_next_meeting(
    tmp_path: Path, briskly: None
) -> None:
    """Taken up again, a meeting goes the way it went: neither is it over by a new limit, nor is its sound kept."""
    hall = Hall(tmp_path)
    async with hall.open():
        meeting = await hall.begins("!visio Point budget")
        hall.later = timedelta(minutes=2)
        hall.calls.join(CallId(meeting.id), "Claire")
        await tell(meeting.id, LOOK)
        await hall.until(lambda: hall.said(" · depuis "))
    hall.settings = settings(tmp_path, calls=Calls(max_duration_min=1), keep_sound=True)
    async with hall.open():
        hall.calls.join(CallId(meeting.id), "Claire", "Marc")
        await tell(meeting.id, LOOK)
        await hall.until(lambda: hall.said("2 participants · depuis "))
        await hall.leaves(meeting)
        await hall.finishes(meeting)
    assert hall.card()[2:] == [FRENCH.transcript_below]
    assert hall.spool.tracks(meeting.id) == []


async def test_a_command_that_was_half_handled_is_handled_once(tmp_path: Path, briskly: None) -> None:
    """Registered, then the process ended before the meeting began; the same message comes again."""
    hall = Hall(tmp_path)
    async with hall.open():
        command = await hall.hears("!visio Point budget")
    async with hall.open():
        await hall.hears("!visio Point budget", event_id=command)
        await hall.until(lambda: hall.rooms.of(ROOM))
        await hall.hears("!visio Point budget", event_id=command)
        meeting = await hall.register.open_in(ROOM)
        assert meeting is not None
        await hall.leaves(meeting)
        await hall.finishes(meeting)
    assert len([event for event in hall.rooms.of(ROOM) if event.edits is None and event.thread is None]) == 1


async def test_a_meeting_that_was_interrupted_too_often_frees_its_room(hall: Hall) -> None:
    """It is not taken up again, so that it cannot kill the process for ever; the room is told and may meet again."""
    meeting = await hall.begins("!visio", "Claire")
    await DBOS.cancel_workflow_async(meeting.id)
    await hall.clear_up()
    assert await hall.register.open_in(ROOM) is None
    assert CallId(meeting.id) not in hall.calls.present
    assert hall.said("erreur inattendue")
    assert hall.card()[1].startswith("terminé · ")
    assert "participant" not in hall.card()[1]
    assert await hall.register.unfinished() == []


async def test_a_meeting_that_ends_while_others_are_cleared_up_is_not_given_up(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was unfinished when the front started, and its transcript has been posted since."""
    meeting = await hall.begins("!visio", "Claire")

    async def as_they_were() -> list[Meeting]:
        return [meeting]

    await hall.leaves(meeting)
    await hall.finishes(meeting)
    monkeypatch.setattr(hall.register, "unfinished", as_they_were)
    await hall.clear_up()
    assert hall.card()[-1] == FRENCH.transcript_below
    assert not hall.said(FRENCH.call_given_up)


async def test_a_meeting_that_was_registered_and_never_begun_is_held(hall: Hall) -> None:
    """Its command was given up half-way, say: its room would be taken for ever."""
    meeting = await hall.register.open(
        ROOM, EventId("$command"), opened_by=CAMILLE, title="", language="fr", transcribed=True
    )
    await hall.clear_up()
    await hall.until(lambda: hall.said("Rejoindre"))
    await hall.leaves(meeting)
    await hall.finishes(meeting)
    assert await hall.register.unfinished() == []


async def test_a_meeting_that_cannot_be_cleared_up_is_in_no_others_way(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it is that fails."""
    broken = await hall.begins("!visio", "Claire")
    other = await hall.begins("!visio", room=RoomId("!other:tchap.test"))
    for meeting in (broken, other):
        await DBOS.cancel_workflow_async(meeting.id)
    get = hall.register.get

    async def partly_broken(meeting_id: MeetingId) -> Meeting | None:
        if meeting_id == broken.id:
            raise KeyError("bug")
        return await get(meeting_id)

    monkeypatch.setattr(hall.register, "get", partly_broken)
    await hall.clear_up()
    assert [meeting.id for meeting in await hall.register.unfinished()] == [broken.id]


async def test_a_meeting_that_goes_on_is_not_cleared_up(hall: Hall) -> None:
    """The start of the front leaves alone what it takes up."""
    meeting = await hall.begins("!visio", "Claire")
    await hall.clear_up()
    assert await hall.register.open_in(ROOM) == meeting
    assert CallId(meeting.id) in hall.calls.present


@pytest.mark.parametrize("where", ["in its call", "in its transcription"])
async def test_a_meeting_that_an_earlier_version_held_is_held_to_its_end(
    tmp_path: Path, briskly: None, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """Its steps were others, so it begins anew: nothing is said again, and nothing is lost."""
    hall = Hall(tmp_path)
    hall.speech.may_finish = False
    monkeypatch.setattr("bot.durable.workflows._VERSIONS", dict.fromkeys(ROLES, "of last year"))
    async with hall.open():
        meeting = await hall.begins("!visio Point budget", "Claire", "Marc")
        if where == "in its transcription":
            await hall.leaves(meeting)
            await hall.until(lambda: hall.said(FRENCH.transcribing))
        # Here one application does all the work; the versions of the recorder and of the speech process stay.
        async with hall._engine.begin() as connection:
            await connection.execute(
                text("UPDATE workflow_status SET application_version = 'greffier-of today' WHERE name = 'work'")
            )
    monkeypatch.setattr("bot.durable.workflows._VERSIONS", dict.fromkeys(ROLES, "of today"))
    if where == "in its call":
        hall.calls.join(CallId(meeting.id), "Zoé")  # whom this version is the first to see
    hall.speech.may_finish = True
    async with hall.open():
        await hall.clear_up()
        if where == "in its call":
            assert await hall.register.open_in(ROOM) == meeting
            await hall.until(lambda: "3 participants" in hall.card()[1])
            await hall.leaves(meeting)
        finished = await hall.finishes(meeting)
    assert finished.finished_at is not None
    assert hall.card()[-1] == FRENCH.transcript_below
    assert len([event for event in hall.rooms.of(ROOM) if event.edits is None and event.thread is None]) == 1
    assert len(hall.thread()) == 3
    assert said_twice(hall) == []
