"""Durable workflows (DBOS): how one of our processes takes part in them, and what a step is.

What a process is doing when it dies is taken up at its unfinished step when it comes back. For that (measured):
- `executor_id` is the process's own and stable (`Identity`): two live processes with one id would run a step twice, so
  a lock sees to it that there is one (`alone`). What one that does not come back was doing is taken over (`takeover`).
- `application_version` is pinned: by default it is a hash of the source, and a deploy would strand running work.
- A process listens only on its own queues: `listen_queues([])` for one that only enqueues.
- Each kind of process is an application of its own to DBOS: interrupted work comes back through an internal queue that
  all processes of one application share, and another kind would take it and fail, not knowing the function.
Steps happen at least once, so each is idempotent; they are coarse, as each costs a write.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import structlog
from dbos import DBOS, DBOSConfig
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.process.alone import Lock, alone
from bot.process.identity import Identity, Role
from bot.process.presence import Heartbeat, beating, seen
from bot.process.stopping import bounded, in_a_thread_of_its_own
from bot.store.database import BUSY_TIMEOUT_S, Database
from bot.store.insisting import insist

log = structlog.get_logger()

T = TypeVar("T")

_VERSIONS: dict[Role, str] = {"front": "3", "recorder": "1", "speech": "1"}
"""Raised when the steps of the front's workflows change: what a former version began is then held anew. The jobs of the
others are one step each, and stay what they are: what waits for a former version would wait for ever."""
MAX_RECOVERY_ATTEMPTS = 8
"""How often a workflow is taken up again before it counts as one that kills its process."""
HELD = ("PENDING", "ENQUEUED", "DELAYED")
"""The states of a workflow that goes on, or will."""
QUEUE_POLL_S = 0.5
"""How soon work that was asked for is begun. A poll is a handful of queries: a process that waits takes 1 % of a core
for them (measured; 2 to 3 % at 0.2 s)."""
END_WITHIN_S = 8.0
"""How long each thing that a process does at its end may take."""
MESSAGE_POLL_S: dict[Role, float] = {"front": 0.2, "recorder": 5.0, "speech": 5.0}
"""How soon a message is noticed: the meetings, which wait for messages, are in the front alone."""


@dataclass(frozen=True)
class Queue:
    """Work that one kind of process does."""

    name: str
    role: Role
    at_once: int | None
    """How many one process does at a time; None: as many as there are."""


RECORDINGS = Queue("recordings", "recorder", at_once=None)
"""All of them: a call cannot wait for its recorder, so one that had to would be lost without a word."""
TRANSCRIPTIONS = Queue("transcriptions", "speech", at_once=None)
"""All of them too: to follow a meeting costs next to nothing, and how much is recognised at a time is not for the queue
to say (`transcripts.recognition.hearing`)."""


def application_of(role: Role) -> str:
    """The name under which processes of this role, and the work for them, are known to DBOS."""
    return f"greffier-{role}"


def version_of(role: Role) -> str:
    """The version that DBOS knows of what processes of this role do."""
    return f"{application_of(role)}-{_VERSIONS[role]}"


class UnderWay:
    """The workflows that run in this process, to be let go of before the durable work ends under them.

    They would take its end for a fault of their own; let go of, they are taken up where they are at the next start.
    """

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()
        self._over = False

    def enter(self) -> None:
        """The current task is a workflow."""
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            if self._over:
                task.cancel()

    async def leave_off(self) -> None:
        """Let go of all of them, and of those that still begin."""
        self._over = True
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class Part:
    """This process's part in the durable work."""

    def __init__(
        self, identity: Identity, queues: tuple[Queue, ...], lock: Lock, heartbeat: Heartbeat, engine: AsyncEngine
    ) -> None:
        self._identity = identity
        self._queues = queues
        self._lock = lock
        self._heartbeat = heartbeat
        self._engine = engine
        self._dbos: DBOS

    def launch(self, config: DBOSConfig) -> None:
        """Begin."""
        self._dbos = DBOS(config=config)
        _let_logs_through()
        DBOS.listen_queues([queue.name for queue in self._queues])
        DBOS.launch()

    async def hand_over(self) -> bool:
        """This process is about to end: take no more work, and put back on its queue what is being done here.

        It may go on being done until another process has begun with it; whatever is done here from now on counts no
        more (DBOS sees to that: the work has another owner). Without this, it would wait until this process is back.

        Returns:
            Whether another process is there to take it at once.
        """
        await self._heartbeat.stop()  # who leaves is no other: of two that leave together, neither waits in vain
        for event in self._dbos.background_thread_stop_events:
            event.set()
        if self._lock.lost or not self._queues:
            return False
        mine = await DBOS.list_workflows_async(
            status="PENDING",
            executor_id=self._identity.executor_id,
            queue_name=[queue.name for queue in self._queues],
            load_input=False,
            load_output=False,
        )
        for work in mine:
            await DBOS.resume_workflow_async(work.workflow_id, queue_name=work.queue_name)
        if mine:
            log.info("work handed back", work=[work.workflow_id for work in mine])
        return any(other.role == self._identity.role and other.is_alive for other in await seen(self._engine))


@asynccontextmanager
async def taking_part(identity: Identity, database: Database, queues: tuple[Queue, ...]) -> AsyncIterator[Part]:
    """Take part in the durable work as `identity`, on this event loop, doing what arrives in `queues`.

    The classes whose workflows are to run here must have been constructed before, and the database migrated.

    Raises:
        AlreadyRunning: Two processes with one id would do everything twice.
        NoLongerAlone: That there is only one is not certain any more; the block was cancelled.
    """
    async with alone(identity, database) as lock, beating(identity, database.engine) as heartbeat:
        part = Part(identity, queues, lock, heartbeat, database.engine)
        async with _launched(part, identity, database, queues):
            yield part


@asynccontextmanager
async def _launched(
    part: Part, identity: Identity, database: Database, queues: tuple[Queue, ...]
) -> AsyncIterator[None]:
    config: DBOSConfig = {
        "name": application_of(identity.role),
        "system_database_url": database.system_url,
        "executor_id": identity.executor_id,
        "application_version": version_of(identity.role),
        "notification_listener_polling_interval_sec": MESSAGE_POLL_S[identity.role],
        "log_level": "ERROR",  # at a warning it says of everything that is let go of at the end that it was cancelled
    }
    if not database.is_shared:
        config["db_engine_kwargs"] = {"connect_args": {"timeout": BUSY_TIMEOUT_S}}
    part.launch(config)
    try:
        for queue in queues:
            await DBOS.register_queue_async(
                queue.name, worker_concurrency=queue.at_once, polling_interval_sec=QUEUE_POLL_S
            )
        yield
    finally:
        await bounded("work handed back", part.hand_over(), END_WITHIN_S)
        # It waits for threads of its own, and one of these may be waiting for this loop.
        await bounded("durable work ended", in_a_thread_of_its_own(DBOS.destroy), END_WITHIN_S)
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor())  # its own, which it had set, is closed


def _let_logs_through() -> None:
    """DBOS writes its logs to standard error by itself; here they go the way of all others."""
    logger = logging.getLogger("dbos")
    logger.handlers.clear()
    logger.propagate = True


async def step(name: str, action: Callable[[], Awaitable[T]]) -> T:
    """Run `action` as one step of the current workflow: once it has returned, it is not run again.

    Its result is kept in the database, so it is small, and holds no word that anybody said. A database that is away in
    the middle of it is no reason to fail.
    """

    async def run() -> T:
        return await insist(action, step=name)

    return await DBOS.run_step_async({"name": name}, run)
