"""Durable workflows (DBOS): how one of our processes takes part in them, and what a step is.

What a process is doing when it dies is taken up at its unfinished step when it comes back. For that (measured):
- `executor_id` is the process's own and stable: two live processes with one id would run a step twice.
- `application_version` is pinned: by default it is a hash of the source, and a deploy would strand running work.
- A process listens only on its own queues: `listen_queues([])` for one that only enqueues.
Steps happen at least once, so each is idempotent; they are coarse, as each costs a write.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from dbos import DBOS, DBOSConfig

Role = Literal["front", "recorder", "speech"]
T = TypeVar("T")

_APPLICATION_VERSION = "1"
MAX_RECOVERY_ATTEMPTS = 8
"""How often a workflow is taken up again before it counts as one that kills its process."""
QUEUE_POLL_S = 0.5
"""How soon work that was asked for is begun. On SQLite a poll is a handful of queries: at 0.2 s they took a quarter of
a core in each process that waits (measured)."""
MESSAGE_POLL_S: dict[Role, float] = {"front": 0.2, "recorder": 5.0, "speech": 5.0}
"""How soon a message is noticed: the meetings, which wait for messages, are in the front alone."""


@dataclass(frozen=True)
class Queue:
    """Work that one kind of process does."""

    name: str
    at_once: int


RECORDINGS = Queue("recordings", at_once=64)
TRANSCRIPTIONS = Queue("transcriptions", at_once=1)
"""One at a time: a recognition takes all the cores it is given."""


@asynccontextmanager
async def taking_part(role: Role, database: Path, queues: tuple[Queue, ...]) -> AsyncIterator[None]:
    """Take part in the durable work as `role`, on this event loop, doing what arrives in `queues`.

    The classes whose workflows are to run here must have been constructed before.
    """
    config: DBOSConfig = {
        "name": "greffier",
        "system_database_url": f"sqlite:///{database}",
        "db_engine_kwargs": {"connect_args": {"timeout": 30}},
        "executor_id": role,
        "application_version": _APPLICATION_VERSION,
        "notification_listener_polling_interval_sec": MESSAGE_POLL_S[role],
        "log_level": "WARNING",
    }
    DBOS(config=config)
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


async def step(name: str, action: Callable[[], Awaitable[T]]) -> T:
    """Run `action` as one step of the current workflow: once it has returned, it is not run again.

    Its result is kept in the database, so it is small, and holds no word that anybody said.
    """

    async def run() -> T:
        return await action()

    return await DBOS.run_step_async({"name": name}, run)


async def step_retried(
    name: str, action: Callable[[], Awaitable[T]], *, retry_on: tuple[type[Exception], ...], for_about_s: float
) -> T:
    """Like `step`; an error of `retry_on` is tried again, ever less often, for about `for_about_s` seconds."""
    attempts, interval_s, waited_s = 1, 1.0, 0.0
    while waited_s < for_about_s:
        waited_s += interval_s * 2 ** (attempts - 1)
        attempts += 1

    async def run() -> T:
        return await action()

    options: Any = {
        "name": name,
        "retries_allowed": True,
        "interval_seconds": interval_s,
        "max_attempts": attempts,
        "backoff_rate": 2,
        "should_retry": lambda error: isinstance(error, retry_on),
    }
    return await DBOS.run_step_async(options, run)
