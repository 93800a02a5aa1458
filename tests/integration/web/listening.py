"""Another participant of the call, by the SDK: hears, sees who is there, writes."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import numpy as np
from livekit import rtc

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bridge.web.door import Admission

WITHIN_S = 25.0


@asynccontextmanager
async def in_the_call(admission: Admission) -> AsyncIterator[rtc.Room]:
    """Someone in the call for as long as the block runs."""
    room = rtc.Room()
    await room.connect(admission.livekit_url, admission.token)
    try:
        yield room
    finally:
        await room.disconnect()


async def microphone_of(room: rtc.Room, name: str) -> rtc.RemoteAudioTrack:
    """The sound of the participant of this name, once it can be heard."""
    async with asyncio.timeout(WITHIN_S):
        while True:
            for person in room.remote_participants.values():
                for publication in person.track_publications.values():
                    if person.name == name and isinstance(publication.track, rtc.RemoteAudioTrack):
                        return publication.track
            await asyncio.sleep(0.05)


def attributes_of(room: rtc.Room, name: str) -> dict[str, str]:
    """What the call knows of the participant of this name, who is in it."""
    (person,) = [person for person in room.remote_participants.values() if person.name == name]
    return person.attributes


async def loudest_heard(track: rtc.RemoteAudioTrack, *, louder_than: float) -> float:
    """The level of the first 100 ms louder than this (root mean square, of full scale); fails when none comes."""
    stream = rtc.AudioStream(track, sample_rate=16_000, num_channels=1, frame_size_ms=100)
    try:
        async with asyncio.timeout(WITHIN_S):
            async for event in stream:
                samples = np.frombuffer(event.frame.data, dtype=np.int16).astype(np.float64) / 32_768
                level = float(np.sqrt(np.mean(samples**2)))
                if level > louder_than:
                    return level
    finally:
        await stream.aclose()
    raise AssertionError("the track ended before anything was heard")
