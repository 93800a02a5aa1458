"""Takes up the work of recorders and speech processes that are gone: in the front, every few seconds.

Nothing is lost if this is wrong about a process that still runs. Its work gets another owner, and DBOS records neither
step nor outcome nor message of the old one from then on; a recorder is put out of the call by the one that takes its
place. Nothing is taken over before two looks in a row have gone well: after the database was away, or the whole
machine, those who are there need a moment to say so.

Resumed, work counts its attempts anew. So how often it was taken over is kept with it, and work that was so too often,
or that DBOS gave up because it brought its own process down again and again, ends here: its meeting is told, and goes
on without it. At worst such work is begun `MAX_TAKEOVERS + 1` times `MAX_RECOVERY_ATTEMPTS + 1` times.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict

import structlog
from dbos import DBOS, WorkflowStatus
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.durable.enqueueing import job_of
from bot.durable.jobs import OVER
from bot.durable.signals import Signal, tell
from bot.durable.workflows import application_of
from bot.process.presence import Process, forget, seen

log = structlog.get_logger()

LOOK_EVERY_S = 10.0
ANSWERS_WITHIN_S = 30.0
MAX_TAKEOVERS = 8
FORGOTTEN_AFTER_S = 24 * 3600.0
"""A process that is gone is shown to the operator for this long."""
_TAKEOVERS = "greffier.takeovers"
_GIVEN_UP = "MAX_RECOVERY_ATTEMPTS_EXCEEDED"


async def keep_taking_over(engine: AsyncEngine) -> None:
    """Look for ever."""
    quiet = False
    while True:
        await asyncio.sleep(LOOK_EVERY_S)
        try:
            async with asyncio.timeout(ANSWERS_WITHIN_S):
                processes = await seen(engine)
                if quiet:
                    await take_over(engine, processes)
        except Exception as error:  # noqa: BLE001 (whatever it is, the next look may go better)
            log.warning("work of processes that are gone was not looked for", cause=type(error).__name__)
            quiet = False
        else:
            quiet = True


async def take_over(engine: AsyncEngine, processes: list[Process]) -> None:
    """Put the work of processes that are gone back on its queue, and end the work that was interrupted too often."""
    alive = {process.executor_id for process in processes if process.is_alive}
    orphans: dict[str, list[WorkflowStatus]] = defaultdict(list)
    for job in await _jobs("PENDING"):
        if job.executor_id not in alive:
            orphans[job.executor_id or ""].append(job)
    for executor_id, jobs in orphans.items():
        log.warning(
            "process is gone and its work is taken over",
            process=executor_id,
            meetings=[job_of(job.workflow_id)[0] for job in jobs],
        )
        for job in jobs:
            await _resume(job)
    for job in await _jobs(_GIVEN_UP):
        await _give_up(job)
    for process in processes:
        if process.seen_s > FORGOTTEN_AFTER_S:
            await forget(engine, process.executor_id)


async def _jobs(status: str) -> list[WorkflowStatus]:
    return await DBOS.list_workflows_async(
        status=status,
        application_name=[application_of(queue.role) for queue in OVER],
        name="work",
        load_input=False,
        load_output=False,
    )


async def _resume(job: WorkflowStatus) -> None:
    takeovers = (job.attributes or {}).get(_TAKEOVERS, 0) + 1
    if takeovers > MAX_TAKEOVERS:
        await _give_up(job)
        return
    await DBOS.update_workflow_attributes_async(job.workflow_id, {_TAKEOVERS: takeovers}, merge=True)
    _, queue = job_of(job.workflow_id)
    await DBOS.resume_workflow_async(job.workflow_id, queue_name=queue.name)


async def _give_up(job: WorkflowStatus) -> None:
    meeting, queue = job_of(job.workflow_id)
    log.error("job given up: it was interrupted too often", meeting_id=meeting, queue=queue.name)
    await tell(meeting, Signal(OVER[queue], problem="interrupted"), once=f"{job.workflow_id}.given-up")
    await DBOS.cancel_workflow_async(job.workflow_id)
