"""What the supervisor hears from one of its processes (sd_notify(3), the other end of `notifying`)."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from bot.process.notifying import ALIVE, READY

STARTS_WITHIN_S = 180.0
"""A process that loads much on a slow machine says nothing until it has."""
SILENT_AFTER_S = 60.0
"""A process whose event loop has not turned for this long is stuck."""


class Pulse(asyncio.DatagramProtocol):
    """Listens to one process at a time; `began` says that a new one begins."""

    def __init__(self, address: Path, clock: Callable[[], float], changed: Callable[[], None]) -> None:
        self.address = address
        self.is_ready = False
        self.is_put_off = False
        """Nobody is to wait until it is ready: it waits for somebody else, and is started again."""
        self._clock = clock
        self._changed = changed
        self._heard_at_s: float | None = None
        self._began_at_s = clock()

    def began(self) -> None:
        """Another process is listened to from now on."""
        self.is_ready = False
        self._heard_at_s = None
        self._began_at_s = self._clock()

    def put_off(self) -> None:
        """It cannot be ready before something else is."""
        if not self.is_put_off:
            self.is_put_off = True
            self._changed()

    def datagram_received(self, data: bytes, addr: object) -> None:  # noqa: ARG002 (as asyncio calls it)
        """Take in what the process says."""
        for line in data.decode("utf-8", "replace").splitlines():
            if line == ALIVE:
                self._heard_at_s = self._clock()
            elif line == READY and not self.is_ready:
                self.is_ready = True
                self._changed()

    def silent_in_s(self) -> float:
        """In how many seconds this process counts as stuck if nothing is heard of it; not positive when it does."""
        if self._heard_at_s is None:
            return self._began_at_s + STARTS_WITHIN_S - self._clock()
        return self._heard_at_s + SILENT_AFTER_S - self._clock()

    async def until_silent(self) -> None:
        """Return when this process is stuck."""
        while (left_s := self.silent_in_s()) > 0:  # noqa: ASYNC110 (nothing happens: that is what is waited for)
            await asyncio.sleep(left_s)

    @property
    def environment(self) -> dict[str, str]:
        """What tells the process where to, and how often."""
        return {"NOTIFY_SOCKET": str(self.address), "WATCHDOG_USEC": str(int(SILENT_AFTER_S * 1e6))}


@asynccontextmanager
async def listening(address: Path, changed: Callable[[], None]) -> AsyncIterator[Pulse]:
    """A pulse that can be spoken to at `address` while the block runs; `changed` is called when it is ready."""
    loop = asyncio.get_running_loop()
    transport, pulse = await loop.create_datagram_endpoint(
        lambda: Pulse(address, loop.time, changed), local_addr=str(address), family=socket.AF_UNIX
    )
    try:
        yield pulse
    finally:
        transport.close()
        address.unlink(missing_ok=True)  # noqa: ASYNC240 (a name, in memory)
