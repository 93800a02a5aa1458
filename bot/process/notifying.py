"""What a process tells whoever started it, by sd_notify(3): that it is ready, that it is alive, that it is stopping.

Under systemd (`Type=notify`, `WatchdogSec=`) that is systemd; under `greffier run` it is the supervisor, by the same
protocol. Started by hand, a process has nobody to tell.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

READY = "READY=1"
ALIVE = "WATCHDOG=1"
STOPPING = "STOPPING=1"
ALIVE_EVERY_S = 5.0


def notify(state: str) -> None:
    """Tell it, if there is somebody: in `NOTIFY_SOCKET`. Nobody is waited for, and nothing fails here."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):  # in Linux' abstract name space
        address = f"\0{address[1:]}"
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
        sender.setblocking(False)
        sender.sendto(state.encode(), address)


@asynccontextmanager
async def saying_alive() -> AsyncIterator[None]:
    """Tell every few seconds that the event loop turns, while the block runs."""
    task = asyncio.create_task(_keep_saying(), name="alive")
    try:
        yield
    finally:
        task.cancel()


async def _keep_saying() -> None:
    while True:
        notify(ALIVE)
        await asyncio.sleep(_every_s())


def _every_s() -> float:
    """Half of what systemd waits for (`WatchdogSec=`), as sd_watchdog_enabled(3) recommends, or less."""
    try:
        return min(ALIVE_EVERY_S, int(os.environ["WATCHDOG_USEC"]) / 2e6)
    except (KeyError, ValueError):
        return ALIVE_EVERY_S
