"""Owns what is asked of the homeserver: who the bot is there, what it hears, says, and asks of a room."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

import structlog

from bridge.matrix import events, outbound
from bridge.matrix.answers import needed_text
from bridge.matrix.errors import (
    HomeserverFault,
    NotFound,
    RequestRefused,
    RoomIsEncrypted,
    TokenRefused,
    TooLarge,
)
from bridge.matrix.ids import EventId, RoomId, UserId
from bridge.matrix.power_levels import level_of
from bridge.matrix.wire import Acting, Wire

if TYPE_CHECKING:
    from types import TracebackType

    from config.models import Matrix

log = structlog.get_logger()

_UPLOAD_TIMEOUT_S = 300.0
_PLAIN_FOR_S = 60.0
"""How long “this room is not encrypted” is believed without asking again, should no /sync tell otherwise."""
_PAGE_SIZE = 100
_MAX_OWN_PAGES = 20
_CLOCKS_DIFFER_MS = 3_600_000
_SEEN_TYPES = ["m.room.message", "m.room.member", "m.room.encryption"]
_NOTHING = {"not_types": ["*"]}
_SYNC_FILTER = {
    "presence": _NOTHING,
    "account_data": _NOTHING,
    "room": {
        "account_data": _NOTHING,
        "ephemeral": _NOTHING,
        "state": {"types": ["m.room.encryption"], "lazy_load_members": True},
        "timeline": {"types": _SEEN_TYPES, "limit": 30, "lazy_load_members": True},
    },
}
_HISTORY_FILTER = {"types": _SEEN_TYPES, "lazy_load_members": True}


class Homeserver:
    """The homeserver as the bot's device sees it; an async context manager that holds the connections.

    Every method raises one of `bridge.matrix.errors` when it fails and nothing else; none retries.
    """

    def __init__(self, settings: Matrix) -> None:
        self.user_id = UserId(settings.bot_user_id)
        self._settings = settings
        # What makes the user and the device cannot name the device as existing.
        self._without_device = Acting(self.user_id, _token(settings), is_masquerading=True)
        self._wire = Wire(settings, self._without_device)
        self._encrypted: set[RoomId] = set()  # a room never stops being encrypted
        self._plain_until_s: dict[RoomId, float] = {}

    async def __aenter__(self) -> Self:
        await self._wire.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._wire.__aexit__(kind, error, traceback)

    async def prepare(self) -> None:
        """Make the bot's user, device and display name where they are missing; safe to repeat.

        Raises:
            TokenRefused: also when the registration does not give the bot's user to this appservice.
        """
        try:
            self._wire.acting = self._without_device
            await self._register()
            device = {"display_name": self._settings.display_name}
            await self._wire.request("PUT", "making the bot's device", ("devices", self._settings.device_id), device)
            self._wire.acting = replace(self._without_device, device_id=self._settings.device_id)
            await self._show_name()
        except RequestRefused as error:
            raise TokenRefused(
                f"The homeserver does not let this appservice act as {self.user_id} ({error}). Check that "
                "matrix.bot_localpart and matrix.server_name match the exclusive user namespace in the registration "
                "file, and that the homeserver has loaded that file."
            ) from error

    async def ping(self) -> None:
        """Ask who we are: the homeserver answers, and knows the bot and its device."""
        answer = await self._wire.request("GET", "asking the homeserver who we are", ("account", "whoami"))
        if answer.get("user_id") != self.user_id:
            raise TokenRefused(f"The homeserver takes Greffier for somebody else than {self.user_id}.")

    async def sync(self, since: str | None, *, wait_s: float) -> events.SyncResult:
        """Ask what is new since the token `since`, waiting up to `wait_s` for something to happen."""
        query = {"filter": json.dumps(_SYNC_FILTER), "timeout": str(int(wait_s * 1000)), "set_presence": "offline"}
        if since is not None:
            query["since"] = since
        timeout_s = wait_s + self._settings.request_timeout_s
        doing = "listening"
        try:
            answer = await self._wire.request("GET", doing, ("sync",), query=query, timeout_s=timeout_s)
        except BaseException:
            self._plain_until_s.clear()  # deaf for a while: what we believed of the rooms may not hold any more
            raise
        result = events.read_sync(answer, self.user_id)
        if result is None:
            raise HomeserverFault(f"{doing}: the homeserver's answer is no /sync answer (it has no next_batch)")
        self._encrypted |= result.encrypted
        return result

    async def history(self, room_id: RoomId, *, before: str, until: str | None) -> events.HistoryPage:
        """Read a page of a room's messages backwards from the token `before`, down to the token `until`."""
        query = {"dir": "b", "from": before, "limit": str(_PAGE_SIZE), "filter": json.dumps(_HISTORY_FILTER)}
        if until is not None:
            query["to"] = until
        answer = await self._wire.request("GET", "reading missed messages", ("rooms", room_id, "messages"), query=query)
        return events.read_history(answer, room_id, self.user_id)

    async def join(self, room_id: RoomId, *, via: str | None = None) -> None:
        """Accept an invitation, or come into an open room that the homeserver `via` knows."""
        path = ("join", room_id) if via else ("rooms", room_id, "join")
        query = {"via": via, "server_name": via} if via else {}  # homeservers before MSC4156 want the second
        await self._wire.request("POST", "joining a room", path, {}, query=query)

    async def leave(self, room_id: RoomId) -> None:
        """Leave a room, or decline an invitation to it."""
        await self._wire.request("POST", "leaving a room", ("rooms", room_id, "leave"), {})

    async def send(self, room_id: RoomId, event_type: str, content: Mapping[str, Any], txn_id: str) -> EventId:
        """Send an event once, however often it is asked for with the same `txn_id` (within a day: see `find_sent`).

        Raises:
            RoomIsEncrypted: nothing was sent, for it would have been plaintext.
            TooLarge: the content is over `outbound.MAX_CONTENT_BYTES`.
        """
        size = outbound.event_size(content)
        if size > outbound.MAX_CONTENT_BYTES:
            raise TooLarge(f"A message of {size} bytes was not sent: {outbound.MAX_CONTENT_BYTES} is the most.")
        await self._refuse_if_encrypted(room_id)
        path = ("rooms", room_id, "send", event_type, txn_id)
        answer = await self._wire.request("PUT", "sending a message", path, {**content, outbound.TXN_KEY: txn_id})
        return EventId(needed_text(answer, "event_id", "sending a message"))

    async def find_sent(self, room_id: RoomId, txn_id: str, *, since: datetime) -> EventId | None:
        """The message that `send` has made of `txn_id`, looked for in the room back to `since`; None: there is none.

        For when the transaction is so old that the homeserver may have forgotten it.
        """
        doing = "looking for a message sent before"
        query = {"dir": "b", "limit": str(_PAGE_SIZE), "filter": json.dumps(_own_messages(self.user_id))}
        for _ in range(_MAX_OWN_PAGES):
            answer = await self._wire.request("GET", doing, ("rooms", room_id, "messages"), query=query)
            page = events.read_own(answer, self.user_id)
            if txn_id in page.by_txn:
                return page.by_txn[txn_id]
            before = page.oldest_ms is not None and page.oldest_ms < since.timestamp() * 1000 - _CLOCKS_DIFFER_MS
            if page.earlier is None or before:
                return None
            query["from"] = page.earlier
        log.warning("message not found among the latest: it may be sent twice", room_id=room_id, pages=_MAX_OWN_PAGES)
        return None

    async def upload(self, data: bytes, content_type: str, filename: str) -> str:
        """Store a file, unencrypted; gives its `mxc://` address."""
        doing = "uploading a file"
        path = ("_matrix", "media", "v3", "upload")
        answer = await self._wire.exchange(
            "POST",
            doing,
            path,
            data,
            query={"filename": filename},
            content_type=content_type,
            timeout_s=_UPLOAD_TIMEOUT_S,
        )
        uri = needed_text(answer, "content_uri", doing)
        if not uri.startswith("mxc://"):
            raise HomeserverFault(f"{doing}: the homeserver's answer holds no mxc:// address")
        return uri

    async def state(self, room_id: RoomId, event_type: str, key: str = "") -> dict[str, Any] | None:
        """The content of a room's state event; None where the room has none."""
        return await self._state(room_id, event_type, key, {})

    async def state_event(self, room_id: RoomId, event_type: str, key: str = "") -> dict[str, Any] | None:
        """The whole state event, sender and all; None where the room has none."""
        return await self._state(room_id, event_type, key, {"format": "event"})

    async def is_member(self, room_id: RoomId) -> bool:
        """Whether the bot is in the room, as of now; also of a room that there is no more."""
        answer = await self._wire.request("GET", "asking which rooms we are in", ("joined_rooms",))
        rooms = answer.get("joined_rooms")
        if not isinstance(rooms, list):
            raise HomeserverFault("asking which rooms we are in: the homeserver's answer holds no joined_rooms")
        return room_id in rooms

    async def members(self, room_id: RoomId) -> dict[UserId, str]:
        """Everyone who is in the room, with the name to show."""
        path = ("rooms", room_id, "joined_members")
        return events.read_members(await self._wire.request("GET", "asking who is in a room", path))

    async def power_level(self, room_id: RoomId, user: UserId) -> int:
        """The user's power level in the room, as of now."""
        levels = await self.state(room_id, "m.room.power_levels")
        return level_of(user, levels, await self.state_event(room_id, "m.room.create"))

    async def is_encrypted(self, room_id: RoomId) -> bool:
        """Whether the room is encrypted; any encryption event counts, whatever it says."""
        if room_id in self._encrypted:
            return True
        if self._plain_until_s.get(room_id, 0.0) > time.monotonic():
            return False
        asked_at_s = time.monotonic()
        if await self.state(room_id, "m.room.encryption") is not None:
            self._encrypted.add(room_id)
        else:
            self._plain_until_s[room_id] = asked_at_s + _PLAIN_FOR_S
        # While we asked, /sync may have learnt of it.
        return room_id in self._encrypted

    async def _refuse_if_encrypted(self, room_id: RoomId) -> None:
        if await self.is_encrypted(room_id):
            raise RoomIsEncrypted(f"Room {room_id} is encrypted: nothing is sent there in the clear.")

    async def _register(self) -> None:
        body = {
            "type": "m.login.application_service",
            "username": self._settings.bot_localpart,
            "inhibit_login": True,  # no token of its own: those are rate-limited, and refused under MAS
        }
        try:
            await self._wire.request("POST", "registering the bot's user", ("register",), body)
        except RequestRefused as error:
            if error.errcode != "M_USER_IN_USE":
                raise

    async def _show_name(self) -> None:
        doing, path = "setting the bot's display name", ("profile", self.user_id, "displayname")
        wanted = {"displayname": self._settings.display_name}
        try:
            if await self._wire.request("GET", doing, path) == wanted:
                return  # setting it again would write a member event into every room
        except NotFound:
            pass
        await self._wire.request("PUT", doing, path, wanted)

    async def _state(
        self, room_id: RoomId, event_type: str, key: str, query: Mapping[str, str]
    ) -> dict[str, Any] | None:
        path = ("rooms", room_id, "state", event_type, key)
        try:
            return await self._wire.request("GET", f"reading {event_type}", path, query=query)
        except NotFound:
            return None


def _own_messages(me: UserId) -> dict[str, list[str]]:
    return {"senders": [me], "types": ["m.room.message"]}


def _token(settings: Matrix) -> str:
    return settings.as_token.get_secret_value() if settings.as_token else ""
