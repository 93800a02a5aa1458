"""What the recorder and the speech process do for a meeting: two durable jobs, and how the front asks for them."""

from __future__ import annotations

import errno
from collections.abc import Awaitable, Callable

import structlog
from dbos import DBOS, DBOSConfiguredInstance, EnqueueOptions

from bot.durable import MAX_RECOVERY_ATTEMPTS, RECORDINGS, TRANSCRIPTIONS, Queue, UnderWay, application_of, step
from bot.signals import Kind, Signal, tell
from transcripts.spool import MeetingId

DISK_FULL = "disk_full"
"""A problem of a job that the room is told in words of its own."""
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)

Work = Callable[[MeetingId], Awaitable[str | None]]
"""Does the job for one meeting. Returns what went wrong, as one word; empty when nothing did; None when another
process has taken the job over and will say so itself. Safe to repeat."""


def storage_problem(number: int | None) -> str:
    """The problem that an `OSError` of this number is to a job."""
    return DISK_FULL if number in _NO_ROOM else "not_written"


@DBOS.dbos_class()
class Jobs(DBOSConfiguredInstance):
    """The jobs of one queue, done in this process. Constructed before the durable work begins."""

    def __init__(self, queue: Queue, work: Work, over: Kind) -> None:
        self._work = work
        self._over = over
        self._under_way = UnderWay()
        super().__init__(queue.name)

    @DBOS.workflow(name="work", max_recovery_attempts=MAX_RECOVERY_ATTEMPTS)
    async def work(self, meeting_id: str) -> None:
        """Do the job and tell the meeting how it went."""
        self._under_way.enter()
        meeting = MeetingId(meeting_id)
        with structlog.contextvars.bound_contextvars(meeting_id=meeting):
            problem = await step("work", lambda: self._work(meeting))
            if problem is not None:
                await tell(meeting, Signal(self._over, problem=problem))

    async def leave_off(self) -> None:
        """This process ends: let go of every job where it is."""
        await self._under_way.leave_off()


def recordings(work: Work) -> Jobs:
    """The recorder's jobs."""
    return Jobs(RECORDINGS, work, "recording_over")


def transcriptions(work: Work) -> Jobs:
    """The speech process's jobs."""
    return Jobs(TRANSCRIPTIONS, work, "transcription_over")


async def enqueue_recording(meeting: MeetingId) -> None:
    """Have the call of this meeting recorded, once."""
    await _enqueue(RECORDINGS, meeting)


async def enqueue_transcription(meeting: MeetingId) -> None:
    """Have the sound of this meeting transcribed, once."""
    await _enqueue(TRANSCRIPTIONS, meeting)


async def _enqueue(queue: Queue, meeting: MeetingId) -> None:
    options: EnqueueOptions = {
        "workflow_name": "work",
        "class_name": Jobs.__name__,
        "instance_name": queue.name,
        "queue_name": queue.name,
        "application_name": application_of(queue.role),
        "workflow_id": f"{meeting}.{queue.name}",
    }
    await DBOS.enqueue_workflow_with_options_async(options, meeting)
