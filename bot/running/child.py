"""One process that the supervisor runs: started, listened to, killed when it is stuck, stopped within a bound."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import structlog

from bot.process.identity import Role
from bot.process.stopping import TEMPORARY_FAULT
from bot.running.pulse import Pulse

log = structlog.get_logger()

STOP_WITHIN_S = 30.0
"""A recorder stays for up to ten seconds until another one has taken its place, and then takes its leave."""


def command(role: Role, config_file: Path) -> list[str]:
    """How a process of this role is started by this one."""
    return [sys.executable, "-m", "bot.cli", role, "-c", str(config_file), "--parent", str(os.getpid())]


async def run_once(role: Role, config_file: Path, pulse: Pulse, started: Callable[[int], None]) -> int:
    """Run the process until it ends, or is stuck and is killed; returns its status. Cancelled, it stops the process."""
    pulse.began()
    environment = {name: value for name, value in os.environ.items() if name != "WATCHDOG_PID"} | pulse.environment
    try:
        process = await asyncio.create_subprocess_exec(
            *command(role, config_file), stdin=asyncio.subprocess.DEVNULL, start_new_session=True, env=environment
        )
    except OSError as error:  # no memory, no process left: the others go on, and this one is tried again
        log.error("process cannot be started", process=role, cause=error.strerror)  # noqa: TRY400 (the cause says all)
        return TEMPORARY_FAULT
    log.info("process started", process=role, pid=process.pid)
    started(process.pid)
    ended = asyncio.create_task(process.wait(), name=f"{role} ended")
    stuck = asyncio.create_task(pulse.until_silent(), name=f"{role} stuck")
    try:
        await asyncio.wait((ended, stuck), return_when=asyncio.FIRST_COMPLETED)
        if not ended.done():
            log.error("process is stuck and is killed", process=role, pid=process.pid)
            process.kill()
        return await ended
    finally:
        stuck.cancel()
        if process.returncode is None:
            await _stop(role, process)
        await asyncio.gather(ended, stuck, return_exceptions=True)


async def _stop(role: Role, process: asyncio.subprocess.Process) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(STOP_WITHIN_S):
            await process.wait()
    except TimeoutError:
        log.warning("process does not stop and is killed", process=role)
        process.kill()
        await process.wait()


def ending(status: int) -> str:
    """How a process ended, in words: by itself, or by which signal (native code that crashes is ended by one)."""
    if status >= 0:
        return f"exit status {status}"
    try:
        return signal.Signals(-status).name
    except ValueError:
        return f"signal {-status}"
