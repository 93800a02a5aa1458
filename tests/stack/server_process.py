"""One server as a child process: started, awaited until it answers, stopped within a bound, never left behind."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

_TETHER = Path(__file__).with_name("tether.py")
_TAIL_LINES = 40
_POLL_S = 0.05


class ServerDidNotStart(Exception):
    """A server exited, or did not answer in time; the message ends with the last lines that it wrote."""


class ServerProcess:
    """A command with its output in `<folder>/<name>.log`, in a process group of its own, tied to this process.

    A plain subprocess, not asyncio's: it belongs to no event loop, so fixtures of any scope can own it. `start` wants
    the main thread, because the tie is to the thread that starts the child.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        folder: Path,
        *,
        environment: Mapping[str, str] | None = None,
        grace_s: float = 10,
    ) -> None:
        self.name = name
        self.log_file = folder / f"{name}.log"
        self._command = [str(part) for part in command]
        self._folder = folder
        self._environment = dict(os.environ if environment is None else environment)
        self._grace_s = grace_s
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process id of the running server."""
        if self._child is None:
            raise RuntimeError(f"{self.name} is not running")
        return self._child.pid

    @property
    def running(self) -> bool:
        """Whether it was started and has not exited."""
        return self._child is not None and self._child.poll() is None

    def start(self) -> None:
        """Start the command; its output is added to the log file."""
        if self.running:
            raise RuntimeError(f"{self.name} is already running")
        self._folder.mkdir(parents=True, exist_ok=True)
        tether = [sys.executable, "-I", "-S", str(_TETHER), str(os.getpid())]
        with self.log_file.open("ab") as log:
            self._child = subprocess.Popen(
                [*tether, *self._command],
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    async def until_it_answers(self, url: str, *, within_s: float) -> None:
        """Wait until `url` answers 200.

        Raises:
            ServerDidNotStart: it exited or did not answer in time; it is stopped then.
        """
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
            await self.until(lambda: _answers(session, url), where=url, within_s=within_s)

    async def until(self, answers: Callable[[], Awaitable[bool]], *, where: str, within_s: float) -> None:
        """Wait until it `answers`, which is asked again and again; `where` is for the message.

        Raises:
            ServerDidNotStart: as above.
        """
        deadline = time.monotonic() + within_s
        while not await answers():
            if not self.running:
                code = None if self._child is None else self._child.returncode
                await self._give_up(f"exited with status {code}")
            if time.monotonic() > deadline:
                await self._give_up(f"did not answer at {where} within {within_s:.0f} s")
            await asyncio.sleep(_POLL_S)

    async def stop(self) -> None:
        """End it: SIGTERM, a bounded wait, then SIGKILL for whatever is left of its process group. Idempotent."""
        child, self._child = self._child, None
        if child is None:
            return
        try:
            with contextlib.suppress(ProcessLookupError):
                child.terminate()
            await asyncio.to_thread(_wait, child, self._grace_s)
        finally:
            _kill_group(child)

    async def kill(self) -> None:
        """End it as a crash would: SIGKILL to the server alone, and what it started must look after itself."""
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            await asyncio.to_thread(child.wait)

    def log_size(self) -> int:
        """How much it has written so far, in bytes."""
        return self.log_file.stat().st_size

    def log_since(self, size: int) -> str:
        """What it has written since its log was of this size."""
        with self.log_file.open("rb") as log:
            log.seek(size)
            return log.read().decode(errors="replace")

    def tail(self) -> str:
        """The last lines of its output."""
        if not self.log_file.exists():
            return "(no output)"
        with self.log_file.open(encoding="utf-8", errors="replace") as log:
            return "".join(deque(log, maxlen=_TAIL_LINES)) or "(no output)"

    async def _give_up(self, what_happened: str) -> None:
        await self.stop()
        raise ServerDidNotStart(f"{self.name} {what_happened}. The end of {self.log_file}:\n{self.tail()}")


async def _answers(session: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with session.get(url) as response:
            return response.status == 200
    except (aiohttp.ClientError, TimeoutError):
        return False


def _wait(child: subprocess.Popen[bytes], grace_s: float) -> None:
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(grace_s)


def _kill_group(child: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
