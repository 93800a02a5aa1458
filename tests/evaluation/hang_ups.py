"""What would be left to do, had people hung up a little earlier: a call is replayed once, and ended at several moments.

How much is left when the last one leaves is a matter of chance: how full each speaker's open window is. So a call's
folder is noted at some moments of its replay (the sound only by its length, as it only grows), and when the call is
over it is put back to each of them, the latest first, for another follower to finish. That one has read the journal by
then, as one that was there all the time would have.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from config.models import Summary
from transcripts.following import Follower
from transcripts.minutes.writing import write

NewFollower = Callable[[], Follower]


@dataclass(frozen=True, slots=True)
class AfterHangUp:
    """What is done when the last one has left, in seconds."""

    recording_s: float
    """The recorder settles what it has heard, and closes its files."""
    words_s: float
    """The rest is heard, and the words are put together."""
    minutes_s: float
    """The minutes are written."""

    @property
    def complete_s(self) -> float:
        """Until transcript and minutes are there."""
        return self.recording_s + self.words_s + self.minutes_s


@dataclass(frozen=True, slots=True)
class _Noted:
    at_s: float
    sizes: dict[str, int]
    """Of the tracks' files."""
    others: dict[str, bytes]
    """The other files of the folder, whole."""


@dataclass(slots=True)
class HangUps:
    """The moments of one call, in order."""

    folder: Path
    """Where the call's sound, what was found in it, and the journal are."""
    moments_s: tuple[float, ...]
    _noted: list[_Noted] = field(default_factory=list)

    def note(self, at_s: float) -> None:
        """It is so late in the call, and everything written is on the disk."""
        if len(self._noted) < len(self.moments_s) and at_s >= self.moments_s[len(self._noted)]:
            files = [path for path in self.folder.iterdir() if path.is_file()]
            sizes = {path.name: path.stat().st_size for path in files if path.suffix == ".pcm"}
            others = {path.name: path.read_bytes() for path in files if path.suffix != ".pcm"}
            self._noted.append(_Noted(at_s, sizes, others))

    async def again(self, new_follower: NewFollower) -> tuple[AfterHangUp, ...]:
        """Once the call is over: hang up at each of the moments that were noted; the folder is spent then."""
        return tuple([await self._hang_up(noted, new_follower()) for noted in reversed(self._noted)])

    async def _hang_up(self, noted: _Noted, follower: Follower) -> AfterHangUp:
        await asyncio.to_thread(self._put_back, noted)
        try:
            await follower.look()
            began_s = time.perf_counter()
            transcript = await follower.finish(noted.at_s)
            heard_s = time.perf_counter()
            await write(transcript, Summary())
            # The recorder's share, a tenth of a second, is in the words': nobody has settled the last sound.
            return AfterHangUp(0.0, heard_s - began_s, time.perf_counter() - heard_s)
        finally:
            await follower.leave_off()

    def _put_back(self, noted: _Noted) -> None:
        for path in self.folder.iterdir():
            if path.name in noted.sizes:
                os.truncate(path, noted.sizes[path.name])
            elif path.name not in noted.others:
                path.unlink()
        for name, content in noted.others.items():
            (self.folder / name).write_bytes(content)
