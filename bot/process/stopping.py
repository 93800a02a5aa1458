"""How a process is told to stop, and how it ends with the process that started it."""

from __future__ import annotations

import asyncio
import ctypes
import logging
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import NoReturn

import structlog

from bot.process.notifying import STOPPING, notify

log = structlog.get_logger()

CONFIGURATION_FAULT = 78
"""Exit status (`EX_CONFIG`) of a process that cannot run until the operator mends something: not started again."""
TEMPORARY_FAULT = 75
"""Exit status (`EX_TEMPFAIL`) of a process that had to end, and may work when it is started again."""
CANCELLED_WITHIN_S = 5.0
_PR_SET_PDEATHSIG = 1


async def until_stopped() -> None:
    """Return when SIGTERM or SIGINT arrives."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await stop.wait()
    notify(STOPPING)


async def bounded(what: str, ending: Awaitable[object], within_s: float) -> None:
    """Do one thing of the end, whatever comes of it: a process that is told to stop stops."""
    try:
        async with asyncio.timeout(within_s):
            await ending
    except Exception as error:  # noqa: BLE001 (most of all a database that is away)
        log.warning("not done at the end", what=what, cause=type(error).__name__)


@asynccontextmanager
async def beside(work: Coroutine[None, None, None], name: str) -> AsyncIterator[None]:
    """Do some work beside the block, and be done with it when the block ends, before what it uses is closed."""
    task = asyncio.create_task(work, name=name)
    task.add_done_callback(_report)
    try:
        yield
    finally:
        task.cancel()
        await bounded(name, asyncio.gather(task, return_exceptions=True), CANCELLED_WITHIN_S)


def _report(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("work beside the rest failed", what=task.get_name(), exc_info=error)


async def in_a_thread_of_its_own(action: Callable[[], None]) -> None:
    """Run what blocks in a thread that neither the loop's pool nor the end of the process waits for."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()

    def settle() -> None:
        if not done.done():
            done.set_result(None)

    def act() -> None:
        try:
            action()
        finally:
            with suppress(RuntimeError):  # the loop is closed by now: it did not wait
                loop.call_soon_threadsafe(settle)

    threading.Thread(target=act, name="end", daemon=True).start()
    await done


def leave_at_once(status: int = 0) -> NoReturn:
    """End the process without Python's own ending.

    That would wait for native code which is still at work in a thread, for minutes where it recognises speech; and
    native threads that call back into it then abort it.
    """
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def end_with_parent(parent: int) -> None:
    """Have this process told to stop when the process `parent`, which started it, dies, however that happens.

    Linux only (`prctl(2)`); elsewhere an orphan stays until it is stopped by hand.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:  # it died before we asked
        raise SystemExit("the process that started this one is gone")
