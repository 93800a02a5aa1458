"""`greffier run`: starts the front, the recorder and the speech process, and starts again whichever dies or is stuck.

Which processes run is in `processes.json` in the storage folder, for the operator and for monitoring. Under systemd
(`Type=notify`) this process is ready when all three are, and its own watchdog is served. It does not wait for speech
whose server is away: people can meet, and systemd would end their calls over it.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import structlog

from bot.process.alone import AlreadyRunning
from bot.process.identity import ROLES, Role
from bot.process.locks import file_lock
from bot.process.notifying import READY, notify, saying_alive
from bot.process.stopping import CONFIGURATION_FAULT, TEMPORARY_FAULT, until_stopped
from bot.running.child import ending, run_once
from bot.running.pulse import Pulse, listening
from bot.store.database import prepare_folder
from config.models import Settings

log = structlog.get_logger()

FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 60.0
STEADY_AFTER_S = 60.0
"""A process that has run for this long is not in a crash loop: its next restart is quick again."""


class GaveUp(Exception):
    """A process says that it cannot run as it is configured; it has said why on standard error.

    One that has run before says so of what has changed since, a disk that is full, say: it is started again, and the
    others are not stopped in the middle of their calls.
    """

    def __init__(self, role: Role) -> None:
        super().__init__(f"{role} cannot run as it is configured; see above")


async def run(settings: Settings, config_file: Path) -> None:
    """Keep the three processes running until told to stop.

    Raises:
        GaveUp: One of them cannot run as it is configured.
        AlreadyRunning: Another supervisor has this storage folder.
    """
    folder = settings.storage.folder
    prepare_folder(folder)
    async with AsyncExitStack() as stack:
        try:
            await stack.enter_async_context(file_lock(folder / "run.lock"))
        except BlockingIOError:
            raise AlreadyRunning(f"another `greffier run` has storage.folder {folder}: stop it first") from None
        await stack.enter_async_context(saying_alive())
        sockets = Path(stack.enter_context(TemporaryDirectory(prefix="greffier-", ignore_cleanup_errors=True)))
        pulses: dict[Role, Pulse] = {}

        def ready() -> None:
            if len(pulses) == len(ROLES) and all(pulse.is_ready or pulse.is_put_off for pulse in pulses.values()):
                late = [role for role, pulse in pulses.items() if not pulse.is_ready]
                log.info("ready", not_yet=late) if late else log.info("all processes are ready")
                notify(READY)

        for role in ROLES:
            pulses[role] = await stack.enter_async_context(listening(sockets / role, ready))
        await _keep_all_running(config_file, Pids(folder / "processes.json"), pulses)


async def _keep_all_running(config_file: Path, pids: Pids, pulses: dict[Role, Pulse]) -> None:
    tasks = [asyncio.create_task(_keep_running(role, config_file, pids, pulses[role]), name=role) for role in ROLES]
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
        """`role` is now the process `pid`. A full disk costs the file, and no process."""
        self._pids[role] = pid
        new = self._file.with_suffix(".new")
        try:
            new.write_text(json.dumps(self._pids), "utf-8")
            new.replace(self._file)
        except OSError as error:
            log.warning("it is not written down which processes run", file=str(self._file), cause=error.strerror)

    def forget(self) -> None:
        """None of them runs any more."""
        for file in (self._file, self._file.with_suffix(".new")):
            file.unlink(missing_ok=True)


async def _keep_running(role: Role, config_file: Path, pids: Pids, pulse: Pulse) -> None:
    clock = asyncio.get_running_loop().time
    wait_s = FIRST_WAIT_S
    has_run = False
    while True:
        started_at = clock()
        status = await run_once(role, config_file, pulse, lambda pid: pids.note(role, pid))
        has_run = has_run or pulse.is_ready
        if status == CONFIGURATION_FAULT and not has_run:
            raise GaveUp(role)
        if status == TEMPORARY_FAULT and role == "speech":
            pulse.put_off()
        if clock() - started_at > STEADY_AFTER_S:
            wait_s = FIRST_WAIT_S
        log.error("process ended and is started again", process=role, ended=ending(status), again_in_s=wait_s)
        await asyncio.sleep(wait_s)
        wait_s = min(wait_s * 2, LONGEST_WAIT_S)
