"""The table of processes: each says every few seconds that it is there, and who has not done so is gone.

All times are by the database's own clock, so that machines whose clocks differ agree on who is gone.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import get_args

import structlog
from sqlalchemy import Column, DateTime, Integer, MetaData, String, Table, delete, func, insert, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.process.identity import Identity, Role, host

log = structlog.get_logger()

BEAT_EVERY_S = 5.0
VANISHED_AFTER_S = 30.0
"""A process that has not been seen for this long is gone, or might as well be."""
GOODBYE_WITHIN_S = 3.0

SCHEMA = MetaData()

_processes = Table(
    "processes",
    SCHEMA,
    Column("executor_id", String, primary_key=True),
    Column("role", String, nullable=False),
    Column("host", String, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("started_at", DateTime(timezone=True), nullable=False),
    Column("seen_at", DateTime(timezone=True), nullable=False),
)


@dataclass(frozen=True)
class Process:
    """One process as it was seen last."""

    executor_id: str
    role: Role
    host: str
    pid: int
    started_at: datetime
    seen_s: float
    """How long ago that was."""

    @property
    def is_alive(self) -> bool:
        """Whether it has been seen lately."""
        return self.seen_s <= VANISHED_AFTER_S


async def seen(engine: AsyncEngine) -> list[Process]:
    """The processes that did not stop cleanly, alive or not."""
    columns = _processes.c
    rows = select(
        columns.executor_id,
        columns.role,
        columns.host,
        columns.pid,
        columns.started_at,
        columns.seen_at,
        func.now().label("now"),
    )
    async with engine.connect() as connection:
        return [
            Process(
                row.executor_id, row.role, row.host, row.pid, row.started_at, (row.now - row.seen_at).total_seconds()
            )
            for row in await connection.execute(rows.order_by(columns.executor_id))
        ]


def without_a_process(processes: Iterable[Process]) -> tuple[Role, ...]:
    """The roles that no living process has."""
    alive = {process.role for process in processes if process.is_alive}
    return tuple(role for role in get_args(Role) if role not in alive)


async def forget(engine: AsyncEngine, executor_id: str, *, pid: int | None = None) -> None:
    """This process is not expected back; with `pid`, this one of this machine, and no other that has its id by now."""
    gone = _processes.c.executor_id == executor_id
    if pid is not None:
        gone &= (_processes.c.host == host()) & (_processes.c.pid == pid)
    async with engine.begin() as connection:
        await connection.execute(delete(_processes).where(gone))


class Heartbeat:
    """Says that this process is there, until it is stopped. The event loop beats: one that is stuck is gone too."""

    def __init__(self, identity: Identity, engine: AsyncEngine) -> None:
        self._identity = identity
        self._engine = engine
        self._beating: asyncio.Task[None] | None = None
        self._failing = False

    async def start(self) -> None:
        """Be known from now on.

        Raises:
            SQLAlchemyError: The database does not take it.
        """
        await forget(self._engine, self._identity.executor_id)  # what an earlier process left: this one started now
        await self._beat()
        self._beating = asyncio.create_task(self._keep_beating(), name="heartbeat")

    async def stop(self) -> None:
        """Be gone, cleanly: nobody waits to see whether this process comes back."""
        if self._beating is None:
            return
        self._beating.cancel()
        await asyncio.gather(self._beating, return_exceptions=True)
        self._beating = None
        try:
            async with asyncio.timeout(GOODBYE_WITHIN_S):
                await forget(self._engine, self._identity.executor_id, pid=os.getpid())
        except (SQLAlchemyError, TimeoutError, OSError) as error:
            log.warning("the database was not told that this process ends", cause=type(error).__name__)

    async def _keep_beating(self) -> None:
        while True:
            await asyncio.sleep(BEAT_EVERY_S)
            try:
                await self._beat()
            except (SQLAlchemyError, OSError) as error:
                if not self._failing:
                    log.warning("the database does not answer; trying again", cause=type(error).__name__)
                self._failing = True
            else:
                if self._failing:
                    log.info("the database answers again")
                self._failing = False

    async def _beat(self) -> None:
        mine = _processes.c.executor_id == self._identity.executor_id
        async with self._engine.begin() as connection:
            known = await connection.execute(update(_processes).where(mine).values(seen_at=func.now()))
            if known.rowcount == 0:
                await connection.execute(
                    insert(_processes).values(
                        executor_id=self._identity.executor_id,
                        role=self._identity.role,
                        host=host(),
                        pid=os.getpid(),
                        started_at=func.now(),
                        seen_at=func.now(),
                    )
                )


@asynccontextmanager
async def beating(identity: Identity, engine: AsyncEngine) -> AsyncIterator[Heartbeat]:
    """Be seen while the block runs."""
    heartbeat = Heartbeat(identity, engine)
    await heartbeat.start()
    try:
        yield heartbeat
    finally:
        await heartbeat.stop()
