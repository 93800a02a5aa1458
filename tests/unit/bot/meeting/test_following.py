"""A call that goes on through what happens to LiveKit, to its webhooks, to the recorder and to the storage."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta

import pytest

from bot.durable.enqueueing import LOST
from bot.durable.signals import LOOK, Signal, tell
from bot.meeting.following import _heard
from bot.room.wording import FRENCH
from bridge.livekit.ids import CallId
from tests.unit.bot.hall import ROOM, Hall


def said_times(hall: Hall, sentence: str) -> int:
    """How often a sentence stands in the room as a message of its own."""
    return Counter(event.body for event in hall.rooms.of(ROOM) if event.edits is None)[sentence]


async def test_a_call_goes_on_through_a_restart_of_livekit(hall: Hall) -> None:
    """It is opened again with its limits, people come back to it, and the recording that goes on is not doubled."""
    meeting = await hall.begins("!visio Point budget", "Claire", "Marc")
    call = CallId(meeting.id)
    hall.calls.restart()
    await tell(meeting.id, LOOK)
    await hall.until(lambda: hall.calls.opened == [call, call])
    hall.calls.join(call, "Claire")
    await tell(meeting.id, LOOK)
    await hall.until(lambda: "1 participant " in hall.card()[1])
    assert hall.card()[1].startswith("en cours")
    await hall.leaves(meeting)
    await hall.finishes(meeting)
    assert hall.card()[1].endswith("2 participants")
    assert hall.card()[-1] == FRENCH.transcript_below
    assert hall.recorder.begun == [meeting.id]


async def test_a_call_to_which_nobody_comes_back_is_over(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its recorder, which came back, is put out, and what was said before is transcribed."""
    monkeypatch.setattr("bot.meeting.call_watch.RETURN_WITHIN_S", 0.3)
    monkeypatch.setattr("bot.meeting.following.LOOK_AGAIN_S", 0.1)
    meeting = await hall.begins("!visio", "Claire")
    hall.calls.restart()
    await tell(meeting.id, LOOK)
    await hall.finishes(meeting)
    assert hall.card()[-1] == FRENCH.transcript_below
    assert CallId(meeting.id) not in hall.calls.present


async def test_the_end_of_a_call_is_noticed_without_webhooks(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    """The recorder is told by LiveKit itself, and looking shows the rest."""
    monkeypatch.setattr("bot.meeting.following.LOOK_EVERY_S", 0.2)
    meeting = await hall.begins("!visio", "Claire")
    hall.calls.everyone_leaves(CallId(meeting.id))
    await hall.finishes(meeting)
    assert hall.card()[-1] == FRENCH.transcript_below


async def test_the_same_closing_word_twice_and_an_old_one_end_nothing_that_goes_on(hall: Hall) -> None:
    """Webhooks come doubled and out of order: the call is looked at, and it is there."""
    meeting = await hall.begins("!visio", "Claire")
    for signal in (Signal("closed"), Signal("closed"), LOOK):
        await tell(meeting.id, signal)
    hall.calls.join(CallId(meeting.id), "Marc")
    await tell(meeting.id, LOOK)
    await hall.until(lambda: "2 participants" in hall.card()[1])
    assert await hall.register.open_in(ROOM) is not None


async def test_a_call_that_goes_on_although_its_recorder_was_told_it_was_over_is_recorded_again(hall: Hall) -> None:
    """Whoever came back by a valid link has opened the room anew: the recorder must be there too."""
    meeting = await hall.begins("!visio", "Claire")
    call = CallId(meeting.id)
    hall.calls.over.add(call)
    await hall.until(lambda: hall.recorder.done == [meeting.id])
    hall.calls.over.discard(call)
    await tell(meeting.id, LOOK)
    await hall.until(lambda: hall.recorder.begun == [meeting.id, meeting.id])
    await hall.leaves(meeting)
    await hall.finishes(meeting)
    assert hall.recorder.done == [meeting.id, meeting.id]
    assert hall.card()[-1] == FRENCH.transcript_below


@pytest.mark.parametrize(
    ("problem", "sentence", "at_its_end"),
    [
        ("disk_full", FRENCH.disk_full, FRENCH.recording_resumed),
        ("storage_away", FRENCH.storage_away, FRENCH.storage_back),  # it was recorded all along
        ("out_of_the_call", FRENCH.recording_broken, FRENCH.recording_resumed),
    ],
)
async def test_trouble_with_the_recording_is_told_at_once_and_so_is_its_end(
    hall: Hall, problem: str, sentence: str, at_its_end: str
) -> None:
    """One sentence each; the call goes on, and its transcript comes."""
    meeting = await hall.begins("!visio", "Claire")
    await tell(meeting.id, Signal("recording_broken", problem=problem))
    await hall.until(lambda: said_times(hall, sentence) == 1)
    await tell(meeting.id, Signal("recording_resumed"))
    await hall.until(lambda: said_times(hall, at_its_end) == 1)
    await hall.leaves(meeting)
    await hall.finishes(meeting)
    assert hall.card()[-1] == FRENCH.transcript_below


async def test_the_card_says_that_the_call_is_over_although_the_storage_is_away(hall: Hall) -> None:
    """For hours, maybe; nobody is to be invited into a call that has ended, and the transcript is not forgotten."""
    hall.recorder.says_when_done = False
    meeting = await hall.begins("!visio", "Claire")
    await tell(meeting.id, Signal("recording_broken", problem="storage_away"))
    await hall.until(lambda: said_times(hall, FRENCH.storage_away) == 1)
    await hall.leaves(meeting)
    await hall.until(lambda: hall.card()[-1] == FRENCH.storage_awaited)
    assert hall.card()[1].startswith("terminé")
    hall.recorder.says_when_done = True
    await hall.finishes(meeting)
    assert hall.card()[2:] == [FRENCH.transcript_below]


async def test_a_call_is_looked_at_although_people_never_stop_coming_and_going(monkeypatch: pytest.MonkeyPatch) -> None:
    """A burst has an end."""

    async def one_more(_: float) -> Signal:
        await asyncio.sleep(0)
        return LOOK

    monkeypatch.setattr("bot.meeting.following.next_signal", one_more)
    async with asyncio.timeout(10):
        assert await _heard(15.0) == LOOK


async def test_a_transcription_is_stopped_by_whoever_says_so_before_the_call_is_closed(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`!visio fin`, then at once `!visio sans transcription`: the bot has said that it stops."""
    meeting = await hall.begins("!visio", "Claire")
    close, closing, may_close = hall.calls.close, asyncio.Event(), asyncio.Event()

    async def close_slowly(call: CallId) -> None:
        closing.set()
        await may_close.wait()
        await close(call)

    monkeypatch.setattr(hall.calls, "close", close_slowly)
    await tell(meeting.id, Signal("end", by="Claire"))
    await closing.wait()
    await tell(meeting.id, Signal("stop_transcription", by="Marc"))
    may_close.set()
    await hall.finishes(meeting)
    assert hall.thread() == []
    assert hall.card()[2:] == [FRENCH.ended_by.format(user="Claire"), FRENCH.transcription_stopped.format(user="Marc")]
    assert hall.spool.tracks(meeting.id) == []


async def test_a_job_that_is_lost_is_noticed_without_its_word(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that kills its process each time is not tried for ever: the room is told that it failed."""

    async def lost(*_: object) -> str:
        return LOST

    monkeypatch.setattr("bot.meeting.transcribing.TOLD_EVERY_S", 0.2)
    hall.speech.may_finish = False
    meeting = await hall.begins("!visio", "Claire")
    await hall.leaves(meeting)
    await hall.until(lambda: hall.said(FRENCH.transcribing))
    monkeypatch.setattr("bot.meeting.transcribing.ended_as", lost)
    await hall.finishes(meeting)
    assert hall.card()[-1] == FRENCH.transcription_failed


# Its transcription


async def test_a_call_is_followed_from_its_first_recording_on(hall: Hall) -> None:
    """Once, however often it is recorded anew; nobody is told that the sound is all there before it is."""
    meeting = await hall.begins("!visio", "Claire", "Marc")
    await hall.until(lambda: hall.speech.begun == [meeting.id])
    hall.recorder.breaks_off = ""
    await hall.until(lambda: len(hall.recorder.begun) > 1)
    hall.recorder.breaks_off = None
    known = await hall.register.get(meeting.id)
    assert known is not None
    assert known.recorded_at is None
    await hall.leaves(meeting)
    finished = await hall.finishes(meeting)
    assert finished.recorded_at is not None
    assert hall.speech.begun == [meeting.id]
    assert hall.card()[-1] == FRENCH.transcript_below


async def test_a_call_that_is_no_longer_followed_is_transcribed_after_it(hall: Hall) -> None:
    """Its job ended in the middle, whatever the reason: another one has the whole of it to do."""
    hall.speech.breaks_off = "failed"
    meeting = await hall.begins("!visio", "Claire")
    await hall.until(lambda: hall.speech.breaks_off is None)
    await hall.leaves(meeting)
    await hall.finishes(meeting)
    assert hall.speech.begun == [meeting.id, meeting.id]
    assert hall.card()[-1] == FRENCH.transcript_below
    assert len(hall.thread()) == 3


async def test_a_room_is_told_roughly_when_its_transcript_comes(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once it can be seen how fast what is unheard becomes less."""
    monkeypatch.setattr("bot.meeting.transcribing.TOLD_EVERY_S", 0.2)
    hall.speech.may_finish = False
    meeting = await hall.begins("!visio", "Claire")
    await hall.register.note_unheard(meeting.id, 7200.0)
    await hall.leaves(meeting)
    await hall.until(lambda: hall.card()[-1] == FRENCH.transcribing)
    hall.later = timedelta(minutes=10)
    await hall.register.note_unheard(meeting.id, 3600.0)
    await hall.until(lambda: "environ 10\u00a0min" in hall.card()[-1])
    hall.speech.may_finish = True
    await hall.finishes(meeting)
    assert hall.card()[-1] == FRENCH.transcript_below
