"""A client for the real application with fakes behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import CollectorRegistry

from bridge.web.door import CallNotice
from bridge.web.metrics import Metrics
from bridge.web.server import build
from tests.fakes.web import FakeCallEvents, FakeDoor, FakeReadiness
from tests.unit.bridge.web.links import OPEN

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.unit.bridge.web.links import Client


@pytest.fixture
def door() -> FakeDoor:
    """A door with one open call."""
    return FakeDoor({OPEN: CallNotice("Point budget", "fr", "open", transcribed=True)})


@pytest.fixture
def call_events() -> FakeCallEvents:
    """Call events that take everything."""
    return FakeCallEvents()


@pytest.fixture
def readiness() -> FakeReadiness:
    """Ready."""
    return FakeReadiness()


@pytest.fixture
def page_dir(tmp_path: Path) -> Path:
    """A built page, as small as can be, with a secret beside it."""
    assets = tmp_path / "dist" / "assets"
    assets.mkdir(parents=True)
    (tmp_path / "dist" / "index.html").write_text("<!doctype html><title>Greffier</title>")
    (assets / "index-abc.js").write_text("export {};")
    (tmp_path / "secret.txt").write_text("do not serve")
    return tmp_path / "dist"


@pytest_asyncio.fixture
async def client(
    door: FakeDoor, call_events: FakeCallEvents, readiness: FakeReadiness, page_dir: Path
) -> AsyncIterator[Client]:
    """A client of the whole application, without a metrics token."""
    app = build(
        door,
        call_events,
        readiness,
        page_dir=page_dir,
        livekit_url="wss://livekit.test:7443/rtc",
        metrics=Metrics(CollectorRegistry(), token=None),
    )
    async with TestClient(TestServer(app)) as opened:
        yield opened
