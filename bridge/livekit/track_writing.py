"""One track's sound, from LiveKit's stream into its sink, until the task is cancelled or the stream ends."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog
from livekit import rtc

from bridge.livekit.sound import SAMPLE_RATE_HZ

if TYPE_CHECKING:
    from collections.abc import Callable

    from bridge.livekit.sound import SpokenTrack, TrackSink

FRAME_MS = 100
CLOSE_WITHIN_S = 3.0
"""Native code that has not let go of a stream by then is left alone."""

log = structlog.get_logger()


async def write_track(
    track: rtc.Track, spoken: SpokenTrack, open_track: Callable[[SpokenTrack], TrackSink], clock: Callable[[], float]
) -> None:
    """Write the sound of `track`, silence included, as it arrives.

    A stream goes on with zeros while its track is muted, and does not end when the track goes: cancel this then.

    Args:
        track: subscribed.
        spoken: what the sink is told of it.
        open_track: gives what takes it, asked for when the first of it has come; what either raises comes out of here.
        clock: seconds since the recording began.
    """
    try:
        stream = rtc.AudioStream(track, sample_rate=SAMPLE_RATE_HZ, num_channels=1, frame_size_ms=FRAME_MS)
    except AssertionError:  # all that the native side says of a track that has just gone
        log.info("no sound stream for track", track=spoken.track)
        return
    opened: TrackSink | None = None
    try:
        async for event in stream:
            if opened is None:  # not before: a track that goes as it comes leaves nothing behind
                opened = open_track(spoken)
                log.info("track recorded", track=spoken.track, participant=spoken.participant, source=spoken.source)
            opened.write(event.frame.data.tobytes(), clock())
    finally:
        try:
            if opened is not None:
                opened.close()
        finally:
            await _close(stream, spoken)


async def _close(stream: rtc.AudioStream, spoken: SpokenTrack) -> None:
    try:
        async with asyncio.timeout(CLOSE_WITHIN_S):
            await stream.aclose()
    except TimeoutError:
        log.warning("sound stream did not close", track=spoken.track)
