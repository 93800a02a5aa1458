"""A front in the test's own process, and real recorders and speech processes beside it on one database."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from dbos import DBOS, SetWorkflowID
from dbos._dbos import _get_or_create_dbos_registry
from pydantic import SecretStr
from sqlalchemy import text

from bot.durable.enqueueing import job_id
from bot.durable.signals import next_signal
from bot.durable.takeover import take_over
from bot.durable.workflows import Queue, taking_part
from bot.process.identity import Identity, Role
from bot.process.presence import seen
from bot.store.database import Database
from config import models
from tests.fakes.waiting import until
from tests.unit.bot.samples import settings
from tests.unit.config.config_text import COMPLETE, write
from transcripts.storage.spool import MeetingId

WITHIN_S = 60.0
REPO = Path(__file__).parents[3]


@DBOS.workflow(name="meeting of a test")
async def hears(quiet_s: float) -> list[dict[str, Any]]:
    """All that the meeting is told, until nothing more has been heard for a while."""
    heard: list[dict[str, Any]] = []
    while (signal := await next_signal(quiet_s if heard else WITHIN_S)) is not None:
        heard.append(asdict(signal))
    return heard


class Fleet:
    """The front, and whoever is started beside it: on one SQLite file, or on the PostgreSQL of this address."""

    def __init__(self, folder: Path, database_url: str | None = None) -> None:
        sections = {"database": models.Database(url=SecretStr(database_url))} if database_url else {}
        config = COMPLETE.replace("/var/lib/greffier", str(folder / "data"))
        self.database = Database.open(settings(folder / "data", **sections))
        self._folder = folder
        self._config = write(folder, f"{config}database:\n  url: {database_url}\n" if database_url else config)
        self._workers: dict[str, subprocess.Popen[bytes]] = {}

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Fleet]:
        """Be the front while the block runs; all others end with it."""
        _get_or_create_dbos_registry().dbos = None
        await self.database.migrate()
        try:
            async with taking_part(Identity.of("front"), self.database, ()):
                yield self
        finally:
            for worker in self._workers.values():
                worker.kill()
                worker.wait()
            await self.database.dispose()

    async def start(self, work: str, role: Role, name: str) -> subprocess.Popen[bytes]:
        """Start a process, and wait until it is seen and ready; one that dies of its work may be gone by then."""
        ready = self._ready(name)
        argv = [sys.executable, "-m", "tests.integration.durable.worker", work, role, "-c", str(self._config)]
        with (self._folder / f"{name}.log").open("ab") as log:
            worker = subprocess.Popen(  # noqa: ASYNC220 (of no event loop: what it leaves is reaped in any case)
                [*argv, "--name", name],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=os.environ | {"PYTHONPATH": str(REPO)},
                cwd=self._folder,
            )
        self._workers[name] = worker
        await until(lambda: self._ready(name) > ready or worker.poll() is not None, within_s=WITHIN_S)
        assert worker.poll() is None or work == "dies", self.log(name)
        return worker

    def _ready(self, name: str) -> int:
        """How often a process of this name has said that it is ready."""
        return len(re.findall("(recorder|speech) ready", self.log(name)))

    async def kill(self, name: str) -> None:
        """SIGKILL, as when the machine goes away."""
        self._workers[name].kill()
        await self.ends(name)

    async def terminate(self, name: str) -> float:
        """SIGTERM; returns how long it took to end."""
        began_s = asyncio.get_running_loop().time()
        self._workers[name].send_signal(signal.SIGTERM)
        assert await self.ends(name) == 0, self.log(name)
        return asyncio.get_running_loop().time() - began_s

    async def ends(self, name: str) -> int:
        """Wait until a process has ended; returns its status."""
        return await asyncio.to_thread(self._workers[name].wait, WITHIN_S)

    def log(self, name: str) -> str:
        """What a process has said."""
        file = self._folder / f"{name}.log"
        return file.read_text() if file.exists() else ""

    async def hold(self, meeting: str, quiet_s: float = 2.0) -> asyncio.Task[list[dict[str, Any]]]:
        """A meeting that listens; its task ends with all that it was told."""
        with SetWorkflowID(meeting):
            handle = await DBOS.start_workflow_async(hears, quiet_s)
        return asyncio.create_task(handle.get_result(polling_interval_sec=0.1))

    def works(self, meeting: str) -> list[str]:
        """Who has begun the work of a meeting, and who has ended it, in order."""
        file = self._folder / "data" / f"{meeting}.works"
        return file.read_text().splitlines() if file.exists() else []

    async def begun(self, meeting: str, *names: str) -> None:
        """Wait until these have begun, in this order."""
        expected = [f"{name} begins" for name in names]
        await until(
            lambda: [line for line in self.works(meeting) if line.endswith("begins")] == expected, within_s=WITHIN_S
        )

    async def begun_again(self, meeting: str) -> None:
        """Wait until somebody has begun the work once more."""
        before = len(self.works(meeting))
        await until(lambda: len(self.works(meeting)) > before, within_s=WITHIN_S)

    def may_finish(self, meeting: str) -> None:
        """Let the work of a meeting come to its end."""
        (self._folder / "data" / f"{meeting}.finish").touch()

    async def miss(self, executor_id: str) -> None:
        """Have a process not been seen for a minute, by the database's clock."""
        async with self.database.engine.begin() as connection:
            earlier = "seen_at - interval '60 s'" if self.database.is_shared else "datetime(seen_at, '-60 seconds')"
            change = text(f"UPDATE processes SET seen_at = {earlier} WHERE executor_id = :id")  # noqa: S608 (our own)
            await connection.execute(change, {"id": executor_id})

    async def take_over(self) -> None:
        """Look once, as the front does every few seconds."""
        await take_over(self.database.engine, await seen(self.database.engine))

    async def job(self, meeting: str, queue: Queue) -> Any:
        """How it stands with a meeting's job."""
        return await DBOS.get_workflow_status_async(job_id(queue, MeetingId(meeting)))

    async def job_ends(self, meeting: str, queue: Queue) -> str:
        """Wait until nothing more is done about a meeting's job; returns its status."""
        async with asyncio.timeout(WITHIN_S):
            while (await self.job(meeting, queue)).status in ("PENDING", "ENQUEUED"):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        status: str = (await self.job(meeting, queue)).status
        return status
