"""Runs a program in the foreground: it ends in good order at Ctrl-C, SIGTERM, or when its parent is gone."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

INTERRUPTED = 130
_PARENT_PID = os.getppid()
_LOOK_EVERY_S = 0.3


def run_in_foreground(main: Coroutine[None, None, int]) -> int:
    """Run `main` to its exit status; a signal cancels it once, and its clean-up is then left to finish.

    A parent that has gone counts as a signal: `make`, or the terminal behind it, may have been killed.
    """
    return asyncio.run(_interruptible(main))


async def _interruptible(main: Coroutine[None, None, int]) -> int:
    task = asyncio.create_task(main)
    loop = asyncio.get_running_loop()
    interrupted = False

    def interrupt() -> None:
        nonlocal interrupted
        if not interrupted:
            interrupted = True
            task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, interrupt)
    orphaned = asyncio.create_task(_when_orphaned(interrupt))
    try:
        return await task
    except asyncio.CancelledError:
        if not interrupted:
            raise
        return INTERRUPTED
    finally:
        orphaned.cancel()


async def _when_orphaned(act: Callable[[], None]) -> None:
    while os.getppid() == _PARENT_PID:  # noqa: ASYNC110 (the kernel tells nobody here)
        await asyncio.sleep(_LOOK_EVERY_S)
    act()


def leave(status: int) -> None:
    """End the process with this status, now.

    LiveKit’s native threads may abort the process while the interpreter is taken down, which turns a success into
    status 134. By now everything that was started has been stopped.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
