"""How a process is told to stop, and how it ends with the process that started it."""

from __future__ import annotations

import asyncio
import ctypes
import logging
import os
import signal
import sys
from typing import NoReturn

_PR_SET_PDEATHSIG = 1


async def until_stopped() -> None:
    """Return when SIGTERM or SIGINT arrives."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await stop.wait()


def leave_at_once() -> NoReturn:
    """End the process, well, without Python's own ending: native threads that call back into it then abort it."""
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def end_with_parent(parent: int) -> None:
    """Have this process told to stop when the process `parent`, which started it, dies, however that happens.

    Linux only (`prctl(2)`); elsewhere an orphan stays until it is stopped by hand.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:  # it died before we asked
        raise SystemExit("the process that started this one is gone")
