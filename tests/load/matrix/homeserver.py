"""A homeserver in memory that knows people's devices and keys, hands out to-device events, and takes what is sent.

It serves the bot and nobody else, and looks at no token.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Final, Self

import aiohttp
from aiohttp import web

from tests.load.matrix.people import ONE_TIME_KEY, Person, RoomKey
from tests.load.matrix.published_keys import BOT, Body, PublishedKeys
from tests.stack.ports import free_tcp_port

_TO_DEVICE_AT_ONCE: Final = 100
_PATIENCE_S: Final = 60.0
_CLIENT: Final = "/_matrix/client/v3"
_ROOM: Final = f"{_CLIENT}/rooms/{{room}}"


class KeysHomeserver:
    """Use it as an async context manager; what it says may be changed at any time."""

    def __init__(self) -> None:
        self.port = free_tcp_port()
        self.keys = PublishedKeys()
        self.members: dict[str, list[str]] = {}
        """Who is in each room beside the bot."""
        self.encrypted: set[str] = set()
        """Rooms that are."""
        self.sent: Counter[str] = Counter()
        """How many events the bot has sent into each room."""
        self.shared_with = 0
        """To how many devices the bot has sent something."""
        self.registration: Mapping[str, Any] = {}
        """The bot's, where it is to be pinged when it asks for that."""
        self._to_device: list[Body] = []
        self._taken = 0
        self._news = asyncio.Condition()
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=1 << 26)
        app.add_routes(
            [
                web.get(f"{_CLIENT}/sync", self._sync),
                web.get(f"{_CLIENT}/account/whoami", self._whoami),
                web.get(f"{_CLIENT}/devices/{{device}}", self._own_device),
                web.get(f"{_CLIENT}/joined_rooms", self._joined_rooms),
                web.get(f"{_ROOM}/joined_members", self._joined_members),
                web.get(f"{_ROOM}/members", self._member_events),
                web.get(f"{_ROOM}/state/{{type}}/{{key:.*}}", self._state),
                web.put(f"{_ROOM}/send/{{type}}/{{txn}}", self._send),
                web.put(f"{_CLIENT}/sendToDevice/{{type}}/{{txn}}", self._send_to_device),
                web.post(f"{_CLIENT}/keys/{{path:.*}}", self._keys),
                web.post("/_matrix/client/v1/appservice/{id}/ping", self._ping),
                web.route("*", "/{path:.*}", self._all_else),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def url(self) -> str:
        """Its client-server API."""
        return f"http://127.0.0.1:{self.port}"

    async def until(self, holds: Callable[[], object], what: str) -> None:
        """Wait until something is so that the bot's requests make so; `what` is for the error.

        Raises:
            TimeoutError: it did not come to be so.
        """
        try:
            async with asyncio.timeout(_PATIENCE_S), self._news:
                await self._news.wait_for(holds)
        except TimeoutError:
            raise TimeoutError(f"not seen within {_PATIENCE_S:.0f} s: {what}") from None

    async def hand_over(self, room_keys: Iterable[RoomKey]) -> None:
        """Give the bot these keys, as their senders' devices would; returns when it has taken them all."""
        by_sender: defaultdict[Person, list[RoomKey]] = defaultdict(list)
        for room_key in room_keys:
            by_sender[room_key.sender].append(room_key)
        for sender, theirs in by_sender.items():
            await self.until(lambda: self.keys.are_uploaded, "one-time keys of the bot's")
            _, one_time_key = self.keys.one_time_keys.popitem()
            curve25519, ed25519 = self.keys.own("curve25519"), self.keys.own("ed25519")
            olm = sender.olm_session(curve25519, one_time_key["key"])
            self._to_device += [room_key.to_device(olm, BOT, curve25519, ed25519) for room_key in theirs]
            await self._tell()
        await self.until(lambda: self._taken >= len(self._to_device), "the bot taking the room keys")

    async def _tell(self) -> None:
        async with self._news:
            self._news.notify_all()

    async def _sync(self, request: web.Request) -> web.Response:
        since = request.query.get("since")
        first = int(since[1:]) if since else 0
        self._taken = max(self._taken, first)
        await self._tell()
        if since is not None:
            async with self._news:
                more = self._news.wait_for(lambda: len(self._to_device) > first)
                await _bounded(more, int(request.query.get("timeout", "0")) / 1000)
        events = self._to_device[first : first + _TO_DEVICE_AT_ONCE] if since is not None else []
        return _json(
            {
                "next_batch": f"s{first + len(events)}",
                "to_device": {"events": events},
                "device_one_time_keys_count": self.keys.counts(),
                "device_unused_fallback_key_types": [ONE_TIME_KEY],
            }
        )

    async def _whoami(self, request: web.Request) -> web.Response:
        return _json({"user_id": BOT, "device_id": request.query.get("device_id", "GREFFIER")})

    async def _own_device(self, request: web.Request) -> web.Response:
        return _json({"device_id": request.match_info["device"]})

    async def _joined_rooms(self, _request: web.Request) -> web.Response:
        return _json({"joined_rooms": list(self.members)})

    async def _joined_members(self, request: web.Request) -> web.Response:
        return _json({"joined": {user: {"display_name": user[1:].partition(":")[0]} for user in self._in(request)}})

    async def _member_events(self, request: web.Request) -> web.Response:
        room_id = request.match_info["room"]
        return _json({"chunk": [_membership(room_id, user) for user in self._in(request)]})

    async def _state(self, request: web.Request) -> web.Response:
        match request.match_info["type"]:
            case "m.room.encryption" if request.match_info["room"] in self.encrypted:
                return _json({"algorithm": "m.megolm.v1.aes-sha2"})
            case "m.room.power_levels":
                return _json({})
            case _:
                return _json({"errcode": "M_NOT_FOUND", "error": "Event not found."}, 404)

    async def _send(self, request: web.Request) -> web.Response:
        await request.read()
        self.sent[request.match_info["room"]] += 1
        await self._tell()
        return _json({"event_id": f"$sent-{request.match_info['txn']}"})

    async def _send_to_device(self, request: web.Request) -> web.Response:
        self.shared_with += sum(map(len, json.loads(await request.read())["messages"].values()))
        return _json({})

    async def _keys(self, request: web.Request) -> web.Response:
        answer = self.keys.answer(request.match_info["path"], json.loads(await request.read()))
        await self._tell()
        return _json(answer)

    async def _ping(self, request: web.Request) -> web.Response:
        headers = {"Authorization": f"Bearer {self.registration['hs_token']}"}
        url, body = f"{self.registration['url']}/_matrix/app/v1/ping", await request.read()
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.post(url, data=body, raise_for_status=True),
        ):
            return _json({"duration_ms": 1})

    async def _all_else(self, request: web.Request) -> web.Response:
        await request.read()
        return _json({})

    def _in(self, request: web.Request) -> tuple[str, ...]:
        return *self.members.get(request.match_info["room"], ()), BOT


def _json(answer: Mapping[str, Any], status: int = 200) -> web.Response:
    return web.Response(body=json.dumps(answer).encode(), content_type="application/json", status=status)


def _membership(room_id: str, user_id: str) -> Body:
    return {
        "type": "m.room.member",
        "room_id": room_id,
        "event_id": f"$member-{user_id}",
        "sender": user_id,
        "state_key": user_id,
        "origin_server_ts": 1,
        "content": {"membership": "join"},
    }


async def _bounded(waiting: Awaitable[object], within_s: float) -> None:
    try:
        async with asyncio.timeout(within_s):
            await waiting
    except TimeoutError:
        pass
