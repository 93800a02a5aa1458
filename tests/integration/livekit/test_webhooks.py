"""Webhooks as a real LiveKit server sends them: read when they are its own, refused when anything was changed."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

import aiohttp
import pytest
from aiohttp import web
from pydantic import SecretStr

from bridge.livekit.calls import Calls
from bridge.livekit.ids import ParticipantId
from bridge.livekit.tokens import participant_token
from bridge.livekit.webhooks import WebhookRefused, Webhooks
from tests.integration.livekit.conftest import settings_of
from tests.integration.livekit.people import in_call, until
from tests.stack.livekit import running_livekit
from tests.stack.ports import free_tcp_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from bridge.livekit.ids import CallId


@dataclass
class Mailbox:
    """An HTTP server that keeps what it is sent."""

    url: str
    received: list[tuple[bytes, str | None]] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        """Keep a request's body and signature."""
        self.received.append((await request.read(), request.headers.get("Authorization")))
        return web.Response()


@asynccontextmanager
async def mailbox() -> AsyncIterator[Mailbox]:
    """One on a free port."""
    port = free_tcp_port()
    box = Mailbox(f"http://127.0.0.1:{port}/livekit/webhook")
    app = web.Application()
    app.router.add_post("/livekit/webhook", box.take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield box
    finally:
        await runner.cleanup()


async def test_the_server_s_own_webhooks_are_read_and_altered_ones_are_refused(tmp_path: Path, call: CallId) -> None:
    """The story of a call arrives as events; one changed byte, another secret or no signature is refused."""
    async with (
        mailbox() as box,
        running_livekit(tmp_path, webhook_urls=[box.url]) as server,
        aiohttp.ClientSession() as session,
    ):
        settings = settings_of(server)
        webhooks = Webhooks(settings)

        def kinds() -> list[str]:
            events = [webhooks.read(*delivery) for delivery in box.received]
            return [event.kind for event in events if event is not None]

        calls = Calls(settings, session)
        await calls.open(call, empty_timeout_s=60, departure_timeout_s=5, max_participants=10)
        token = participant_token(settings, call, ParticipantId("ana"), "Ana", valid_for=timedelta(minutes=1))
        async with in_call(settings.url, token) as ana:
            await ana.speak_up()
            await until(lambda: "track_published" in kinds(), what="the track is told")
        await until(lambda: "participant_left" in kinds(), what="the departure is told")
        await calls.close(call)
        await until(lambda: "room_finished" in kinds(), what="the end is told")

    story = {event.kind: event for event in (webhooks.read(*delivery) for delivery in box.received) if event}
    assert {event.call for event in story.values()} == {call}
    assert story["room_started"].participant is None
    assert story["participant_joined"].participant == "ana"
    assert story["participant_left"].participant == "ana"
    assert len({event.id for event in story.values()}) == len(story)

    body, signature = box.received[0]
    with pytest.raises(WebhookRefused, match="another body"):
        webhooks.read(body + b" ", signature)
    with pytest.raises(WebhookRefused, match="missing"):
        webhooks.read(body, None)
    elsewhere = settings.model_copy(update={"api_secret": SecretStr("z" * 48)})
    with pytest.raises(WebhookRefused, match="not signed"):
        Webhooks(elsewhere).read(body, signature)
