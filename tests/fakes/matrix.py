"""A homeserver that says what a test wants it to say, over real HTTP: well-behaved until told otherwise."""

from __future__ import annotations

import asyncio
import base64
import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import web

from bridge.matrix.events import RoomMessage
from config.models import Matrix
from tests.stack.ports import free_tcp_port

SERVER_NAME = "tchap.test"
BOT = "@greffier:tchap.test"
CLAIRE = "@claire:tchap.test"
ROOM = "!budget:tchap.test"


HOSTILE: list[Any] = [
    None,
    True,
    0,
    -1,
    2**64,
    1e308,
    float("nan"),
    "",
    "x" * 100_000,
    "\x00\ud800\u202e",
    [],
    [[[]]],
    {},
    {"": {}},
    {"type": {"type": []}},
]
"""What may stand in the place of any JSON value."""


@dataclass(frozen=True)
class Answer:
    """What to answer a request with: a JSON object, or raw bytes."""

    status: int = 200
    body: Mapping[str, Any] | bytes = field(default_factory=dict)
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def raw(self) -> bytes:
        """The body as it goes over the wire."""
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


PROXY_PAGE = Answer(502, b"<html><h1>Bad gateway</h1></html>", "text/html")
JUNK = Answer(200, b"\x00\xff{[", "application/json")
TOKEN_UNKNOWN = Answer(401, {"errcode": "M_UNKNOWN_TOKEN", "error": "Unrecognised access token"})
HANG = Answer(0)
"""No answer until the homeserver stops."""


@dataclass(frozen=True)
class Request:
    """What was asked for."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


class FakeHomeserver:
    """Answers `/sync` with what it was told, all else with an empty success, and with faults as often as asked."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.port = free_tcp_port()
        self._answers: dict[tuple[str, str], Answer] = {}
        self._faults: dict[str, list[Answer]] = defaultdict(list)
        self._told: list[Answer] = []
        self._news = asyncio.Condition()
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Answer, on the same port as ever."""
        app = web.Application(client_max_size=1 << 26)
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, shutdown_timeout=0.05)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()

    async def stop(self) -> None:
        """Close the port."""
        if self._runner:
            await self._runner.cleanup()
            self._runner = None

    def settings(self, **changed: Any) -> Matrix:
        """The configuration of a bot that lives here."""
        wanted = {
            "homeserver_url": f"http://127.0.0.1:{self.port}",
            "server_name": SERVER_NAME,
            "as_token": "as-token-of-the-tests",
        }
        return Matrix.model_validate(wanted | changed)

    def answers(self, method: str, path_end: str, answer: Answer) -> None:
        """From now on, requests whose path ends like this get that answer."""
        self._answers[method, path_end] = answer

    def fails(self, path_end: str, answer: Answer, times: int = 1) -> None:
        """The next requests whose path ends like this get that answer instead."""
        self._faults[path_end] += [answer] * times

    async def tell(self, rooms: Mapping[str, Any]) -> None:
        """Let the next `/sync` say this of the rooms."""
        await self.tell_raw(json.dumps(rooms).encode())

    async def tell_raw(self, rooms: bytes) -> None:
        """Let the next `/sync` say this of the rooms, byte for byte."""
        async with self._news:
            next_batch = f"s{len(self._told) + 1}".encode()
            self._told.append(Answer(body=b'{"next_batch":"' + next_batch + b'","rooms":' + rooms + b"}"))
            self._news.notify_all()

    def asked(self, method: str, path_end: str) -> list[Request]:
        """The requests so far whose path ends like this."""
        return [request for request in self.requests if request.method == method and request.path.endswith(path_end)]

    async def until_asked(self, method: str, path_end: str, times: int = 1) -> list[Request]:
        """Wait until such a request has come that often."""
        async with asyncio.timeout(10), self._news:
            await self._news.wait_for(lambda: len(self.asked(method, path_end)) >= times)
        return self.asked(method, path_end)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        seen = Request(
            request.method, request.rel_url.raw_path, dict(request.query), dict(request.headers), await request.read()
        )
        async with self._news:
            self.requests.append(seen)
            self._news.notify_all()
        answer = self._fault(seen) or self._set_answer(seen) or await self._usual_answer(seen)
        if answer is HANG:
            await asyncio.Event().wait()
        return web.Response(
            status=answer.status, body=answer.raw, content_type=answer.content_type, headers=dict(answer.headers)
        )

    def _fault(self, request: Request) -> Answer | None:
        for path_end, answers in self._faults.items():
            if answers and request.path.endswith(path_end):
                return answers.pop(0)
        return None

    def _set_answer(self, request: Request) -> Answer | None:
        for (method, path_end), answer in self._answers.items():
            if request.method == method and request.path.endswith(path_end):
                return answer
        return None

    async def _usual_answer(self, request: Request) -> Answer:
        if request.path.endswith("/sync"):
            return await self._sync(request)
        if request.path.endswith("/whoami"):
            return Answer(body={"user_id": BOT})
        if request.path.endswith("/joined_rooms"):
            return Answer(body={"joined_rooms": []})
        if "/send/" in request.path:
            return Answer(body={"event_id": "$sent"})
        if "/state/" in request.path:
            return Answer(404, {"errcode": "M_NOT_FOUND", "error": "Event not found."})
        return Answer()

    async def _sync(self, request: Request) -> Answer:
        seen = int(request.query.get("since", "s0").removeprefix("s"))
        try:
            async with asyncio.timeout(int(request.query["timeout"]) / 1000), self._news:
                await self._news.wait_for(lambda: len(self._told) > seen)
        except TimeoutError:
            return Answer(body={"next_batch": f"s{seen}"})
        return self._told[seen]


class Heard:
    """A handler that remembers what it was given."""

    def __init__(self) -> None:
        self.bodies: list[str] = []
        self._more = asyncio.Condition()

    async def __call__(self, message: RoomMessage) -> None:
        """Remember one more."""
        async with self._more:
            self.bodies.append(message.body)
            self._more.notify_all()

    async def until(self, *bodies: str) -> None:
        """Wait until these have been heard, in this order, and nothing else."""
        async with asyncio.timeout(20), self._more:
            await self._more.wait_for(lambda: len(self.bodies) >= len(bodies))
        assert self.bodies == list(bodies)


def message(
    body: str, event_id: str, *, sender: str = CLAIRE, sent_ms: int = 1_000_000, also: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """A text message as a homeserver hands it out; `also` are further fields of its content."""
    return {
        "type": "m.room.message",
        "event_id": event_id,
        "sender": sender,
        "origin_server_ts": sent_ms,
        "content": {"msgtype": "m.text", "body": body, **(also or {})},
    }


def encrypted(
    body: str,
    event_id: str,
    *,
    sender: str = CLAIRE,
    sent_ms: int = 1_000_000,
    session_id: str = "session",
    also: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """A text message as a homeserver hands it out that cannot read it; its ciphertext is what `FakeKeys` reads."""
    said = {"type": "m.room.message", "content": {"msgtype": "m.text", "body": body}}
    return {
        "type": "m.room.encrypted",
        "event_id": event_id,
        "sender": sender,
        "origin_server_ts": sent_ms,
        "content": {
            "algorithm": "m.megolm.v1.aes-sha2",
            "session_id": session_id,
            "ciphertext": ciphertext_of(said),
            **(also or {}),
        },
    }


def ciphertext_of(said: Mapping[str, Any]) -> str:
    """What looks like a ciphertext and says this to `FakeKeys`."""
    return base64.b64encode(json.dumps(said).encode()).decode()


def said_in(ciphertext: str) -> Any:
    """What such a ciphertext says."""
    return json.loads(base64.b64decode(ciphertext))


def pushed(*events: Mapping[str, Any], room_id: str = ROOM) -> list[Mapping[str, Any]]:
    """The events of a transaction that a homeserver pushes."""
    return [{**event, "room_id": room_id} for event in events]


def arrival(user: str = BOT, *, before: str | None = None) -> dict[str, Any]:
    """The event by which a user joins a room, or changes their name in it."""
    unsigned = {"prev_content": {"membership": before}} if before else {}
    content = {"membership": "join", "displayname": "Greffier"}
    return {"type": "m.room.member", "state_key": user, "sender": user, "content": content, "unsigned": unsigned}


def joined(*events: Mapping[str, Any], room_id: str = ROOM, **timeline: Any) -> dict[str, Any]:
    """The `rooms` of a `/sync` answer in which one room has these new events."""
    return {"join": {room_id: {"timeline": {"events": list(events), **timeline}}}}


def invited(inviter: str = CLAIRE, room_id: str = ROOM) -> dict[str, Any]:
    """The `rooms` of a `/sync` answer that brings an invitation."""
    event = {"type": "m.room.member", "state_key": BOT, "sender": inviter, "content": {"membership": "invite"}}
    return {"invite": {room_id: {"invite_state": {"events": [event]}}}}
