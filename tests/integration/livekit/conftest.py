"""A call of its own for each test, on the shared LiveKit server."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import aiohttp
import pytest
import pytest_asyncio

from bridge.livekit.calls import Calls
from bridge.livekit.ids import CallId
from config.models import LiveKit

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.stack.livekit import LiveKitServer


def settings_of(server: LiveKitServer) -> LiveKit:
    """What Greffier would be configured with for this server."""
    return LiveKit.model_validate({"url": server.url, "api_key": server.api_key, "api_secret": server.api_secret})


@pytest.fixture
def settings(livekit: LiveKitServer) -> LiveKit:
    """The settings for the shared server."""
    return settings_of(livekit)


@pytest.fixture
def call() -> CallId:
    """The name of a call that nobody has opened."""
    return CallId(f"test-{secrets.token_hex(6)}")


@pytest_asyncio.fixture
async def calls(settings: LiveKit, call: CallId) -> AsyncIterator[Calls]:
    """The shared server's calls; the test's own is closed afterwards."""
    async with aiohttp.ClientSession() as session:
        calls = Calls(settings, session)
        yield calls
        await calls.close(call)
