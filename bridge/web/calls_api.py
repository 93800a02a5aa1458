"""The page's own API: what a link leads to, and a token for whoever gives a name."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import TYPE_CHECKING

from aiohttp import web

from bridge.web.answers import Answer
from bridge.web.bodies import read_json_object
from bridge.web.door import CallFull, CallOver, CallServerAway, Door, UnknownLink, is_link
from bridge.web.names import BadName, clean_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bridge.web.door import Admission, CallNotice

MAX_BODY_BYTES = 16 * 1024
DOOR_TIMEOUT_S = 15.0


class CallsApi:
    """Answers the page by asking the door."""

    def __init__(self, door: Door) -> None:
        self._door = door

    def routes(self) -> Iterable[web.RouteDef]:
        """The two routes under `/api/calls/`."""
        yield web.get("/api/calls/{link}", self.notice)
        yield web.post("/api/calls/{link}/token", self.token)

    async def notice(self, request: web.Request) -> web.Response:
        """200 with all that the page may say of the call (`CallNotice`); 404 for an unknown link."""
        notice = await self._described(_link_of(request))
        if notice is None:
            raise _unknown_link()
        return web.json_response(asdict(notice))

    async def token(self, request: web.Request) -> web.Response:
        """200 with what the browser needs to enter; 404, 409, 410, 422 or 503 with the reason otherwise."""
        link = _link_of(request)
        body = await read_json_object(request, max_bytes=MAX_BODY_BYTES)
        try:
            name = clean_name(body.get("name"))
        except BadName as error:
            raise Answer(422, "bad_name", str(error)) from error
        shared_microphone = body.get("shared_microphone", False)
        if not isinstance(shared_microphone, bool):
            raise Answer(422, "bad_request", "shared_microphone: expected true or false")
        return web.json_response(asdict(await self._admitted(link, name, shared_microphone=shared_microphone)))

    async def _described(self, link: str) -> CallNotice | None:
        try:
            async with asyncio.timeout(DOOR_TIMEOUT_S):
                return await self._door.describe(link)
        except TimeoutError as error:
            raise Answer(503, "unavailable", "the server is too busy to answer; try again") from error

    async def _admitted(self, link: str, name: str, *, shared_microphone: bool) -> Admission:
        try:
            async with asyncio.timeout(DOOR_TIMEOUT_S):
                return await self._door.admit(link, name, shared_microphone=shared_microphone)
        except UnknownLink as error:
            raise _unknown_link() from error
        except CallOver as error:
            raise Answer(410, "call_over", "this call has ended") from error
        except CallFull as error:
            raise Answer(409, "call_full", "this call is full") from error
        except (CallServerAway, TimeoutError) as error:
            raise Answer(503, "livekit_unreachable", "the media server does not answer; try again") from error


def _link_of(request: web.Request) -> str:
    link = request.match_info["link"]
    if not is_link(link):
        raise _unknown_link()
    return link


def _unknown_link() -> Answer:
    return Answer(404, "unknown_link", "no call has this link")
