"""One process of each executor id: two would do everything twice.

On SQLite all processes are on one machine and a lock on a file serves, which the system lets go of however a process
ends. On PostgreSQL it is a session's advisory lock, held by a connection of its own: when that is lost, and the lock
cannot be had again soon, the process must end.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from sqlalchemy.exc import SQLAlchemyError

from bot.process.identity import Identity
from bot.process.locks import SessionLock, file_lock
from bot.process.presence import seen
from bot.store.database import Database, DatabaseAway
from bot.store.postgresql import conninfo


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
async def alone(identity: Identity, database: Database, *, within_s: float | None = None) -> AsyncIterator[Lock]:
    """Be the only process with this executor id while the block runs.

    One that is on its way out is waited for, `within_s` at most.

    Raises:
        AlreadyRunning: There is one.
        NoLongerAlone: The lock may have been lost; the block was cancelled.
    """
    lock = _shared_lock if database.is_shared else _local_lock
    try:
        async with lock(identity, database, within_s) as held:
            yield held
    except BlockingIOError:
        raise AlreadyRunning(await _sentence(identity, database)) from None


@asynccontextmanager
async def _local_lock(identity: Identity, database: Database, within_s: float | None) -> AsyncIterator[Lock]:
    file = Path(str(database.engine.url.database)).parent / f"{identity.executor_id}.lock"
    async with file_lock(file, within_s=within_s):
        yield Lock()


@asynccontextmanager
async def _shared_lock(identity: Identity, database: Database, within_s: float | None) -> AsyncIterator[Lock]:
    session = SessionLock(conninfo(database.engine.url), identity.executor_id, within_s=within_s)
    try:
        try:
            await session.begin()
        except psycopg.Error as error:
            raise DatabaseAway(f"{database.name} went away ({type(error).__name__})") from None
        async with _while_held(session) as lock:
            yield lock
    finally:
        await session.end()


@asynccontextmanager
async def _while_held(session: SessionLock) -> AsyncIterator[Lock]:
    """Cancel the block when the lock is lost, as `asyncio.timeout` does when time is up."""
    block = asyncio.current_task()
    assert block is not None  # noqa: S101 (we are in a coroutine)
    lock = Lock()

    async def watch() -> None:
        await session.until_lost()
        lock.lost = True
        block.cancel()

    watching = asyncio.create_task(watch(), name="lock")
    try:
        yield lock
    except asyncio.CancelledError:
        if lock.lost and block.uncancel() == 0:
            raise NoLongerAlone(
                "the database was lost for a while, and another process may have taken this one's place"
            ) from None
        raise
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


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
