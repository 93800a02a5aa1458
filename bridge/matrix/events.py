"""Owns reading hostile JSON: out of raw events come a few values that the rest can rely on, or nothing.

Every function here is total: whatever shape an event has, it raises nothing and yields nothing but what it understood.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bridge.matrix.encryption.devices import MEGOLM, Decrypted, EncryptedEvent
from bridge.matrix.ids import EventId, RoomId, UserId, is_event_id, is_user_id
from bridge.matrix.outbound import TXN_KEY

MAX_BODY_BYTES = 16_000
MAX_CIPHERTEXT_CHARACTERS = 65_536
"""No event is larger."""
_MAX_NAME_CHARACTERS = 256
_LATEST_TS_MS = 2**53
_KEY = re.compile(r"[A-Za-z0-9+/_=-]{1,255}")
_CIPHERTEXT = re.compile(rf"[A-Za-z0-9+/=]{{1,{MAX_CIPHERTEXT_CHARACTERS}}}")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True)
class RoomMessage:
    """A text that somebody else wrote in a room."""

    room_id: RoomId
    event_id: EventId
    sender: UserId
    body: str
    origin_server_ts_ms: int
    """When the sender's homeserver says it was sent: its word, not a fact."""
    was_encrypted: bool = False
    """By a device of the sender's that is trusted; otherwise the homeservers alone say who wrote it."""
    megolm_message: str | None = None
    """Which message of a Megolm session it was, where it was one."""


@dataclass(frozen=True)
class Invite:
    """Somebody wants the bot in a room; `inviter` is None where the homeserver's answer does not say who."""

    room_id: RoomId
    inviter: UserId | None


Heard = RoomMessage | EncryptedEvent
"""What somebody else said in a room: read, or still to be decrypted."""


@dataclass(frozen=True)
class HistoryPage:
    """A piece of a room's history, oldest first."""

    heard: tuple[Heard, ...]
    earlier: str | None
    """Where to read on backwards; None: this is as far as it goes, or as far as concerns us (we joined here)."""


@dataclass(frozen=True)
class OwnPage:
    """A piece of what the bot itself has sent into a room."""

    by_txn: Mapping[str, EventId]
    """The events by the transaction ids that they carry, of those in the clear."""
    encrypted: tuple[EncryptedEvent, ...]
    oldest_ms: int | None
    """When the earliest of them was sent, by the homeserver's word."""
    earlier: str | None
    """Where to read on backwards; None: this is as far as it goes."""


def read_history(answer: object, room_id: RoomId, me: UserId) -> HistoryPage:
    """Read one page of `/messages` that was asked for backwards."""
    events = as_list(as_object(answer).get("chunk"))
    heard, joined_here = read_heard(events[::-1], room_id, me)
    end = as_object(answer).get("end")
    goes_on = isinstance(end, str) and end and events and not joined_here
    return HistoryPage(heard, earlier=end if goes_on else None)


def read_own(answer: object, room_id: RoomId, me: UserId) -> OwnPage:
    """Read one page of `/messages` that was asked for backwards, for the bot's own messages."""
    by_txn: dict[str, EventId] = {}
    encrypted: list[EncryptedEvent] = []
    sent_ms: list[int] = []
    for event in as_list(as_object(answer).get("chunk")):
        fields = as_object(event)
        if fields.get("sender") != me or not is_event_id(fields.get("event_id")):
            continue
        txn_id = as_object(fields.get("content")).get(TXN_KEY)
        if isinstance(txn_id, str):
            by_txn[txn_id] = EventId(fields["event_id"])
        elif own := read_encrypted(fields, room_id):
            encrypted.append(own)
        if type(fields.get("origin_server_ts")) is int:
            sent_ms.append(fields["origin_server_ts"])
    end = as_object(answer).get("end")
    return OwnPage(by_txn, tuple(encrypted), min(sent_ms, default=None), end if isinstance(end, str) and end else None)


def read_heard(events: Iterable[object], room_id: RoomId, me: UserId) -> tuple[tuple[Heard, ...], bool]:
    """What is said in `events` (oldest first), and whether the bot joined here: what came before is not for us."""
    heard: list[Heard] = []
    joined_here = False
    for event in events:
        kind = as_object(event).get("type")
        if kind == "m.room.message":
            if message := read_message(event, room_id, me):
                heard.append(message)
        elif kind == "m.room.encrypted":
            if encrypted := _read_others_encrypted(event, room_id, me):
                heard.append(encrypted)
        elif kind == "m.room.member" and _is_own_arrival(event, me):
            joined_here = True
            heard.clear()
    return tuple(heard), joined_here


def read_message(event: object, room_id: RoomId, me: UserId) -> RoomMessage | None:
    """Read a text message of somebody else's; None for anything else: edits, notices, other types, malformed ones."""
    fields = as_object(event)
    if fields.get("type") != "m.room.message" or "state_key" in fields or fields.get("sender") == me:
        return None
    body = _text_in(as_object(fields.get("content")))
    sent_ms = _sent_ms(fields)
    event_id, sender = fields.get("event_id"), fields.get("sender")
    if body is None or sent_ms is None or not is_user_id(sender) or not is_event_id(event_id):
        return None
    return RoomMessage(room_id, EventId(str(event_id)), UserId(str(sender)), body, sent_ms)


def read_encrypted(event: object, room_id: RoomId) -> EncryptedEvent | None:
    """Read an event whose content is encrypted with Megolm, whoever sent it; None for anything else."""
    fields = as_object(event)
    content = as_object(fields.get("content"))
    event_id, sender, sent_ms = fields.get("event_id"), fields.get("sender"), _sent_ms(fields)
    session_id, sender_key, ciphertext = (content.get(key) for key in ("session_id", "sender_key", "ciphertext"))
    if (
        fields.get("type") != "m.room.encrypted"
        or "state_key" in fields
        or content.get("algorithm") != MEGOLM
        or not _is_key(session_id)
        or not isinstance(ciphertext, str)
        or not _CIPHERTEXT.fullmatch(ciphertext)
        or sent_ms is None
        or not is_user_id(sender)
        or not is_event_id(event_id)
    ):
        return None
    return EncryptedEvent(
        room_id,
        EventId(str(event_id)),
        UserId(str(sender)),
        sent_ms,
        str(session_id),
        str(sender_key) if _is_key(sender_key) else None,
        ciphertext,
    )


def read_decrypted(event: EncryptedEvent, decrypted: Decrypted) -> RoomMessage | None:
    """The text message that was in an encrypted event; None where it was anything else."""
    body = _text_in(decrypted.content) if decrypted.event_type == "m.room.message" else None
    if body is None:
        return None
    return RoomMessage(
        event.room_id,
        event.event_id,
        event.sender,
        body,
        event.origin_server_ts_ms,
        was_encrypted=True,
        megolm_message=decrypted.megolm_message,
    )


def read_members(answer: object) -> dict[UserId, str]:
    """Read `/joined_members`: everyone in the room with the name to show, which is never empty and always one line."""
    members = as_object(as_object(answer).get("joined"))
    return {UserId(user): _display_name(user, profile) for user, profile in members.items() if is_user_id(user)}


def _display_name(user: str, profile: object) -> str:
    name = as_object(profile).get("display_name")
    if not isinstance(name, str):
        return user
    name = name.encode("utf-8", errors="replace").decode()
    return _UNPRINTABLE.sub(" ", name)[:_MAX_NAME_CHARACTERS].strip() or user


def _read_others_encrypted(event: object, room_id: RoomId, me: UserId) -> EncryptedEvent | None:
    """An encrypted event of somebody else's that may hold a new text: whether it is an edit is said in the clear."""
    fields = as_object(event)
    if fields.get("sender") == me or _is_edit(as_object(fields.get("content"))):
        return None
    return read_encrypted(fields, room_id)


def _text_in(content: Mapping[str, Any]) -> str | None:
    """What a content says as a new text; None where it is something else, an edit, or too long for any command."""
    body = content.get("body")
    if content.get("msgtype") != "m.text" or not isinstance(body, str) or _is_edit(content):
        return None
    if len(body) > MAX_BODY_BYTES:
        return None
    # Lone surrogates and NUL are legal JSON that no database takes.
    raw = body.encode("utf-8", errors="replace").replace(b"\0", b"")
    return raw.decode() if len(raw) <= MAX_BODY_BYTES else None


def _sent_ms(fields: Mapping[str, Any]) -> int | None:
    sent_ms = fields.get("origin_server_ts")
    return sent_ms if type(sent_ms) is int and 0 <= sent_ms < _LATEST_TS_MS else None


def _is_own_arrival(event: object, me: UserId) -> bool:
    """Whether the bot joins with this event, rather than changes its name in a room where it already was."""
    fields = as_object(event)
    return fields.get("state_key") == me and is_arrival(fields)


def is_arrival(member_event: Mapping[str, Any]) -> bool:
    """Whether somebody joins with this `m.room.member` event, rather than changes their name."""
    before = as_object(as_object(member_event.get("unsigned")).get("prev_content")).get("membership")
    return as_object(member_event.get("content")).get("membership") == "join" and before != "join"


def _is_edit(content: Mapping[str, Any]) -> bool:
    return "m.new_content" in content or as_object(content.get("m.relates_to")).get("rel_type") == "m.replace"


def _is_key(value: object) -> bool:
    return isinstance(value, str) and _KEY.fullmatch(value) is not None


def as_object(value: object) -> Mapping[str, Any]:
    """The value where it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def as_list(value: object) -> list[Any]:
    """The value where it is a JSON array, else an empty one."""
    return value if isinstance(value, list) else []
