"""Owns reading hostile JSON: out of an answer's raw events come a few values that the rest can rely on, or nothing.

Every function here is total: whatever shape an event has, it raises nothing and yields nothing but what it understood.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bridge.matrix.ids import EventId, RoomId, UserId
from bridge.matrix.outbound import TXN_KEY

MAX_BODY_BYTES = 16_000
MAX_ID_BYTES = 255
_MAX_NAME_CHARACTERS = 256
_LATEST_TS_MS = 2**53
_ID = {sigil: re.compile(rf"\{sigil}[^\s\x00-\x1f\x7f]+") for sigil in "!$@"}
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


@dataclass(frozen=True)
class Invite:
    """Somebody wants the bot in a room; `inviter` is None where the homeserver's answer does not say who."""

    room_id: RoomId
    inviter: UserId | None


@dataclass(frozen=True)
class Timeline:
    """The new part of one room's history, oldest first."""

    room_id: RoomId
    messages: tuple[RoomMessage, ...]
    gap_before: str | None
    """Where messages are missing before these: the token to read backwards from. None: nothing is missing."""


@dataclass(frozen=True)
class SyncResult:
    """What one `/sync` answer says, as far as the bot cares."""

    next_batch: str
    timelines: tuple[Timeline, ...]
    invites: tuple[Invite, ...]
    encrypted: frozenset[RoomId]
    """Rooms for which the answer holds an encryption event."""


@dataclass(frozen=True)
class HistoryPage:
    """A piece of a room's history, oldest first."""

    messages: tuple[RoomMessage, ...]
    earlier: str | None
    """Where to read on backwards; None: this is as far as it goes, or as far as concerns us (we joined here)."""


@dataclass(frozen=True)
class OwnPage:
    """A piece of what the bot itself has sent into a room."""

    by_txn: Mapping[str, EventId]
    """The events by the transaction ids that they carry."""
    oldest_ms: int | None
    """When the earliest of them was sent, by the homeserver's word."""
    earlier: str | None
    """Where to read on backwards; None: this is as far as it goes."""


def read_sync(answer: object, me: UserId) -> SyncResult | None:
    """Read a `/sync` answer; None when it is not one (it has no `next_batch`)."""
    next_batch = _object(answer).get("next_batch")
    if not isinstance(next_batch, str) or not next_batch:
        return None
    rooms = _object(_object(answer).get("rooms"))
    joined = list(_rooms(rooms.get("join")))
    return SyncResult(
        next_batch=next_batch,
        timelines=tuple(_read_timeline(room_id, room.get("timeline"), me) for room_id, room in joined),
        invites=tuple(_read_invite(room_id, room, me) for room_id, room in _rooms(rooms.get("invite"))),
        encrypted=frozenset(room_id for room_id, room in joined if _mentions_encryption(room)),
    )


def read_history(answer: object, room_id: RoomId, me: UserId) -> HistoryPage:
    """Read one page of `/messages` that was asked for backwards."""
    events = _list(_object(answer).get("chunk"))
    messages, joined_here = _read_events(room_id, reversed(events), me)
    end = _object(answer).get("end")
    goes_on = isinstance(end, str) and end and events and not joined_here
    return HistoryPage(messages, earlier=end if goes_on else None)


def read_own(answer: object, me: UserId) -> OwnPage:
    """Read one page of `/messages` that was asked for backwards, for the bot's own messages."""
    by_txn: dict[str, EventId] = {}
    sent_ms: list[int] = []
    for event in _list(_object(answer).get("chunk")):
        fields = _object(event)
        if fields.get("sender") != me or not _is_id(fields.get("event_id"), "$"):
            continue
        txn_id = _object(fields.get("content")).get(TXN_KEY)
        if isinstance(txn_id, str):
            by_txn[txn_id] = EventId(fields["event_id"])
        if type(fields.get("origin_server_ts")) is int:
            sent_ms.append(fields["origin_server_ts"])
    end = _object(answer).get("end")
    return OwnPage(by_txn, min(sent_ms, default=None), end if isinstance(end, str) and end else None)


def read_message(event: object, room_id: RoomId, me: UserId) -> RoomMessage | None:
    """Read a text message of somebody else's; None for anything else: edits, notices, other types, malformed ones."""
    fields = _object(event)
    content = _object(fields.get("content"))
    body = content.get("body")
    sent_ms = fields.get("origin_server_ts")
    event_id, sender = fields.get("event_id"), fields.get("sender")
    if (
        fields.get("type") != "m.room.message"
        or "state_key" in fields
        or content.get("msgtype") != "m.text"
        or _is_edit(content)
        or not isinstance(body, str)
        or not _is_id(event_id, "$")
        or not _is_user(sender)
        or sender == me
        or type(sent_ms) is not int
        or not 0 <= sent_ms < _LATEST_TS_MS
    ):
        return None
    # Lone surrogates and NUL are legal JSON that no database takes.
    body = body.encode("utf-8", errors="replace").decode().replace("\0", "")
    if len(body.encode()) > MAX_BODY_BYTES:
        return None
    return RoomMessage(room_id, EventId(str(event_id)), UserId(str(sender)), body, sent_ms)


def read_members(answer: object) -> dict[UserId, str]:
    """Read `/joined_members`: everyone in the room with the name to show, which is never empty and always one line."""
    members = _object(_object(answer).get("joined"))
    return {UserId(user): _display_name(user, profile) for user, profile in members.items() if _is_user(user)}


def _display_name(user: str, profile: object) -> str:
    name = _object(profile).get("display_name")
    if not isinstance(name, str):
        return user
    name = name.encode("utf-8", errors="replace").decode()
    return _UNPRINTABLE.sub(" ", name)[:_MAX_NAME_CHARACTERS].strip() or user


def _read_timeline(room_id: RoomId, timeline: object, me: UserId) -> Timeline:
    fields = _object(timeline)
    messages, joined_here = _read_events(room_id, _list(fields.get("events")), me)
    before = fields.get("prev_batch")
    missing = fields.get("limited") is True and not joined_here and isinstance(before, str)
    return Timeline(room_id, messages, gap_before=before if missing else None)


def _read_events(room_id: RoomId, events: Iterable[object], me: UserId) -> tuple[tuple[RoomMessage, ...], bool]:
    """The messages among `events` (oldest first), and whether the bot joined here: what came before is not for us."""
    messages: list[RoomMessage] = []
    joined_here = False
    for event in events:
        if _is_own_arrival(event, me):
            joined_here = True
            messages.clear()
        elif message := read_message(event, room_id, me):
            messages.append(message)
    return tuple(messages), joined_here


def _read_invite(room_id: RoomId, room: Mapping[str, Any], me: UserId) -> Invite:
    inviter: UserId | None = None
    for event in _list(_object(room.get("invite_state")).get("events")):
        fields = _object(event)
        is_ours = fields.get("type") == "m.room.member" and fields.get("state_key") == me
        if is_ours and _object(fields.get("content")).get("membership") == "invite" and _is_user(fields.get("sender")):
            inviter = UserId(str(fields["sender"]))
    return Invite(room_id, inviter)


def _is_own_arrival(event: object, me: UserId) -> bool:
    """Whether the bot joins with this event, rather than changes its name in a room where it already was."""
    fields = _object(event)
    if fields.get("type") != "m.room.member" or fields.get("state_key") != me:
        return False
    before = _object(_object(fields.get("unsigned")).get("prev_content")).get("membership")
    return _object(fields.get("content")).get("membership") == "join" and before != "join"


def _mentions_encryption(room: Mapping[str, Any]) -> bool:
    return any(
        _object(event).get("type") == "m.room.encryption" and _object(event).get("state_key") == ""
        for part in ("state", "timeline")
        for event in _list(_object(room.get(part)).get("events"))
    )


def _is_edit(content: Mapping[str, Any]) -> bool:
    return "m.new_content" in content or _object(content.get("m.relates_to")).get("rel_type") == "m.replace"


def _rooms(value: object) -> Iterable[tuple[RoomId, Mapping[str, Any]]]:
    return ((RoomId(room_id), _object(room)) for room_id, room in _object(value).items() if _is_id(room_id, "!"))


def _is_user(value: object) -> bool:
    return _is_id(value, "@") and ":" in str(value)


def _is_id(value: object, sigil: str) -> bool:
    if not isinstance(value, str) or not _ID[sigil].fullmatch(value):
        return False
    return len(value.encode("utf-8", errors="replace")) <= MAX_ID_BYTES and value.isprintable()


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
