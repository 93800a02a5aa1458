"""`greffier run`: starts the front, the recorder and the speech process, and starts again whichever dies.

Which processes run is in `processes.json` in the storage folder, for the operator and for monitoring.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import structlog

from bot.database import prepare_folder
from bot.durable import Role
from bot.stopping import until_stopped
from config.models import Settings

log = structlog.get_logger()

ROLES: tuple[Role, ...] = ("front", "recorder", "speech")
FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 60.0
STEADY_AFTER_S = 60.0
"""A process that has run for this long is not in a crash loop: its next restart is quick again."""
STOP_WITHIN_S = 20.0
CONFIGURATION_FAULT = 78
"""Exit status (`EX_CONFIG`) of a process that cannot run until the operator mends something: not started again."""


class GaveUp(Exception):
    """A process says that it cannot run as it is configured; it has said why on standard error."""


async def run(settings: Settings, config_file: Path) -> None:
    """Keep the three processes running until told to stop.

    Raises:
        GaveUp: One of them cannot run as it is configured.
    """
    prepare_folder(settings.storage.folder)
    pids = Pids(settings.storage.folder / "processes.json")
    tasks = [asyncio.create_task(_keep_running(role, config_file, pids), name=role) for role in ROLES]
    stop = asyncio.create_task(until_stopped(), name="stop")
    try:
        done, _ = await asyncio.wait([*tasks, stop], return_when=asyncio.FIRST_COMPLETED)
    finally:
        log.info("stopping")
        for task in [*tasks, stop]:
            task.cancel()
        await asyncio.gather(*tasks, stop, return_exceptions=True)
        pids.forget()
    for task in done:
        task.result()


class Pids:
    """The file that says which process is which."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._pids: dict[Role, int] = {}

    def note(self, role: Role, pid: int) -> None:
        """`role` is now the process `pid`."""
        self._pids[role] = pid
        new = self._file.with_suffix(".new")
        new.write_text(json.dumps(self._pids), "utf-8")
        new.replace(self._file)

    def forget(self) -> None:
        """None of them runs any more."""
        self._file.unlink(missing_ok=True)


async def _keep_running(role: Role, config_file: Path, pids: Pids) -> None:
    clock = asyncio.get_running_loop().time
    wait_s = FIRST_WAIT_S
    while True:
        started_at = clock()
        status = await _run_once(role, command(role, config_file), pids)
        if status == CONFIGURATION_FAULT:
            raise GaveUp(role)
        if clock() - started_at > STEADY_AFTER_S:
            wait_s = FIRST_WAIT_S
        log.error("process ended and is started again", role=role, status=status, again_in_s=wait_s)
        await asyncio.sleep(wait_s)
        wait_s = min(wait_s * 2, LONGEST_WAIT_S)


def command(role: Role, config_file: Path) -> list[str]:
    """How a process of this role is started by this one."""
    return [sys.executable, "-m", "bot.cli", role, "-c", str(config_file), "--parent", str(os.getpid())]


async def _run_once(role: Role, argv: Sequence[str], pids: Pids) -> int:
    process = await asyncio.create_subprocess_exec(*argv, stdin=asyncio.subprocess.DEVNULL, start_new_session=True)
    log.info("process started", role=role, pid=process.pid)
    pids.note(role, process.pid)
    try:
        return await process.wait()
    finally:
        if process.returncode is None:
            await _stop(role, process)


async def _stop(role: Role, process: asyncio.subprocess.Process) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(STOP_WITHIN_S):
            await process.wait()
    except TimeoutError:
        log.warning("process does not stop and is killed", role=role)
        process.kill()
        await process.wait()
