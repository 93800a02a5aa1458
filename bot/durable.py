"""Durable workflows (DBOS): how one of our processes takes part in them, and what a step is.

What a process is doing when it dies is taken up at its unfinished step when it comes back. For that (measured):
- `executor_id` is the process's own and stable: two live processes with one id would run a step twice, so a lock in the
  storage folder sees to it that there is one.
- `application_version` is pinned: by default it is a hash of the source, and a deploy would strand running work.
- A process listens only on its own queues: `listen_queues([])` for one that only enqueues.
- Each kind of process is an application of its own to DBOS: interrupted work comes back through an internal queue that
  all processes of one application share, and another kind would take it and fail, not knowing the function.
Steps happen at least once, so each is idempotent; they are coarse, as each costs a write.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from dbos import DBOS, DBOSConfig

from bot.database import BUSY_TIMEOUT_S

Role = Literal["front", "recorder", "speech"]
T = TypeVar("T")

_APPLICATION_VERSION = "1"
MAX_RECOVERY_ATTEMPTS = 8
"""How often a workflow is taken up again before it counts as one that kills its process."""
QUEUE_POLL_S = 0.5
"""How soon work that was asked for is begun. A poll is a handful of queries: a process that waits takes 1 % of a core
for them (measured; 2 to 3 % at 0.2 s)."""
LOCK_WITHIN_S = 25.0
LOCK_POLL_S = 0.1
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
TRANSCRIPTIONS = Queue("transcriptions", "speech", at_once=1)
"""One at a time: a recognition takes all the cores it is given."""


def application_of(role: Role) -> str:
    """The name under which processes of this role, and the work for them, are known to DBOS."""
    return f"greffier-{role}"


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


class AlreadyRunning(Exception):
    """Another process has this role on the same storage; the message says which."""


@asynccontextmanager
async def _alone_as(role: Role, folder: Path) -> AsyncIterator[None]:
    """Be the only process of this role on this storage: a lock that the system lets go of however the process ends."""
    with (folder / f"{role}.lock").open("a") as file:
        for _ in range(round(LOCK_WITHIN_S / LOCK_POLL_S)):  # an earlier process may still be on its way out
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                await asyncio.sleep(LOCK_POLL_S)
        else:
            raise AlreadyRunning(f"another {role} is running on storage.folder {folder}: stop it first")
        yield


@asynccontextmanager
async def taking_part(role: Role, database: Path, queues: tuple[Queue, ...]) -> AsyncIterator[None]:
    """Take part in the durable work as `role`, on this event loop, doing what arrives in `queues`.

    The classes whose workflows are to run here must have been constructed before.

    Raises:
        AlreadyRunning: Two processes with one id would do everything twice.
    """
    async with _alone_as(role, database.parent), _launched(role, database, queues):
        yield


@asynccontextmanager
async def _launched(role: Role, database: Path, queues: tuple[Queue, ...]) -> AsyncIterator[None]:
    config: DBOSConfig = {
        "name": application_of(role),
        "system_database_url": f"sqlite:///{database}",
        "db_engine_kwargs": {"connect_args": {"timeout": BUSY_TIMEOUT_S}},
        "executor_id": role,
        "application_version": f"{application_of(role)}-{_APPLICATION_VERSION}",
        "notification_listener_polling_interval_sec": MESSAGE_POLL_S[role],
        "log_level": "ERROR",  # at a warning it says of everything that is let go of at the end that it was cancelled
    }
    DBOS(config=config)
    _let_logs_through()
    DBOS.listen_queues([queue.name for queue in queues])
    DBOS.launch()
    try:
        for queue in queues:
            await DBOS.register_queue_async(
                queue.name, worker_concurrency=queue.at_once, polling_interval_sec=QUEUE_POLL_S
            )
        yield
    finally:
        # It waits for threads of its own, and one of these may be waiting for this loop.
        with ThreadPoolExecutor(1) as thread:
            await asyncio.get_running_loop().run_in_executor(thread, DBOS.destroy)


def _let_logs_through() -> None:
    """DBOS writes its logs to standard error by itself; here they go the way of all others."""
    logger = logging.getLogger("dbos")
    logger.handlers.clear()
    logger.propagate = True


async def step(name: str, action: Callable[[], Awaitable[T]]) -> T:
    """Run `action` as one step of the current workflow: once it has returned, it is not run again.

    Its result is kept in the database, so it is small, and holds no word that anybody said.
    """

    async def run() -> T:
        return await action()

    return await DBOS.run_step_async({"name": name}, run)
