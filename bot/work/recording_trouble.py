"""What keeps a call from being recorded: told to its meeting when it begins and when it is over, not at each try."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext

from bot.durable.signals import Signal, tell
from bot.process.stopping import beside
from bridge.livekit.sound import SoundSink, SpokenTrack, TrackSink
from transcripts.storage.spool import MeetingId

STEADY_AFTER_S = 15.0
"""A recording that has gone on for this long is mended; a shorter one may be one more try that fails."""
MOST_TOLD = 6
"""Trouble that comes and goes more often is told no further: a room is no log."""


class WatchedSink(SoundSink):
    """Passes sound on, and knows when the recorder came into the call."""

    def __init__(self, sink: SoundSink) -> None:
        self.has_joined = asyncio.Event()
        self._sink = sink

    def joined(self, at_s: float) -> None:
        """The recorder is in the call."""
        self._sink.joined(at_s)
        self.has_joined.set()

    def left(self, at_s: float, *, over: bool) -> None:
        """The recorder is out of the call."""
        self.has_joined.clear()
        self._sink.left(at_s, over=over)

    def open_track(self, track: SpokenTrack) -> TrackSink:
        """Begin a track."""
        return self._sink.open_track(track)

    def sync(self) -> None:
        """Bring what was written to the disk."""
        self._sink.sync()


class Trouble:
    """One kind of trouble of one meeting's recording.

    Attributes:
        problem: what it is now, as one word; empty when there is none.
    """

    def __init__(self, meeting: MeetingId) -> None:
        self.problem = ""
        self._meeting = meeting
        self._told = 0

    async def began(self, problem: str) -> None:
        """This is what is wrong now."""
        if problem != self.problem:
            self.problem = problem
            await self._tell(Signal("recording_broken", problem=problem))

    async def ended(self) -> None:
        """Nothing is wrong any more."""
        if self.problem:
            self.problem = ""
            await self._tell(Signal("recording_resumed"))

    @asynccontextmanager
    async def mended_by(self, sink: WatchedSink) -> AsyncIterator[WatchedSink]:
        """While the recorder goes on writing into `sink`: the trouble is over once that has lasted."""
        async with beside(self._mend(sink), "mending") if self.problem else nullcontext():
            yield sink

    async def _mend(self, sink: WatchedSink) -> None:
        steady = False
        while not steady:
            await sink.has_joined.wait()
            await asyncio.sleep(STEADY_AFTER_S)
            steady = sink.has_joined.is_set()
        await self.ended()

    async def _tell(self, signal: Signal) -> None:
        if self._told < MOST_TOLD:
            self._told += 1
            await tell(self._meeting, signal)
