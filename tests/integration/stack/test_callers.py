"""The people in a call against the real LiveKit server: what they say together arrives together."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
from livekit import api, rtc

from tests.stack.callers import SAMPLE_RATE_HZ, CallParticipant

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tests.stack.livekit import LiveKitServer

LENGTH_S = 4
BEEPS_AT_S = (1.0, 2.0, 3.0)


def token(livekit: LiveKitServer, identity: str) -> str:
    """Lets somebody into one call."""
    grants = api.VideoGrants(room_join=True, room="callers")
    access = api.AccessToken(livekit.api_key, livekit.api_secret).with_identity(identity)
    return access.with_grants(grants).with_ttl(timedelta(minutes=5)).to_jwt()


def beeps() -> NDArray[np.int16]:
    """A recording with a tenth of a second of 500 Hz at each of `BEEPS_AT_S`."""
    sound = np.zeros(SAMPLE_RATE_HZ * LENGTH_S, np.int16)
    beep = (8000 * np.sin(np.arange(1600) * 2 * np.pi * 500 / SAMPLE_RATE_HZ)).astype(np.int16)
    for at_s in BEEPS_AT_S:
        first = int(at_s * SAMPLE_RATE_HZ)
        sound[first : first + len(beep)] = beep
    return sound


async def onsets(track: rtc.Track, *, since: float) -> list[float]:
    """When each beep of a track is heard, in seconds after `since` (monotonic)."""
    stream = rtc.AudioStream(track, sample_rate=SAMPLE_RATE_HZ, num_channels=1, frame_size_ms=10)
    heard: list[float] = []
    try:
        async for event in stream:
            now = time.monotonic() - since
            loud = np.abs(np.frombuffer(event.frame.data, np.int16)).max() > 2000
            if loud and (not heard or now - heard[-1] > 0.5):
                heard.append(now)
            if len(heard) == len(BEEPS_AT_S):
                break
    finally:
        await stream.aclose()
    return heard


async def test_people_who_start_together_are_heard_together(livekit: LiveKitServer) -> None:
    """The overlaps of a recorded meeting stay, in real time."""
    tracks: dict[str, rtc.Track] = {}
    both = asyncio.Event()
    listener = rtc.Room()

    def subscribed(track: rtc.Track, _: rtc.RemoteTrackPublication, who: rtc.RemoteParticipant) -> None:
        tracks[who.identity] = track
        if len(tracks) == 2:
            both.set()

    listener.on("track_subscribed", subscribed)
    await listener.connect(livekit.url, token(livekit, "listener"))
    speakers = [
        await CallParticipant.join_with_token(livekit.url, token(livekit, name), name, name) for name in ("a", "b")
    ]
    try:
        async with asyncio.timeout(20):
            await both.wait()
            starts_at, since = asyncio.get_running_loop().time() + 0.5, time.monotonic() + 0.5
            heard_a, heard_b, *_ = await asyncio.gather(
                *(onsets(track, since=since) for track in tracks.values()),
                *(speaker.speak(beeps(), starts_at=starts_at) for speaker in speakers),
            )
    finally:
        for speaker in speakers:
            await speaker.leave()
        await listener.disconnect()
        await asyncio.sleep(0.5)  # the native client aborts when the process ends right after a disconnection
    assert heard_a is not None
    assert heard_b is not None
    np.testing.assert_allclose(heard_a, heard_b, atol=0.15)
    np.testing.assert_allclose(heard_a, BEEPS_AT_S, atol=0.5)
