"""The jobs of the recorder and the speech process."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.durable.enqueueing import ended_as, job_id, job_of
from bot.durable.workflows import RECORDINGS, TRANSCRIPTIONS, Queue
from tests.fakes.jobs import FakeSpeech
from tests.unit.bot.hall import Hall
from transcripts.storage.spool import MeetingId


class BrokenSpeech(FakeSpeech):
    """Fails in a way that nobody foresaw."""

    async def work(self, meeting: MeetingId) -> str | None:
        """Fail."""
        raise KeyError(meeting)


async def test_a_job_that_fails_in_a_way_that_nobody_foresaw_is_over(tmp_path: Path, briskly: None) -> None:
    """The meeting hears of it, and does not wait for a day."""
    greffier = Hall(tmp_path)
    greffier.speech = BrokenSpeech(greffier.archive, ())
    async with greffier.open() as hall:
        meeting = await hall.begins("!visio Point budget", "Claire")
        await hall.leaves(meeting)
        await hall.finishes(meeting)
        assert hall.said("La transcription a échoué")


async def test_a_job_whose_end_was_heard_before_it_was_over_is_looked_after_soon(
    tmp_path: Path, briskly: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It told the meeting while that listened for something else, and was still ending when the meeting looked."""
    looks = 0

    async def still_ending(queue: Queue, meeting: MeetingId, number: int = 1) -> str | None:
        nonlocal looks
        looks += 1
        return None if looks <= 2 else await ended_as(queue, meeting, number)

    monkeypatch.setattr("bot.meeting.transcribing.ended_as", still_ending)
    greffier = Hall(tmp_path)
    greffier.speech = BrokenSpeech(greffier.archive, ())
    async with greffier.open() as hall:
        meeting = await hall.begins("!visio Point budget", "Claire")
        await hall.until_idle(job_id(TRANSCRIPTIONS, meeting.id))
        await asyncio.sleep(0.3)  # what it said is heard while the call goes on
        await hall.leaves(meeting)
        await hall.finishes(meeting)
        assert hall.said("La transcription a échoué")
    assert looks >= 3


@pytest.mark.parametrize("queue", [RECORDINGS, TRANSCRIPTIONS])
def test_the_id_of_a_job_says_whose_it_is(queue: Queue) -> None:
    """The first one of a meeting, and one that came after it."""
    assert job_of(job_id(queue, MeetingId("m-1"))) == (MeetingId("m-1"), queue)
    assert job_of(job_id(queue, MeetingId("m-1"), 2)) == (MeetingId("m-1"), queue)
