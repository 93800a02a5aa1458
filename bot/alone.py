"""One process of each executor id: two would do everything twice.

On SQLite all processes are on one machine and a lock on a file serves, which the system lets go of however a process
ends. On PostgreSQL it is a session's advisory lock, held by a connection of its own: when that is lost, so may be the
lock, and the process must end before another one begins.
"""

from __future__ import annotations

import asyncio
import fcntl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import psycopg
import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot.database import Database
from bot.identity import Identity
from bot.postgresql import conninfo
from bot.processes import seen

log = structlog.get_logger()

LOCK_WITHIN_S = 25.0
"""An earlier process may still be on its way out."""
LOCK_POLL_S = 0.1
WATCH_EVERY_S = 2.0
ANSWERS_WITHIN_S = 8.0
_NOTICED_BY_THE_SERVER = {"tcp_keepalives_idle": 5, "tcp_keepalives_interval": 5, "tcp_keepalives_count": 3}
"""Seconds, seconds, times: so soon PostgreSQL lets go of the lock of a machine that is cut off."""


class AlreadyRunning(Exception):
    """Another process has this role and name on the same database; the message says which."""


class NoLongerAlone(Exception):
    """The connection that held the lock is lost: another process may have taken this one's place."""


@dataclass
class Lock:
    """What makes this process the only one with its executor id."""

    lost: bool = False
    """Whether another one may have taken its place: what has that id is not this process's to touch any more."""


@asynccontextmanager
async def alone(identity: Identity, database: Database) -> AsyncIterator[Lock]:
    """Be the only process with this executor id while the block runs.

    Raises:
        AlreadyRunning: There is one.
        NoLongerAlone: The lock may have been lost; the block was cancelled.
    """
    lock = _shared_lock if database.is_shared else _local_lock
    try:
        async with lock(identity, database) as held:
            yield held
    except BlockingIOError:
        raise AlreadyRunning(await _sentence(identity, database)) from None


@asynccontextmanager
async def file_lock(file: Path) -> AsyncIterator[None]:
    """Hold the lock on `file`; raises `BlockingIOError` when another process has kept it for too long."""
    with file.open("a") as held:

        async def attempt() -> bool:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            return True

        await _until_locked(attempt)
        yield


@asynccontextmanager
async def _local_lock(identity: Identity, database: Database) -> AsyncIterator[Lock]:
    async with file_lock(Path(str(database.engine.url.database)).parent / f"{identity.executor_id}.lock"):
        yield Lock()


@asynccontextmanager
async def _shared_lock(identity: Identity, database: Database) -> AsyncIterator[Lock]:
    key = int.from_bytes(blake2b(f"greffier/{identity.executor_id}".encode(), digest_size=8).digest(), signed=True)
    connection = await psycopg.AsyncConnection.connect(
        conninfo(database.engine.url), autocommit=True, application_name=f"greffier {identity.executor_id}"
    )
    try:
        for setting, value in _NOTICED_BY_THE_SERVER.items():
            await connection.execute("SELECT set_config(%s, %s, false)", (setting, str(value)))

        async def attempt() -> bool:
            answer = await connection.execute("SELECT pg_try_advisory_lock(%s)", (key,))
            row = await answer.fetchone()
            return row is not None and bool(row[0])

        await _until_locked(attempt)
        async with _while_answering(connection) as lock:
            yield lock
    finally:
        await connection.close()


async def _until_locked(attempt: Callable[[], Awaitable[bool]]) -> None:
    for _ in range(max(1, round(LOCK_WITHIN_S / LOCK_POLL_S))):
        if await attempt():
            return
        await asyncio.sleep(LOCK_POLL_S)
    raise BlockingIOError


@asynccontextmanager
async def _while_answering(connection: psycopg.AsyncConnection[tuple[object, ...]]) -> AsyncIterator[Lock]:
    """Cancel the block when the connection is lost, as `asyncio.timeout` does when time is up."""
    block = asyncio.current_task()
    assert block is not None  # noqa: S101 (we are in a coroutine)
    lock = Lock()

    async def watch() -> None:
        await _until_lost(connection)
        lock.lost = True
        block.cancel()

    watching = asyncio.create_task(watch(), name="lock")
    try:
        yield lock
    except asyncio.CancelledError:
        if lock.lost and block.uncancel() == 0:
            raise NoLongerAlone(
                "the database was lost for a moment, and another process may have taken this one's place"
            ) from None
        raise
    finally:
        watching.cancel()


async def _until_lost(connection: psycopg.AsyncConnection[tuple[object, ...]]) -> None:
    while True:
        await asyncio.sleep(WATCH_EVERY_S)
        try:
            async with asyncio.timeout(ANSWERS_WITHIN_S):
                await connection.execute("SELECT 1")
        except (psycopg.Error, TimeoutError, OSError) as error:
            log.error("lost the connection that holds this process's lock", cause=type(error).__name__)  # noqa: TRY400
            return


async def _sentence(identity: Identity, database: Database) -> str:
    try:
        where = [process for process in await seen(database.engine) if process.executor_id == identity.executor_id]
    except SQLAlchemyError:
        where = []
    at = f" on {where[0].host} (process {where[0].pid})" if where else ""
    if identity.role == "front":
        return f"another front is running{at} on this database, and there can be one: stop it first"
    return (
        f"another {identity.role} called {identity.name} is running{at} on this database: "
        "stop it first, or give this one another --name"
    )
