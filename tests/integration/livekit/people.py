"""People in a real call: they join with a token and publish what a test has them say."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import numpy as np
from livekit import rtc

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from numpy.typing import NDArray

RATE_HZ = 48_000
_FRAME = RATE_HZ // 50


def tone(seconds: float, *, pitch_hz: float = 440, level: int = 12_000) -> NDArray[np.int16]:
    """A tone at 48 kHz that begins at once at full level."""
    return (level * np.cos(2 * np.pi * pitch_hz * np.arange(int(seconds * RATE_HZ)) / RATE_HZ)).astype(np.int16)


class Microphone:
    """A published audio track that sends silence until it is given sound."""

    def __init__(self, room: rtc.Room, source: rtc.TrackSource.ValueType) -> None:
        self._room = room
        self._kind = source
        self._waiting = np.zeros(0, dtype=np.int16)
        self._source = rtc.AudioSource(RATE_HZ, 1, queue_size_ms=100)
        self._track = rtc.LocalAudioTrack.create_audio_track("sound", self._source)
        self._sid = ""
        self._sending: asyncio.Task[None] | None = None

    async def publish(self, *, dtx: bool = False, sends: bool = True) -> None:
        """Appear in the call; with `dtx`, silence is hardly sent."""
        published = await self._room.local_participant.publish_track(
            self._track, rtc.TrackPublishOptions(source=self._kind, dtx=dtx)
        )
        self._sid = published.sid
        if sends:
            self._sending = asyncio.create_task(self._send())

    async def unpublish(self) -> None:
        """Disappear from the call."""
        await self._room.local_participant.unpublish_track(self._sid)
        await self.close()

    async def close(self) -> None:
        """Stop sending."""
        if self._sending is not None:
            self._sending.cancel()
            await asyncio.gather(self._sending, return_exceptions=True)
            await self._source.aclose()
            self._sending = None

    def say(self, sound: NDArray[np.int16]) -> None:
        """Send this next."""
        self._waiting = sound

    def mute(self) -> None:
        """Tell the call that the microphone is off, and send nothing."""
        self._track.mute()

    def unmute(self) -> None:
        """Be heard again."""
        self._track.unmute()

    async def _send(self) -> None:
        while True:
            now, self._waiting = self._waiting[:_FRAME], self._waiting[_FRAME:]
            now = np.pad(now, (0, _FRAME - len(now)))
            await self._source.capture_frame(rtc.AudioFrame(now.tobytes(), RATE_HZ, 1, _FRAME))


class Person:
    """Someone in a call."""

    def __init__(self, room: rtc.Room) -> None:
        self.room = room
        self.microphones: list[Microphone] = []

    async def speak_up(self, source: rtc.TrackSource.ValueType = rtc.TrackSource.SOURCE_MICROPHONE) -> Microphone:
        """Publish sound."""
        microphone = Microphone(self.room, source)
        await microphone.publish()
        self.microphones.append(microphone)
        return microphone


@asynccontextmanager
async def in_call(url: str, token: str, *, key: bytes | None = None) -> AsyncIterator[Person]:
    """Someone who is in the call for as long as the block lasts; with a key, what they publish is encrypted."""
    person = Person(rtc.Room())
    encryption = key and rtc.E2EEOptions(key_provider_options=rtc.KeyProviderOptions(shared_key=key))
    options = rtc.RoomOptions(auto_subscribe=False, encryption=encryption or None)
    await asyncio.wait_for(person.room.connect(url, token, options), 15)
    try:
        yield person
    finally:
        for microphone in person.microphones:
            await microphone.close()
        await asyncio.wait_for(person.room.disconnect(), 10)


async def until(holds: Callable[[], bool], *, within_s: float = 10, what: str = "the condition") -> None:
    """Wait until something holds.

    Raises:
        AssertionError: it did not in time.
    """
    try:
        async with asyncio.timeout(within_s):
            while not holds():  # noqa: ASYNC110 - the fakes are plain values, without events
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"{what} did not hold within {within_s} s") from None
