"""Two kinds of lock that say which process has something: on a file, and on a number in PostgreSQL.

The system lets go of the first however its process ends. The second is a session's advisory lock, held by a connection
of its own: when that is lost, so is the lock.
"""

from __future__ import annotations

import asyncio
import fcntl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from hashlib import blake2b
from pathlib import Path

import psycopg
import structlog

log = structlog.get_logger()

LOCK_WITHIN_S = 25.0
"""An earlier process may still be on its way out."""
LOCK_POLL_S = 0.1
WATCH_EVERY_S = 2.0
ANSWERS_WITHIN_S = 8.0
TAKEN_AGAIN_WITHIN_S = 30.0
"""For so long a process whose server is restarted goes on, and tries to be the only one again."""
TRIED_EVERY_S = 0.5
_NOTICED_BY_THE_SERVER = {"tcp_keepalives_idle": 5, "tcp_keepalives_interval": 5, "tcp_keepalives_count": 3}
"""Seconds, seconds, times: so soon PostgreSQL lets go of the lock of a machine that is cut off."""


@asynccontextmanager
async def file_lock(file: Path, *, within_s: float | None = None) -> AsyncIterator[None]:
    """Hold the lock on `file`; raises `BlockingIOError` when another process has kept it for too long."""
    with file.open("a") as held:

        async def attempt() -> bool:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            return True

        await _until_locked(attempt, within_s)
        yield


class SessionLock:
    """A session of PostgreSQL, at the address `conninfo`, that holds the lock of this name."""

    def __init__(self, conninfo: str, name: str, *, within_s: float | None = None) -> None:
        self._conninfo = conninfo
        self._within_s = within_s
        self._name = f"greffier {name}"
        self._key = int.from_bytes(blake2b(f"greffier/{name}".encode(), digest_size=8).digest(), signed=True)
        self._connection: psycopg.AsyncConnection[tuple[object, ...]] | None = None

    async def begin(self) -> None:
        """Connect and take the lock; raises `BlockingIOError` when another process has kept it for too long."""
        connection = await psycopg.AsyncConnection.connect(self._conninfo, autocommit=True, application_name=self._name)
        self._connection = connection
        for setting, value in _NOTICED_BY_THE_SERVER.items():
            await connection.execute("SELECT set_config(%s, %s, false)", (setting, str(value)))

        async def attempt() -> bool:
            answer = await connection.execute("SELECT pg_try_advisory_lock(%s)", (self._key,))
            row = await answer.fetchone()
            return row is not None and bool(row[0])

        await _until_locked(attempt, self._within_s)

    async def end(self) -> None:
        """Let go of it."""
        if self._connection is not None:
            await self._connection.close()

    async def until_lost(self) -> None:
        """Return when the lock is lost for good: its connection broke, and it could not be taken again in time.

        A server that is restarted is no reason to leave every call: what another process of this id might do in the
        meantime counts no more than what this one does (see `bot.durable.takeover`).
        """
        while True:
            await self._until_broken()
            try:
                async with asyncio.timeout(TAKEN_AGAIN_WITHIN_S):
                    await self._begin_again()
            except TimeoutError:
                return
            log.info("holds this process's lock again")

    async def _until_broken(self) -> None:
        while self._connection is not None:
            await asyncio.sleep(WATCH_EVERY_S)
            try:
                async with asyncio.timeout(ANSWERS_WITHIN_S):
                    await self._connection.execute("SELECT 1")
            except (psycopg.Error, TimeoutError, OSError) as error:
                cause = type(error).__name__
                log.error("lost the connection that holds this process's lock", cause=cause)  # noqa: TRY400
                return

    async def _begin_again(self) -> None:
        while True:
            await self.end()
            try:
                await self.begin()
            except (psycopg.Error, OSError):  # also `BlockingIOError`: who holds it may still be ourselves
                await asyncio.sleep(TRIED_EVERY_S)
            else:
                return


async def _until_locked(attempt: Callable[[], Awaitable[bool]], within_s: float | None) -> None:
    for _ in range(max(1, round((LOCK_WITHIN_S if within_s is None else within_s) / LOCK_POLL_S))):
        if await attempt():
            return
        await asyncio.sleep(LOCK_POLL_S)
    raise BlockingIOError
