"""The route that LiveKit's webhooks arrive on: bytes and signature in, verdict out."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiohttp import web

from bridge.web.answers import Answer
from bridge.web.bodies import read_body

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bridge.web.door import CallEvents

MAX_BODY_BYTES = 256 * 1024
"""A room with its participant and all tracks is a few KiB; nothing LiveKit sends comes near this."""
RECEIVE_TIMEOUT_S = 10.0


class WebhookApi:
    """Hands each webhook to the call events, untouched: its signature covers the exact bytes."""

    def __init__(self, call_events: CallEvents) -> None:
        self._call_events = call_events

    def routes(self) -> Iterable[web.RouteDef]:
        """The one route that the LiveKit server is configured with."""
        yield web.post("/livekit/webhook", self.webhook)

    async def webhook(self, request: web.Request) -> web.Response:
        """200 when taken, 401 for a bad signature, 400 for junk; 503 when too slow, so that LiveKit sends it again."""
        body = await read_body(request, max_bytes=MAX_BODY_BYTES)
        try:
            async with asyncio.timeout(RECEIVE_TIMEOUT_S):
                verdict = await self._call_events.receive(body, request.headers.get("Authorization"))
        except TimeoutError as error:
            raise Answer(503, "unavailable") from error
        if verdict == "refused":
            raise Answer(401, "bad_signature", "the webhook is not signed with livekit.api_key and livekit.api_secret")
        if verdict == "malformed":
            raise Answer(400, "bad_request", "not a LiveKit webhook")
        return web.json_response({})
