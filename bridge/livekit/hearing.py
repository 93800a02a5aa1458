"""When the recorder hears the call: told to the sink stay by stay, as exactly as it can be known.

A connection that breaks is noticed late: at once where the server's process ends, but only after some 15 s where it
merely falls silent. Streams go on with zeros meanwhile, so the frames do not tell when the sound stopped. The last
packet does, and the SDK knows when that came.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from livekit import rtc

    from bridge.livekit.sound import SoundSink

NOTICED_WITHIN_S = 20.0
"""A connection that has been silent for longer would have been given up before: then nobody was speaking."""
MENDED_WITHIN_S = 1.0
"""Where packets came until shortly before, only the signalling was away, and no sound was lost."""
ASK_WITHIN_S = 1.0

log = structlog.get_logger()


class Hearing:
    """One stay in a call, or several where the SDK joins anew by itself.

    Attributes:
        broke_at_s: when the connection was said to have broken; None while it holds.
    """

    def __init__(self, sink: SoundSink, clock: Callable[[], float]) -> None:
        """Tell `sink`, on a `clock` of seconds since the recording began."""
        self._sink = sink
        self._clock = clock
        self.broke_at_s: float | None = None
        self._noted = False
        self._silent_since_s = 0.0
        self._dating: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """The recorder is in the call from now on.

        Raises:
            OSError: the sink cannot keep that.
        """
        self._sink.joined(self._clock())
        self._noted = True

    def break_off(self, tracks: Sequence[rtc.Track]) -> None:
        """The connection, which carried these tracks, has broken."""
        self.broke_at_s = self._silent_since_s = self._clock()
        self._dating = asyncio.create_task(self._date_back(self.broke_at_s, tracks))

    def deaf_since(self, at_s: float) -> None:
        """The connection stands, and nothing has come through it since then."""
        if self.broke_at_s is None:
            self.broke_at_s, self._silent_since_s = self._clock(), at_s

    def mend(self, *, joined_anew: bool) -> None:
        """The connection is there again: resumed, or one that the SDK has made anew.

        Raises:
            OSError: the sink cannot keep that.
        """
        broke_at_s, self.broke_at_s = self.broke_at_s, None
        if broke_at_s is not None and (joined_anew or broke_at_s - self._silent_since_s > MENDED_WITHIN_S):
            self._leave(self._silent_since_s, over=False)
            self.begin()

    def end(self, *, over: bool) -> None:
        """The recorder is out of the call, or given up: since now, or since the connection broke."""
        if self._dating is not None:
            self._dating.cancel()
        self._leave(self._clock() if self.broke_at_s is None else self._silent_since_s, over=over)

    def _leave(self, at_s: float, *, over: bool) -> None:
        if self._noted:
            self._noted = False
            self._sink.left(at_s, over=over)

    async def _date_back(self, broke_at_s: float, tracks: Sequence[rtc.Track]) -> None:
        silent_s = await _silent_s(tracks)
        if silent_s is not None and silent_s <= NOTICED_WITHIN_S and self.broke_at_s == broke_at_s:
            self._silent_since_s = broke_at_s - silent_s


async def _silent_s(tracks: Sequence[rtc.Track]) -> float | None:
    """How long ago the last packet of any track that is not muted came; None where there is no telling."""
    ages_s: list[float] = []
    try:
        async with asyncio.timeout(ASK_WITHIN_S):
            for track in tracks:
                ages_s += [] if track.muted else _ages_s(await track.get_stats())
    except Exception as error:  # noqa: BLE001 - the SDK's own; a track that has gone meanwhile cannot be asked
        log.info("track not asked for its last packet", cause=repr(error))
    return min(ages_s, default=None)


def _ages_s(stats: Sequence[rtc.stats.RtcStats]) -> list[float]:
    streams = [entry.inbound_rtp for entry in stats if entry.HasField("inbound_rtp")]
    return [
        max(0.0, stream.rtc.timestamp / 1e6 - stream.inbound.last_packet_received_timestamp / 1e3)
        for stream in streams
        if stream.inbound.last_packet_received_timestamp
    ]
