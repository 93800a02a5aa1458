"""The life of a meeting, as its room sees it: from the command to the last edit of the card."""

from __future__ import annotations

import errno
import re
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.durable.signals import LOOK, tell
from bot.room.wording import ENGLISH, FRENCH
from bridge.livekit.calls import CallError, CallServerRefused, CallServerUnreachable
from bridge.livekit.ids import RECORDER, CallId
from bridge.matrix.backoff import Backoff
from bridge.matrix.errors import Forbidden
from bridge.matrix.ids import RoomId
from tests.unit.bot.away import away_once
from tests.unit.bot.hall import ROOM, Hall
from transcripts.assembling.gaps import Gap
from transcripts.assembling.transcript import FailedTrack
from transcripts.minutes.claims import Minutes

OTHER_ROOM = RoomId("!other:tchap.test")


async def test_a_meeting_from_its_command_to_its_transcript(hall: Hall) -> None:
    """One card, edited as the call goes on; the turns in its thread, then the files; then nothing is left over."""
    meeting = await hall.begins("!visio Point budget", "Claire", "Marc")
    assert hall.card()[1].startswith("en cours · 2 participants · depuis ")
    assert len(hall.spool.tracks(meeting.id)) == 1
    await hall.leaves(meeting)
    finished = await hall.finishes(meeting)

    card, *_ = hall.rooms.of(ROOM)
    name, state, remark = hall.card()
    assert name == "Visio · Point budget"
    assert re.fullmatch(r"terminé · \d+\u00a0s · 2 participants", state)
    assert remark == FRENCH.transcript_below
    text, markdown, vtt = hall.thread()
    assert text.body.splitlines()[1:] == [
        "[00:00] Claire\u00a0: Bonjour à tous",
        "[00:02] Marc\u00a0: Bonjour Claire",
    ]
    assert [event.thread for event in hall.thread()] == [card.event_id] * 3
    assert [event.content.get("msgtype") for event in (markdown, vtt)] == ["m.file", "m.file"]
    assert [(name.rsplit(".")[-1], kind) for name, kind, _ in hall.rooms.uploaded] == [
        ("md", "text/markdown"),
        ("vtt", "text/vtt"),
    ]
    assert all("Bonjour à tous" in data.decode() for _, _, data in hall.rooms.uploaded)
    assert finished.ended_at is not None
    assert finished.finished_at is not None
    assert hall.spool.tracks(meeting.id) == []
    assert (await hall.begins()).id != meeting.id


async def test_the_card_says_that_words_are_being_made_of_the_sound(hall: Hall) -> None:
    """Between hang-up and transcript, the room knows what is going on; the call is over by then."""
    hall.speech.may_finish = False
    meeting = await hall.begins("!visio", "Claire")
    await hall.leaves(meeting)
    await hall.until(lambda: hall.card()[-1] == FRENCH.transcribing)
    assert await hall.register.open_in(ROOM) is None
    hall.speech.may_finish = True
    await hall.finishes(meeting)
    assert hall.card()[-1] == FRENCH.transcript_below


async def test_people_who_come_and_go_are_counted_once_in_the_end(hall: Hall) -> None:
    """The card shows who is there now; at the end, everyone who has been there."""
    meeting = await hall.begins("!visio", "Claire", "Marc")
    hall.calls.leave(CallId(meeting.id), "Marc")
    hall.calls.join(CallId(meeting.id), "Sofia")
    hall.calls.leave(CallId(meeting.id), "Claire")
    await tell(meeting.id, LOOK)
    await hall.until(lambda: "1 participant " in hall.card()[1])
    await hall.leaves(meeting)
    await hall.finishes(meeting)
    assert hall.card()[1].endswith("3 participants")


async def test_a_call_that_is_ended_by_somebody_is_closed_for_everyone(hall: Hall) -> None:
    """The card says by whom; what was said is transcribed all the same."""
    meeting = await hall.begins("!visio", "Claire")
    await hall.hears("!visio fin")
    await hall.finishes(meeting)
    assert CallId(meeting.id) in hall.calls.closed
    assert hall.card()[2:] == [FRENCH.ended_by.format(user="Camille"), FRENCH.transcript_below]
    assert len(hall.thread()) == 3


async def test_a_call_ends_at_its_time_limit(hall: Hall) -> None:
    """Whoever is still in it."""
    meeting = await hall.begins("!visio", "Claire")
    hall.later = timedelta(minutes=240)
    await tell(meeting.id, LOOK)
    await hall.finishes(meeting)
    assert CallId(meeting.id) in hall.calls.closed
    assert hall.card()[2:] == [FRENCH.time_limit.format(duration="4\u00a0h\u00a000"), FRENCH.transcript_below]


async def test_a_call_that_nobody_joined_ends_without_a_transcript(hall: Hall) -> None:
    """And nobody waits for one."""
    hall.recorder.speaks = False
    meeting = await hall.begins("!visio")
    await hall.leaves(meeting)
    await hall.finishes(meeting)
    assert hall.card()[2:] == [FRENCH.nothing_recorded]
    assert "aucun participant" in hall.card()[1]
    assert not hall.said(FRENCH.transcribing)
    assert hall.thread() == []


@pytest.mark.parametrize("microphone", [False, True])
async def test_a_call_in_which_nobody_spoke_says_so(hall: Hall, microphone: bool) -> None:
    """Without a microphone, or with one that was silent."""
    hall.recorder.speaks = microphone
    hall.speech.turns = ()
    meeting = await hall.begins("!visio", "Claire")
    await hall.leaves(meeting)
    await hall.finishes(meeting)
    assert hall.card()[2:] == [FRENCH.nobody_spoke]
    assert hall.thread() == []


async def test_a_full_disk_is_told_while_the_call_goes_on(hall: Hall) -> None:
    """At once, so that somebody can take notes; what was recorded before is transcribed."""
    hall.recorder.breaks_off = "disk_full"
    meeting = await hall.begins("!visio", "Claire")
    await hall.until(lambda: hall.said(FRENCH.disk_full))
    assert CallId(meeting.id) in hall.calls.present
    await hall.leaves(meeting)
    await hall.finishes(meeting)
    assert hall.card()[2:] == [FRENCH.recording_incomplete, FRENCH.transcript_below]
    assert len(hall.thread()) == 3


async def test_a_recording_that_failed_altogether_is_said(hall: Hall) -> None:
    """Nothing of it is there, though people came."""
    hall.recorder.breaks_off = "out_of_the_call"
    hall.recorder.speaks = False
    meeting = await hall.begins("!visio", "Claire")
    await hall.until(lambda: hall.said(FRENCH.recording_broken))
    await hall.leaves(meeting)
    await hall.finishes(meeting)
    assert hall.card()[2:] == [FRENCH.recording_failed]


async def test_a_recorder_that_never_comes_back_does_not_hold_up_the_transcript(hall: Hall) -> None:
    """What there is of the sound is transcribed, and said to be incomplete; the card says meanwhile that it is over."""
    hall.recorder.says_when_done = False
    meeting = await hall.begins("!visio", "Claire")
    await hall.leaves(meeting)
    await hall.until(lambda: hall.card()[-1] == FRENCH.transcribing)
    assert hall.thread() == []
    await hall.finishes(meeting)
    assert hall.card()[2:] == [FRENCH.recording_incomplete, FRENCH.transcript_below]


async def test_a_transcription_that_failed_is_said(hall: Hall) -> None:
    """And the room is free for the next."""
    hall.speech.problem = "failed"
    meeting = await hall.begins("!visio", "Claire")
    await hall.leaves(meeting)
    finished = await hall.finishes(meeting)
    assert hall.card()[2:] == [FRENCH.transcription_failed]
    assert finished.finished_at is not None


@pytest.mark.parametrize("keep_sound", [False, True], ids=["sound is erased", "sound is kept by choice"])
async def test_a_transcription_that_failed_is_tried_again_with_the_sound_that_was_kept(
    tmp_path: Path, briskly: None, monkeypatch: pytest.MonkeyPatch, keep_sound: bool
) -> None:
    """At the next start, or the next day: its transcript comes under the card, once; then the sound may go."""
    monkeypatch.setattr("bot.meeting.transcribing.TOLD_EVERY_S", 0.2)
    greffier = Hall(tmp_path, keep_sound=keep_sound)
    async with greffier.open() as hall:
        hall.speech.problem = "failed"
        meeting = await hall.begins("!visio", "Claire")
        await hall.leaves(meeting)
        await hall.finishes(meeting)
        assert hall.spool.has_sound(meeting.id)
        await hall.redelivery.everywhere()
        await hall.until(lambda: len(hall.speech.begun) == 2)
        await hall.until_idle(f"{meeting.id}.again.0")
        assert hall.card()[2:] == [FRENCH.transcription_failed]
        hall.speech.problem = ""
        hall.speech.minutes = Minutes(())
        await hall.redelivery.everywhere()
        await hall.until_idle(f"{meeting.id}.again.1")
        assert hall.card()[2:] == [FRENCH.minutes_below]
        assert len(hall.thread()) == 4
        assert hall.spool.has_sound(meeting.id) is keep_sound
        assert await hall.register.undelivered() == []


async def test_tracks_that_failed_are_said_even_where_they_are_all(hall: Hall) -> None:
    """Nobody is told that nothing was said."""
    hall.speech.turns = ()
    hall.speech.failed_tracks = (FailedTrack("Claire", "cannot be read"),)
    meeting = await hall.begins("!visio", "Claire")
    await hall.leaves(meeting)
    await hall.finishes(meeting)
    assert "Claire" in hall.thread()[0].body
    assert hall.card()[2:] == [FRENCH.transcript_below]


async def test_a_gap_is_said_even_where_it_is_all_there_is(hall: Hall) -> None:
    """Somebody may have spoken then."""
    hall.speech.turns = ()
    hall.speech.gaps = (Gap(1.0, 8.0),)
    meeting = await hall.begins("!visio", "Claire")
    await hall.leaves(meeting)
    await hall.finishes(meeting)
    assert "s’est interrompu pendant 7\u00a0s" in hall.thread()[0].body
    assert hall.card()[2:] == [FRENCH.transcript_below]


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (CallServerUnreachable("away"), FRENCH.call_server_away),
        (CallServerRefused("wrong key"), FRENCH.call_server_refused),
    ],
)
async def test_a_call_that_cannot_be_opened_is_one_sentence_in_the_room(
    hall: Hall, error: CallError, sentence: str
) -> None:
    """No card, no recording; the next attempt begins anew."""
    hall.calls.failing = error
    await hall.hears("!visio")
    await hall.until(lambda: hall.said(sentence))
    meeting = await hall.register.latest_in(ROOM)
    assert meeting is not None
    assert (await hall.finishes(meeting)).finished_at is not None
    assert [event.body for event in hall.rooms.sent] == [sentence]
    assert hall.recorder.begun == []
    hall.calls.failing = None
    assert (await hall.begins("!visio")).id != meeting.id


async def test_a_call_server_that_is_away_for_a_while_ends_nothing(hall: Hall) -> None:
    """No answer says nothing about the call."""
    meeting = await hall.begins("!visio", "Claire")
    hall.calls.failing = CallServerUnreachable("away")
    await tell(meeting.id, LOOK)
    await tell(meeting.id, LOOK)
    hall.calls.failing = None
    hall.calls.join(CallId(meeting.id), "Marc")
    await tell(meeting.id, LOOK)
    await hall.until(lambda: "2 participants" in hall.card()[1])
    assert await hall.register.open_in(ROOM) is not None


async def test_a_transcription_that_is_stopped_leaves_nothing_and_the_call_goes_on(hall: Hall) -> None:
    """The recorder is put out, its sound erased at once; the card says who stopped it, and that nothing is recorded."""
    meeting = await hall.begins("!visio", "Claire")
    assert hall.spool.tracks(meeting.id) != []
    await hall.hears("!visio sans transcription")
    await hall.until(lambda: not hall.spool.folder(meeting.id).exists())
    assert (CallId(meeting.id), RECORDER) in hall.calls.removed
    assert CallId(meeting.id) in hall.calls.present
    stopped = FRENCH.transcription_stopped.format(user="Camille")
    await hall.until(lambda: hall.card()[-2:] == [FRENCH.not_transcribed, stopped])
    await hall.leaves(meeting)
    finished = await hall.finishes(meeting)
    assert not finished.transcribed
    assert hall.card()[2:] == [stopped]
    assert hall.archive.ids() == []
    assert hall.thread() == []


async def test_meetings_in_two_rooms_do_not_disturb_each_other(hall: Hall) -> None:
    """Each with its people, its end and its thread; each in the language of its room."""
    await hall.register.set_language(OTHER_ROOM, "en")
    here = await hall.begins("!visio Ici", "Claire")
    there = await hall.begins("!visio There", "Claire", "Marc", room=OTHER_ROOM)
    await hall.leaves(there)
    await hall.finishes(there)
    assert hall.card(OTHER_ROOM)[2:] == [ENGLISH.transcript_below]
    assert hall.card()[1].startswith("en cours · 1 participant")
    await hall.leaves(here)
    await hall.finishes(here)
    assert len(hall.thread()) == len(hall.thread(OTHER_ROOM)) == 3


async def test_a_meeting_without_transcription_records_nothing(tmp_path: Path, briskly: None) -> None:
    """By configuration: the card says so, and nobody is sent to record."""
    async with Hall(tmp_path, calls={"transcribe": False}).open() as hall:
        meeting = await hall.begins("!visio", "Claire")
        assert FRENCH.not_transcribed in hall.card()
        await hall.leaves(meeting)
        await hall.finishes(meeting)
        assert hall.recorder.begun == hall.speech.begun == []
        assert len(hall.card()) == 2


async def test_sound_is_kept_where_the_configuration_says_so(tmp_path: Path, briskly: None) -> None:
    """But not that of a transcription that was stopped."""
    async with Hall(tmp_path, keep_sound=True).open() as hall:
        kept = await hall.begins("!visio", "Claire")
        await hall.leaves(kept)
        await hall.finishes(kept)
        assert len(hall.spool.tracks(kept.id)) == 1
        stopped = await hall.begins("!visio", "Claire")
        await hall.hears("!visio sans transcription")
        await hall.leaves(stopped)
        await hall.finishes(stopped)
        assert hall.spool.tracks(stopped.id) == []


async def test_a_sentence_that_the_room_refuses_ends_nothing(hall: Hall) -> None:
    """The call goes on, and what there is of it is transcribed."""
    hall.recorder.breaks_off = "disk_full"
    hall.rooms.refusing_text[FRENCH.disk_full] = Forbidden("a rule of the room")
    meeting = await hall.begins("!visio", "Claire")
    assert CallId(meeting.id) in hall.calls.present
    await hall.leaves(meeting)
    await hall.finishes(meeting)
    assert hall.said(FRENCH.disk_full) == []
    assert hall.card()[2:] == [FRENCH.recording_incomplete, FRENCH.transcript_below]
    assert len(hall.thread()) == 3


# Giving up


async def test_a_room_that_refuses_the_card_is_free_again(hall: Hall) -> None:
    """The bot was put out, or may not speak: the meeting is given up, and its call closed."""
    hall.rooms.refusing[ROOM] = Forbidden("not in the room")
    await hall.hears("!visio")
    meeting = await hall.register.latest_in(ROOM)
    assert meeting is not None
    finished = await hall.finishes(meeting)
    assert finished.ended_at is not None
    assert finished.finished_at is not None
    assert CallId(meeting.id) not in hall.calls.present
    del hall.rooms.refusing[ROOM]
    assert (await hall.begins("!visio")).id != meeting.id


async def test_a_meeting_that_is_given_up_leaves_no_call_and_its_sound_is_transcribed_later(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody goes on being recorded in a call that the bot has forgotten; what was recorded is not lost."""
    monkeypatch.setattr("bot.meeting.transcribing.TOLD_EVERY_S", 0.2)
    meeting = await hall.begins("!visio")

    async def broken(_call: CallId) -> None:
        raise KeyError("a fault of our own")

    monkeypatch.setattr(hall.calls, "look", broken)
    await tell(meeting.id, LOOK)
    finished = await hall.finishes(meeting)
    assert finished.finished_at is not None
    assert CallId(meeting.id) not in hall.calls.present
    assert hall.said(FRENCH.call_given_up)
    assert hall.spool.tracks(meeting.id) != []
    await hall.redelivery.everywhere()
    await hall.until(lambda: hall.card()[2:] == [FRENCH.transcript_below])
    assert len(hall.thread()) == 3


@pytest.mark.parametrize("method", ["get", "note_card", "end", "finish"])
async def test_a_database_that_is_away_for_a_moment_ends_no_meeting(
    hall: Hall, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    """Wherever in its life that is."""
    monkeypatch.setattr("bot.store.insisting.BACKOFF", Backoff(0.01, 0.02))
    away_once(monkeypatch, hall.register, method)
    meeting = await hall.begins("!visio", "Claire")
    await hall.leaves(meeting)
    await hall.finishes(meeting)
    assert hall.card()[2:] == [FRENCH.transcript_below]
    assert not hall.said(FRENCH.call_given_up)


async def test_sound_that_cannot_be_erased_fails_no_meeting(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its transcript is in the room, and its card says so; the operator is told."""

    def busy(_: object) -> None:
        raise OSError(errno.ENOTEMPTY, "Directory not empty")

    monkeypatch.setattr(hall.spool, "erase", busy)
    meeting = await hall.begins("!visio", "Claire")
    await hall.leaves(meeting)
    with capture_logs() as logs:
        await hall.finishes(meeting)
    assert hall.card()[2:] == [FRENCH.transcript_below]
    assert not hall.said(FRENCH.call_given_up)
    assert "sound cannot be erased" in [entry["event"] for entry in logs]


async def test_a_transcript_that_is_damaged_is_said_and_made_anew(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    """The card is not left open, and the sound is kept for the next try."""
    monkeypatch.setattr("bot.meeting.transcribing.TOLD_EVERY_S", 0.2)
    hall.speech.damages = True
    meeting = await hall.begins("!visio", "Claire")
    await hall.leaves(meeting)
    finished = await hall.finishes(meeting)
    assert finished.finished_at is not None
    assert hall.card()[2:] == [FRENCH.transcription_failed]
    hall.speech.damages = False
    await hall.redelivery.everywhere()
    await hall.until(lambda: hall.card()[2:] == [FRENCH.transcript_below])
    await hall.until_idle(f"{meeting.id}.again.0")
    assert hall.spool.tracks(meeting.id) == []
