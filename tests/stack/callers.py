"""People in a call: they come in through the join link like a browser does, speak in real time, and leave."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import aiohttp
import numpy as np
from livekit import rtc

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from numpy.typing import NDArray

SAMPLE_RATE_HZ = 16_000
_FRAME_S = 0.05
_FRAME_SAMPLES = int(SAMPLE_RATE_HZ * _FRAME_S)
_LEAD_S = 0.4
"""Sound is handed over this far ahead of time, so that a busy machine does not tear holes into it."""
_JOIN_S = 30
_PAGE_S = 20
_PAGE_AGAIN_S = 0.5
_SETTLE_S = 0.5
"""The native client aborts the process now and then when it ends right after a disconnection."""


class JoinRefused(Exception):
    """The join page's API did not let someone in."""

    def __init__(self, link: str, status: int, answer: Any) -> None:
        self.status = status
        self.answer = answer
        super().__init__(f"{link}: {status} {answer}")


@dataclass(frozen=True)
class JoinLink:
    """A link from a card, taken apart: `<public url>/v/<link>`."""

    public_url: str
    link: str

    @classmethod
    def parse(cls, url: str) -> JoinLink:
        """Take a link apart.

        Raises:
            ValueError: it is no join link.
        """
        parts = urlsplit(url)
        before, found, link = parts.path.rpartition("/v/")
        if not found or not link or "/" in link:
            raise ValueError(f"not a join link: {url}")
        return cls(f"{parts.scheme}://{parts.netloc}{before}", link)

    async def describe(self, session: aiohttp.ClientSession) -> dict[str, Any]:
        """What the join page shows before one joins."""
        return await _json(session, "GET", f"{self.public_url}/api/calls/{self.link}")

    async def admit(
        self, session: aiohttp.ClientSession, name: str, *, shared_microphone: bool = False
    ) -> dict[str, Any]:
        """The address and the token with which `name` joins the call, or several people who share a microphone."""
        body = {"name": name, "shared_microphone": shared_microphone}
        return await _json(session, "POST", f"{self.public_url}/api/calls/{self.link}/token", body)


class CallParticipant:
    """Somebody in a call with an open microphone; see `in_call`."""

    def __init__(self, name: str, identity: str) -> None:
        self.name = name
        self.identity = identity
        self._room = rtc.Room()
        self._left = False
        self._microphone = rtc.AudioSource(SAMPLE_RATE_HZ, 1, queue_size_ms=2000)

    @classmethod
    async def join(
        cls, session: aiohttp.ClientSession, url: str, name: str, *, shared_microphone: bool = False
    ) -> CallParticipant:
        """Join the call behind the link `url` and publish a microphone.

        Raises:
            JoinRefused: the page's API said no.
        """
        link = JoinLink.parse(url)
        await link.describe(session)
        admission = await link.admit(session, name, shared_microphone=shared_microphone)
        return await cls.join_with_token(admission["livekit_url"], admission["token"], name, admission["identity"])

    @classmethod
    async def join_with_token(cls, livekit_url: str, token: str, name: str, identity: str) -> CallParticipant:
        """Join a call with a token that one already has."""
        participant = cls(name, identity)
        options = rtc.RoomOptions(auto_subscribe=False)  # nobody here listens, and decoding costs
        async with asyncio.timeout(_JOIN_S):
            await participant._room.connect(livekit_url, token, options)
            track = rtc.LocalAudioTrack.create_audio_track("microphone", participant._microphone)
            published = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE, dtx=False)
            await participant._room.local_participant.publish_track(track, published)
        return participant

    async def speak(self, sound: NDArray[np.int16], *, starts_at: float) -> None:
        """Say a recording in real time.

        Args:
            sound: 16 kHz mono.
            starts_at: When its first sample is due, on the event loop's clock. People who speak together are given
                the same moment, so that what overlaps in the recording overlaps in the call.
        """
        clock = asyncio.get_running_loop().time
        for first in range(0, len(sound), _FRAME_SAMPLES):
            due = starts_at + max(0.0, first / SAMPLE_RATE_HZ - _LEAD_S)
            await asyncio.sleep(max(0.0, due - clock()))
            samples = sound[first : first + _FRAME_SAMPLES]
            await self._microphone.capture_frame(rtc.AudioFrame(samples.tobytes(), SAMPLE_RATE_HZ, 1, len(samples)))
        end = starts_at + len(sound) / SAMPLE_RATE_HZ
        await asyncio.sleep(max(0.0, end - clock()))

    async def leave(self) -> None:
        """Hang up; once is enough."""
        if self._left:
            return
        self._left = True
        await self._room.disconnect()
        await self._microphone.aclose()


@asynccontextmanager
async def in_call(
    session: aiohttp.ClientSession, url: str, *names: str, shared_microphone: bool = False
) -> AsyncIterator[list[CallParticipant]]:
    """These people in the call behind the link `url`; whoever is still there at the end hangs up.

    With `shared_microphone` they say at the door that several people speak into their microphone.
    """
    present: list[CallParticipant] = []
    try:
        for name in names:
            joining = CallParticipant.join(session, url, name, shared_microphone=shared_microphone)
            present.append(await joining)  # those who are in must leave, whatever comes of the next one
        yield present
    finally:
        await asyncio.gather(*(participant.leave() for participant in present))
        await asyncio.sleep(_SETTLE_S)


async def _json(
    session: aiohttp.ClientSession, method: str, url: str, body: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Ask the page's API; a page that does not load is loaded again, as people do."""
    clock = asyncio.get_running_loop().time
    give_up_at = clock() + _PAGE_S
    while True:
        try:
            async with session.request(method, url, json=body, timeout=aiohttp.ClientTimeout(total=20)) as response:
                answer = await response.json(content_type=None)
                if response.status != 200:
                    raise JoinRefused(url, response.status, answer)
                return dict(answer)
        except aiohttp.ClientConnectionError:
            if clock() > give_up_at:
                raise
            await asyncio.sleep(_PAGE_AGAIN_S)
