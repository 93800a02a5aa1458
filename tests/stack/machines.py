"""Greffier's processes on machines of their own, which share a PostgreSQL and a bucket, and nothing else."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import shutil
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp

from tests.stack.greffier import GreffierProcess, Installation
from tests.stack.postgresql import running_postgresql
from tests.stack.s3 import S3Server, running_s3
from tests.stack.surroundings import Surroundings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.process.identity import Role


@dataclass(frozen=True)
class Machines(Surroundings):
    """The running servers, and the machines: each is a folder with a configuration and a storage of its own."""

    s3: S3Server
    folder: Path
    registration: Path
    model_folder: Path
    database_url: str
    processes: list[GreffierProcess] = field(default_factory=list)
    matrix_secret: str = field(default_factory=lambda: secrets.token_hex(32), repr=False)
    """What seals the keys of the bot's device, for whichever machine the front is on."""

    def alive(self, role: Role) -> list[GreffierProcess]:
        """The processes of this role, the oldest first."""
        return [process for process in self.processes if process.role == role and process.process.running]

    async def start(self, role: Role) -> GreffierProcess:
        """Start a process on a new machine, called after its role; returns it when it is ready.

        Raises:
            ServerDidNotStart: with the end of its log.
        """
        name = f"{role}-{1 + sum(process.role == role for process in self.processes)}"
        home = self.folder / name
        config = self.config(home / "storage", self.model_folder)
        config["database"] = {"url": self.database_url}
        if role == "front":  # the others have nothing to do with the homeserver
            config["matrix"]["secret"] = self.matrix_secret
        config["calls"] = {"departure_timeout_s": 2}
        bucket = self.s3.settings(home / "storage")
        config["storage"] |= {
            "s3_bucket": bucket.s3_bucket,
            "s3_endpoint": bucket.s3_endpoint,
            "s3_access_key_id": bucket.s3_access_key_id,
            "s3_secret_access_key": self.s3.secret_access_key,
        }
        process = GreffierProcess(role, name, home, config)
        self.processes.append(process)
        process.write_config()
        if role == "front":
            shutil.copy(self.registration, process.registration_file)
        await process.start()
        return process

    async def stop(self) -> None:
        """Stop all that still run, at the same time."""
        await asyncio.gather(*(process.stop() for process in self.processes))

    def transcript(self, meeting_id: str) -> dict[str, Any]:
        """What is stored of a meeting, in the bucket."""
        stored: dict[str, Any] = json.loads((self.s3.objects / "transcripts" / f"{meeting_id}.json").read_bytes())
        return stored

    def sound(self) -> list[Path]:
        """The sound of meetings, in the bucket and on every machine."""
        on_machines = [_files(process.storage_folder, ".pcm") for process in self.processes]
        return list(chain(_files(self.s3.objects / "sound"), *on_machines))


def _files(folder: Path, ending: str = "") -> list[Path]:
    """The files below a folder that may be emptied meanwhile: `os.walk` passes over what is gone, `rglob` raises."""
    return [Path(at, name) for at, _, names in os.walk(folder) for name in names if name.endswith(ending)]


@asynccontextmanager
async def running_machines(folder: Path, *, model_folder: Path) -> AsyncIterator[Machines]:
    """All servers, answering, and no process of Greffier yet; those that are started are stopped at the end."""
    home = folder / "registering"
    async with AsyncExitStack() as stop:
        session = await stop.enter_async_context(aiohttp.ClientSession())
        around = Surroundings.prepare(folder, home / "registration.yaml", session)
        await Installation(home, around.config(home / "storage", model_folder)).register()
        await stop.enter_async_context(around.running(lambda _: None))
        postgresql = await stop.enter_async_context(running_postgresql(folder / "postgresql"))
        s3 = await stop.enter_async_context(running_s3(folder / "s3"))
        machines = Machines(
            around.synapse,
            around.livekit,
            session,
            around.bot_user_id,
            around.port,
            around.sdk,
            s3,
            folder,
            home / "registration.yaml",
            model_folder,
            await postgresql.create_database(),
        )
        stop.push_async_callback(machines.stop)
        yield machines
