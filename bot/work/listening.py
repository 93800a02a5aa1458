"""Listening to what is being recorded: the meetings of this process take turns, and no sync waits for it.

What keeps sound from being lost is the disk; where a voice is in it can be found out later. So a machine that is too
slow for all of its meetings falls behind with listening, evenly, and the speech process does the rest.
"""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from bot.process.stopping import beside
from bridge.livekit.capture import SYNC_EVERY_S

LISTEN_EVERY_S = SYNC_EVERY_S
"""Only what the disk has is listened to."""
LISTENERS = max(1, (os.cpu_count() or 1) // 2)
"""At once. The rest of the machine takes sound from the network and brings it to the disk."""


class Listened(Protocol):
    """Sound that is being recorded."""

    def listen(self) -> bool:
        """Take a turn of listening to what the disk has; gives whether there is more."""


class Listening:
    """Listens to all that one process records, in a few threads."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(LISTENERS, thread_name_prefix="listening")

    def during(self, sound: Listened) -> AbstractAsyncContextManager[None]:
        """Listen to it while it is recorded in the block; a turn that is going on then may outlast it."""
        return beside(self._keep_listening(sound), "listening")

    async def _keep_listening(self, sound: Listened) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(LISTEN_EVERY_S)
            while await loop.run_in_executor(self._threads, sound.listen):
                pass  # there is more: behind the others, who wait for their turn
