"""How Greffier is doing as a whole, on all its machines: its processes, the meetings, the work that waits.

Read from the database alone, so that the metrics of the front and `greffier status` say the same.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from dbos import WorkflowStatus
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.durable.workflows import RECORDINGS, TRANSCRIPTIONS, Queue, application_of
from bot.process.presence import Process, seen
from bot.store.register import Meeting, Register

QUEUES = (RECORDINGS, TRANSCRIPTIONS)
COUNTED = 1000
"""More waiting work than this is not counted: the answer is the same."""

ListWorkflows = Callable[..., Awaitable[list[WorkflowStatus]]]
"""`list_workflows_async`, of the durable work in this process or of a client to it."""


@dataclass(frozen=True)
class Waiting:
    """What waits in one queue."""

    queue: Queue
    jobs: int
    oldest_s: float
    """For how long the oldest has been asked for; 0 when nothing waits."""


@dataclass(frozen=True)
class Overview:
    """All of it, as of now."""

    processes: list[Process]
    in_call: list[Meeting]
    after_call: list[Meeting]
    """The call is over and something is still to be done, most of all the transcript."""
    waiting: tuple[Waiting, ...]
    undelivered: list[Meeting]
    """Their transcripts are kept, because they could not be posted."""

    @property
    def meetings(self) -> dict[str, list[Meeting]]:
        """Those about which something is to be done, by how far they are."""
        return {"in_call": self.in_call, "after_call": self.after_call}


def unheard_s(meetings: Iterable[Meeting]) -> float:
    """Seconds of speech that wait for being recognised; it grows where recognition is slower than people speak."""
    return sum(meeting.unheard_s or 0.0 for meeting in meetings if meeting.transcribing_s is None)


async def overview(engine: AsyncEngine, list_workflows: ListWorkflows) -> Overview:
    """Look at everything."""
    register = Register(engine)
    meetings = await register.unfinished()
    return Overview(
        processes=await seen(engine),
        in_call=[meeting for meeting in meetings if meeting.ended_at is None],
        after_call=[meeting for meeting in meetings if meeting.ended_at is not None],
        waiting=tuple([await _waiting(queue, list_workflows) for queue in QUEUES]),
        undelivered=await register.undelivered(),
    )


async def _waiting(queue: Queue, list_workflows: ListWorkflows) -> Waiting:
    jobs = await list_workflows(
        status="ENQUEUED",
        queue_name=queue.name,
        application_name=application_of(queue.role),
        limit=COUNTED,
        load_input=False,
        load_output=False,
    )
    asked_at_s = [job.created_at / 1000 for job in jobs if job.created_at is not None]
    return Waiting(queue, len(jobs), max(0.0, time.time() - min(asked_at_s)) if asked_at_s else 0.0)
