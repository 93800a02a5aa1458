"""The page as people get it: our real server before a real LiveKit server, opened in a real browser."""

from __future__ import annotations

import wave
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import av
import pytest
import pytest_asyncio
from prometheus_client import CollectorRegistry

from bridge.web.join_page import BUILT_PAGE
from bridge.web.metrics import Metrics
from bridge.web.server import build, serving
from tests.fakes.web import FakeCallEvents, FakeReadiness
from tests.integration.web.calls import LiveKitDoor
from tests.integration.web.chromium import chromium, speaking

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Browser

    from tests.stack.livekit import LiveKitServer

ROOT = Path(__file__).parents[3]
SPEECH = ROOT / "tests" / "data" / "meetings" / "dev2" / "Nadia.flac"
SPEECH_RATE_HZ = 48_000


@dataclass(frozen=True)
class ServedPage:
    """Where the page is served, and the door behind it."""

    url: str
    door: LiveKitDoor

    def link(self, link: str) -> str:
        """The address that people click."""
        return f"{self.url}/v/{link}"


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def page_server(livekit: LiveKitServer) -> AsyncIterator[ServedPage]:
    """Our own server with the built page, for calls on the LiveKit server of all tests."""
    async with serving_page(livekit) as served:
        yield served


@asynccontextmanager
async def serving_page(livekit: LiveKitServer) -> AsyncIterator[ServedPage]:
    """Our own server with the built page; needs `npm run build`, which `make test` does first."""
    door = LiveKitDoor(livekit)
    app = build(
        door,
        FakeCallEvents(),
        FakeReadiness(),
        page_dir=BUILT_PAGE,
        livekit_url=livekit.url,
        metrics=Metrics(CollectorRegistry(), token=None),
    )
    async with serving(app, "127.0.0.1", 0) as port:
        yield ServedPage(f"http://127.0.0.1:{port}", door)


@pytest.fixture(scope="session")
def speech_wav(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nadia's track of the meeting `dev2` as the WAV file that Chromium's fake microphone plays."""
    wav = tmp_path_factory.mktemp("speech") / "nadia.wav"
    resampler = av.AudioResampler(format="s16", layout="mono", rate=SPEECH_RATE_HZ)
    with av.open(str(SPEECH)) as track, wave.open(str(wav), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(SPEECH_RATE_HZ)
        for frame in track.decode(audio=0):
            for resampled in resampler.resample(frame):
                out.writeframes(resampled.to_ndarray().tobytes())
    return wav


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser(speech_wav: Path) -> AsyncIterator[Browser]:
    """A browser whose microphone speaks."""
    async with chromium(*speaking(speech_wav)) as launched:
        yield launched
