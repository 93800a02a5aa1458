"""What the front asks of the recorder and the speech process: a job, and how it ended.

A job's end is kept with the job; the signal that a process sends when it is done only says that it is time to look.
"""

from __future__ import annotations

from dbos import DBOS, EnqueueOptions

from bot.durable.workflows import HELD, RECORDINGS, TRANSCRIPTIONS, Queue, application_of, version_of
from transcripts.storage.spool import MeetingId

LOST = "lost"
"""The problem of a job that was interrupted too often, and is not tried again."""


async def enqueue_recording(meeting: MeetingId, number: int) -> None:
    """Have the call of this meeting recorded, once for each `number`."""
    await _enqueue(RECORDINGS, meeting, number)


async def enqueue_transcription(meeting: MeetingId, number: int = 1) -> None:
    """Have this meeting followed until it is recorded, and transcribed, once for each `number`."""
    await _enqueue(TRANSCRIPTIONS, meeting, number)


async def ended_as(queue: Queue, meeting: MeetingId, number: int = 1) -> str | None:
    """What went wrong with a job, as one word; empty where nothing did; None while it is still to be done."""
    job = await DBOS.get_workflow_status_async(job_id(queue, meeting, number))
    if job is not None and job.status in HELD:
        return None
    return (job.output or "") if job is not None and job.status == "SUCCESS" else LOST


async def asked_for(queue: Queue, meeting: MeetingId) -> int:
    """How many jobs in this queue have been asked for, for this meeting."""
    prefix = job_id(queue, meeting)
    jobs = await DBOS.list_workflows_async(workflow_id_prefix=prefix, load_input=False, load_output=False)
    return len(jobs)


def job_id(queue: Queue, meeting: MeetingId, number: int = 1) -> str:
    """The id of a meeting's job in this queue, or of the one that came after it."""
    return f"{meeting}.{queue.name}" if number == 1 else f"{meeting}.{queue.name}.{number}"


def job_of(identifier: str) -> tuple[MeetingId, Queue]:
    """The meeting and the queue of a job."""
    meeting, name = identifier.split(".")[:2]
    return MeetingId(meeting), next(queue for queue in (RECORDINGS, TRANSCRIPTIONS) if queue.name == name)


async def _enqueue(queue: Queue, meeting: MeetingId, number: int) -> None:
    options: EnqueueOptions = {
        "workflow_name": "work",
        "class_name": "Jobs",
        "instance_name": queue.name,
        "queue_name": queue.name,
        "application_name": application_of(queue.role),
        "app_version": version_of(queue.role),
        "workflow_id": job_id(queue, meeting, number),
    }
    await DBOS.enqueue_workflow_with_options_async(options, meeting)
