"""A process that is told to stop ends within a bound, and what it was doing is taken up at once."""

from __future__ import annotations

from bot.durable.enqueueing import enqueue_recording, enqueue_transcription
from bot.durable.workflows import RECORDINGS, TRANSCRIPTIONS
from bot.process.presence import seen
from bot.running.recorder import REPLACED_WITHIN_S
from tests.integration.durable.fleet import Fleet
from transcripts.storage.spool import MeetingId

MEETING = MeetingId("m-1")
LEAVES_WITHIN_S = 8.0


async def test_a_recorder_stays_until_another_has_taken_its_place(fleet: Fleet) -> None:
    """So no sound is missing."""
    told = await fleet.hold(MEETING)
    await fleet.start("is_replaced", "recorder", "a")
    await enqueue_recording(MEETING, 1)
    await fleet.begun(MEETING, "a")
    await fleet.start("is_replaced", "recorder", "b")
    assert await fleet.terminate("a") < REPLACED_WITHIN_S + LEAVES_WITHIN_S
    assert fleet.works(MEETING) == ["a begins", "b begins", "a ends"]
    fleet.may_finish(MEETING)
    assert await told == [{"kind": "recording_over", "by": "", "problem": ""}]
    assert await fleet.job_ends(MEETING, RECORDINGS) == "SUCCESS"


async def test_a_recorder_that_is_not_replaced_leaves_all_the_same(fleet: Fleet) -> None:
    """The other one may be stuck; within a bound, and the work stays for whoever comes."""
    await fleet.hold(MEETING)
    await fleet.start("waits", "recorder", "a")
    await enqueue_recording(MEETING, 1)
    await fleet.begun(MEETING, "a")
    await fleet.start("waits", "recorder", "b")
    took_s = await fleet.terminate("a")
    assert REPLACED_WITHIN_S <= took_s < REPLACED_WITHIN_S + LEAVES_WITHIN_S
    assert fleet.works(MEETING) == ["a begins", "b begins"]


async def test_the_only_recorder_leaves_at_once_and_goes_on_when_it_is_back(fleet: Fleet) -> None:
    """There is nobody to wait for; its work is back on the queue, and nobody is told anything yet."""
    told = await fleet.hold(MEETING)
    await fleet.start("waits", "recorder", "a")
    await enqueue_recording(MEETING, 1)
    await fleet.begun(MEETING, "a")
    assert await fleet.terminate("a") < LEAVES_WITHIN_S
    job = await fleet.job(MEETING, RECORDINGS)
    assert (job.status, job.queue_name) == ("ENQUEUED", "recordings")
    assert [process.executor_id for process in await seen(fleet.database.engine)] == ["front"]
    await fleet.start("waits", "recorder", "a")
    await fleet.begun(MEETING, "a", "a")
    fleet.may_finish(MEETING)
    assert await told == [{"kind": "recording_over", "by": "", "problem": ""}]


async def test_a_speech_process_in_native_code_ends_all_the_same(fleet: Fleet) -> None:
    """Nothing interrupts that code; the process goes away under it, and another takes the work."""
    told = await fleet.hold(MEETING)
    await fleet.start("computes", "speech", "a")
    await enqueue_transcription(MEETING)
    await fleet.begun(MEETING, "a")
    assert await fleet.terminate("a") < LEAVES_WITHIN_S
    fleet.may_finish(MEETING)
    await fleet.start("computes", "speech", "b")
    assert await told == [{"kind": "transcription_over", "by": "", "problem": ""}]
    assert fleet.works(MEETING) == ["a begins", "b begins", "b ends"]
    assert await fleet.job_ends(MEETING, TRANSCRIPTIONS) == "SUCCESS"
