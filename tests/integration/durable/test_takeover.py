"""The work of a process that is gone is taken up by another one; and if it was not gone, no harm is done."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text

from bot.durable.enqueueing import enqueue_recording, enqueue_transcription
from bot.durable.workflows import RECORDINGS, TRANSCRIPTIONS
from tests.integration.durable.fleet import Fleet
from transcripts.storage.spool import MeetingId

MEETING = MeetingId("m-1")
TOLD_WELL = {"kind": "recording_over", "by": "", "problem": ""}


async def test_work_of_a_process_that_is_gone_is_taken_up_by_another(fleet: Fleet) -> None:
    """From the queue that it came from, whoever is there; the meeting hears once that it is done."""
    told = await fleet.hold(MEETING)
    await fleet.start("waits", "recorder", "a")
    await enqueue_recording(MEETING, 1)
    await fleet.begun(MEETING, "a")
    await fleet.kill("a")
    await fleet.start("waits", "recorder", "b")
    await fleet.take_over()
    assert fleet.works(MEETING) == ["a begins"]  # it was seen a moment ago, and may come back
    await fleet.miss("recorder@a")
    await fleet.take_over()
    await fleet.begun(MEETING, "a", "b")
    fleet.may_finish(MEETING)
    assert await told == [TOLD_WELL]
    assert await fleet.job_ends(MEETING, RECORDINGS) == "SUCCESS"


async def test_work_of_a_process_that_is_not_known_is_taken_up(fleet: Fleet) -> None:
    """Its row is not there: it stopped badly, or is of a version that had none."""
    told = await fleet.hold(MEETING)
    await fleet.start("waits", "recorder", "a")
    await enqueue_recording(MEETING, 1)
    await fleet.begun(MEETING, "a")
    await fleet.kill("a")
    async with fleet.database.engine.begin() as connection:
        await connection.execute(text("DELETE FROM processes WHERE executor_id = 'recorder@a'"))
    await fleet.start("waits", "recorder", "b")
    await fleet.take_over()
    await fleet.begun(MEETING, "a", "b")
    fleet.may_finish(MEETING)
    assert await told == [TOLD_WELL]


@pytest.mark.parametrize("work", ["waits", "is_replaced"])
async def test_a_false_alarm_does_no_harm(fleet: Fleet, work: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both do the work; one is heard, whichever ends first, and the work ends well."""
    monkeypatch.setattr("bot.durable.takeover.MAX_TAKEOVERS", 100)
    told = await fleet.hold(MEETING)
    await fleet.start(work, "recorder", "a")
    await enqueue_recording(MEETING, 1)
    await fleet.begun(MEETING, "a")
    await fleet.start(work, "recorder", "b")
    for _ in range(50):  # the process that was missed goes on and may take its own work again
        again = asyncio.create_task(fleet.begun_again(MEETING))
        await asyncio.sleep(0)
        await fleet.miss("recorder@a")
        await fleet.take_over()
        await again
        if "b begins" in fleet.works(MEETING):
            break
    fleet.may_finish(MEETING)
    assert await told == [TOLD_WELL]
    assert await fleet.job_ends(MEETING, RECORDINGS) == "SUCCESS"


async def test_work_that_brings_every_process_down_ends(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    """After so many takeovers; the meeting is told, and goes on without it."""
    monkeypatch.setattr("bot.durable.takeover.MAX_TAKEOVERS", 2)
    told = await fleet.hold(MEETING)
    await enqueue_transcription(MEETING)
    for name in ("a", "b", "c"):
        await fleet.start("dies", "speech", name)
        assert await fleet.ends(name) < 0
        await fleet.miss(f"speech@{name}")
        await fleet.take_over()
    assert [line for line in fleet.works(MEETING) if line.endswith("begins")] == ["a begins", "b begins", "c begins"]
    assert await told == [{"kind": "transcription_over", "by": "", "problem": "interrupted"}]
    assert await fleet.job_ends(MEETING, TRANSCRIPTIONS) == "CANCELLED"
    await fleet.take_over()
    assert (await fleet.job(MEETING, TRANSCRIPTIONS)).status == "CANCELLED"


async def test_work_that_always_brings_its_own_process_down_ends(fleet: Fleet) -> None:
    """The process comes back each time and takes it up by itself, until DBOS gives it up; the meeting is told."""
    told = await fleet.hold(MEETING)
    await enqueue_transcription(MEETING)
    await fleet.start("dies", "speech", "a")
    assert await fleet.ends("a") < 0
    async with fleet.database.engine.begin() as connection:
        await connection.execute(text("UPDATE workflow_status SET recovery_attempts = 9 WHERE status = 'PENDING'"))
    await fleet.start("waits", "speech", "a")
    assert await fleet.job_ends(MEETING, TRANSCRIPTIONS) == "MAX_RECOVERY_ATTEMPTS_EXCEEDED"
    await fleet.take_over()
    assert await told == [{"kind": "transcription_over", "by": "", "problem": "interrupted"}]
    assert fleet.works(MEETING) == ["a begins"]
