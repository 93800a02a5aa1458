"""Owns what is asked of the homeserver: who the bot is there, what it hears, says, and asks of a room."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol, Self

import structlog
from sqlalchemy.exc import SQLAlchemyError

from bridge.matrix import events, outbound
from bridge.matrix.answers import needed_text
from bridge.matrix.encryption import attachments
from bridge.matrix.encryption.devices import Decrypted, Encrypted, EncryptedEvent, EncryptedRoom, Undecryptable
from bridge.matrix.errors import EncryptionNotReady, HomeserverFault, RoomIsEncrypted, TokenRefused, TooLarge
from bridge.matrix.ids import EventId, RoomId, UserId
from bridge.matrix.news import SyncResult, read_sync
from bridge.matrix.rooms import SEEN_STATE, RoomStates
from bridge.matrix.wire import Wire

if TYPE_CHECKING:
    from types import TracebackType

    from sqlalchemy.ext.asyncio import AsyncEngine

    from config.models import Matrix

log = structlog.get_logger()

_UPLOAD_TIMEOUT_S = 300.0
_PAGE_SIZE = 100
_MAX_OWN_PAGES = 20
_MAX_CHANGES = 5
_CLOCKS_DIFFER_MS = 3_600_000
_SAID_TYPES = ["m.room.message", "m.room.encrypted"]
_NOTHING = {"not_types": ["*"]}
_SYNC_FILTER = {
    "presence": _NOTHING,
    "account_data": _NOTHING,
    "room": {
        "account_data": _NOTHING,
        "ephemeral": _NOTHING,
        # What is asked for when needed need not be told at first; what changes meanwhile comes in the timelines.
        "state": {"types": ["m.room.encryption", "m.room.tombstone"], "lazy_load_members": True},
        "timeline": {"types": [*_SAID_TYPES, *SEEN_STATE], "limit": 30, "lazy_load_members": True},
    },
}
_KEYS_FILTER = {
    "presence": _NOTHING,
    "account_data": _NOTHING,
    "room": {
        "account_data": _NOTHING,
        "ephemeral": _NOTHING,
        "state": _NOTHING,
        "timeline": {"types": list(SEEN_STATE), "limit": 30},
    },
}
_HISTORY_FILTER = {"types": [*_SAID_TYPES, "m.room.member"], "lazy_load_members": True}


class Encrypts(Protocol):
    """What is needed of the encryption to send, and to know again what was sent."""

    async def encrypt(self, room: EncryptedRoom, event_type: str, content: Mapping[str, Any]) -> Encrypted:
        """Encrypt an event for those who read in a room, once they have its key."""

    async def decrypt(self, event: EncryptedEvent) -> Decrypted | Undecryptable:
        """Read an event, the bot's own too."""


class Homeserver:
    """The homeserver as the bot's device sees it; an async context manager that holds the connections.

    Every method raises one of `bridge.matrix.errors` when it fails and nothing else; none retries.
    """

    def __init__(self, settings: Matrix, engine: AsyncEngine | None = None) -> None:
        """`engine` leads to the database that remembers which rooms are encrypted, for whoever sends."""
        self.user_id = UserId(settings.bot_user_id)
        self._timeout_s = settings.request_timeout_s
        self.wire = Wire(settings)
        self.rooms = RoomStates(self.wire, self.user_id, engine=engine)
        self.encryption: Encrypts | None = None
        """Without it, nothing is sent into encrypted rooms."""
        self.cannot_read: Callable[[RoomId, frozenset[UserId]], None] = lambda _room_id, _users: None
        """Who is told of users for whom nothing may be encrypted."""

    async def __aenter__(self) -> Self:
        await self.wire.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.wire.__aexit__(kind, error, traceback)

    async def ping(self) -> None:
        """Ask who we are: the homeserver answers, and knows the bot and its device."""
        answer = await self.wire.request("GET", "asking the homeserver who we are", ("account", "whoami"))
        if answer.get("user_id") != self.user_id:
            raise TokenRefused(
                f"The homeserver takes Greffier for somebody else than {self.user_id}, as matrix.bot_localpart and "
                "matrix.server_name say: mend these, or what it enters with."
            )

    async def sync(self, since: str | None, *, wait_s: float, keys_alone: bool = False) -> SyncResult:
        """Ask what is new since the token `since`, waiting up to `wait_s` for something to happen.

        With `keys_alone` nothing is told of what is said in rooms, only what of their state has changed: while the
        homeserver cannot push, a room may be encrypted all the same.
        """
        wanted = _KEYS_FILTER if keys_alone else _SYNC_FILTER
        query = {"filter": json.dumps(wanted), "timeout": str(int(wait_s * 1000)), "set_presence": "offline"}
        if since is not None:
            query["since"] = since
        timeout_s = wait_s + self._timeout_s
        doing = "listening"
        answer = await self.wire.request("GET", doing, ("sync",), query=query, timeout_s=timeout_s)
        result = read_sync(answer, self.user_id)
        if result is None:
            raise HomeserverFault(f"{doing}: the homeserver's answer is no /sync answer (it has no next_batch)")
        return result

    async def history(self, room_id: RoomId, *, before: str, until: str | None) -> events.HistoryPage:
        """Read a page of a room's messages backwards from the token `before`, down to the token `until`."""
        query = {"dir": "b", "from": before, "limit": str(_PAGE_SIZE), "filter": json.dumps(_HISTORY_FILTER)}
        if until is not None:
            query["to"] = until
        answer = await self.wire.request("GET", "reading missed messages", ("rooms", room_id, "messages"), query=query)
        return events.read_history(answer, room_id, self.user_id)

    async def join(self, room_id: RoomId, *, via: str | None = None) -> None:
        """Accept an invitation, or come into an open room that the homeserver `via` knows."""
        path = ("join", room_id) if via else ("rooms", room_id, "join")
        query = {"via": via, "server_name": via} if via else {}  # homeservers before MSC4156 want the second
        await self.wire.request("POST", "joining a room", path, {}, query=query)

    async def leave(self, room_id: RoomId) -> None:
        """Leave a room, or decline an invitation to it."""
        await self.wire.request("POST", "leaving a room", ("rooms", room_id, "leave"), {})

    async def send(self, room_id: RoomId, event_type: str, content: Mapping[str, Any], txn_id: str) -> EventId:
        """Send an event once, however often it is asked for with the same `txn_id` (within a day: see `find_sent`).

        Into an encrypted room it goes encrypted, or not at all.

        Raises:
            RoomIsEncrypted: nothing was sent, for it would have been plaintext.
            TooLarge: the content is over `outbound.MAX_CONTENT_BYTES`.
        """
        size = outbound.event_size(content)
        if size > outbound.MAX_CONTENT_BYTES:
            raise TooLarge(f"A message of {size} bytes was not sent: {outbound.MAX_CONTENT_BYTES} is the most.")
        room = await self.rooms.encrypted_room(room_id)
        content = {**content, outbound.TXN_KEY: txn_id}
        unable: frozenset[UserId] = frozenset()
        if room is not None:
            if "url" in content:
                raise RoomIsEncrypted(f"Room {room_id} is encrypted, and the file was stored before it was.")
            encrypted = await self._encrypted(room, event_type, content)
            event_type, content, unable = "m.room.encrypted", encrypted.content, encrypted.unable
        path = ("rooms", room_id, "send", event_type, txn_id)
        answer = await self.wire.request("PUT", "sending a message", path, content)
        if unable:
            self.cannot_read(room_id, unable)
        return EventId(needed_text(answer, "event_id", "sending a message"))

    async def find_sent(self, room_id: RoomId, txn_id: str, *, since: datetime) -> EventId | None:
        """The message that `send` has made of `txn_id`, looked for in the room back to `since`; None: there is none.

        For when the transaction is so old that the homeserver may have forgotten it.
        """
        doing = "looking for a message sent before"
        query = {"dir": "b", "limit": str(_PAGE_SIZE), "filter": json.dumps(_own_messages(self.user_id))}
        for _ in range(_MAX_OWN_PAGES):
            answer = await self.wire.request("GET", doing, ("rooms", room_id, "messages"), query=query)
            page = events.read_own(answer, room_id, self.user_id)
            if found := page.by_txn.get(txn_id) or await self._among(page.encrypted, txn_id):
                return found
            before = page.oldest_ms is not None and page.oldest_ms < since.timestamp() * 1000 - _CLOCKS_DIFFER_MS
            if page.earlier is None or before:
                return None
            query["from"] = page.earlier
        log.warning("message not found among the latest: it may be sent twice", room_id=room_id, pages=_MAX_OWN_PAGES)
        return None

    async def upload(self, room_id: RoomId, data: bytes, content_type: str, filename: str) -> outbound.Uploaded:
        """Store a file for a room; for an encrypted one encrypted, and without its name and kind."""
        doing = "uploading a file"
        path = ("_matrix", "media", "v3", "upload")
        query, key = {"filename": filename}, None
        if await self.rooms.is_encrypted(room_id):
            self._encryption_for(room_id)
            data, key = await asyncio.to_thread(attachments.encrypt, data)
            query, content_type = {}, "application/octet-stream"
        answer = await self.wire.exchange(
            "POST", doing, path, data, query=query, content_type=content_type, timeout_s=_UPLOAD_TIMEOUT_S
        )
        uri = needed_text(answer, "content_uri", doing)
        if not uri.startswith("mxc://"):
            raise HomeserverFault(f"{doing}: the homeserver's answer holds no mxc:// address")
        return outbound.Uploaded(uri, key)

    async def state_event(self, room_id: RoomId, event_type: str, key: str = "") -> dict[str, Any] | None:
        """The whole state event, sender and all, as of now; None where the room has none."""
        return await self.rooms.state(room_id, event_type, key, whole=True)

    async def is_encrypted(self, room_id: RoomId) -> bool:
        """Whether the room is encrypted, as of now."""
        self.rooms.deaf(room_id)
        return await self.rooms.is_encrypted(room_id)

    async def is_member(self, room_id: RoomId) -> bool:
        """Whether the bot is in the room, as of now; also of a room that there is no more."""
        answer = await self.wire.request("GET", "asking which rooms we are in", ("joined_rooms",))
        rooms = answer.get("joined_rooms")
        if not isinstance(rooms, list):
            raise HomeserverFault("asking which rooms we are in: the homeserver's answer holds no joined_rooms")
        return room_id in rooms

    async def _encrypted(self, room: EncryptedRoom, event_type: str, content: Mapping[str, Any]) -> Encrypted:
        """Encrypt for those who are in the room by the time that everybody has the key: sharing it may take long."""
        for _ in range(_MAX_CHANGES):
            encrypted = await self._encryption_for(room.room_id).encrypt(room, event_type, content)
            now = await self.rooms.encrypted_room(room.room_id)
            if now is None or now == room:
                return encrypted
            room = now
        raise EncryptionNotReady(f"Who is in room {room.room_id} keeps changing: the message waits.")

    def _encryption_for(self, room_id: RoomId) -> Encrypts:
        if self.encryption is None:
            raise RoomIsEncrypted(f"Room {room_id} is encrypted: nothing is sent there in the clear.")
        return self.encryption

    async def _among(self, own: Iterable[EncryptedEvent], txn_id: str) -> EventId | None:
        for event in own:
            try:
                read = await self.encryption.decrypt(event) if self.encryption else None
            except SQLAlchemyError as error:
                raise EncryptionNotReady("Keys cannot be read: what was sent before is not known.") from error
            if isinstance(read, Decrypted) and read.content.get(outbound.TXN_KEY) == txn_id:
                return event.event_id
        return None


def _own_messages(me: UserId) -> dict[str, list[str]]:
    return {"senders": [me], "types": ["m.room.message", "m.room.encrypted"]}
