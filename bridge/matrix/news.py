"""Owns reading what the homeserver brings: answers to `/sync`, and transactions that it pushes, into one shape."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from bridge.matrix.encryption.devices import KeysNews
from bridge.matrix.events import Heard, Invite, as_list, as_object, is_arrival, read_heard
from bridge.matrix.ids import RoomId, UserId, is_room_id, is_user_id
from bridge.matrix.tombstones import Upgrade, read_tombstone

_MAX_KEY_CHARACTERS = 255


class Touched(NamedTuple):
    """One piece of a room's state that has changed."""

    room_id: RoomId
    event_type: str
    state_key: str


@dataclass(frozen=True)
class Timeline:
    """The new part of one room's history, oldest first."""

    room_id: RoomId
    heard: tuple[Heard, ...]
    gap_before: str | None
    """Where events are missing before these: the token to read backwards from. None: nothing is missing."""


@dataclass(frozen=True)
class News:
    """What happened in rooms, as far as the bot cares."""

    timelines: tuple[Timeline, ...] = ()
    invites: tuple[Invite, ...] = ()
    touched: tuple[Touched, ...] = ()
    """Changes of state, in the order in which they came."""
    unknown: frozenset[RoomId] = frozenset()
    """Rooms of whose state nothing that was known before may be believed: events are missing, or the bot is out."""
    arrived: frozenset[UserId] = frozenset()
    """Who has come into a room."""
    upgrades: tuple[Upgrade, ...] = ()
    """Rooms that are said to have been replaced."""


@dataclass(frozen=True)
class SyncResult:
    """What one `/sync` answer says."""

    next_batch: str
    news: News
    keys: KeysNews


def read_sync(answer: object, me: UserId) -> SyncResult | None:
    """Read a `/sync` answer; None when it is not one (it has no `next_batch`)."""
    next_batch = as_object(answer).get("next_batch")
    if not isinstance(next_batch, str) or not next_batch:
        return None
    rooms = as_object(as_object(answer).get("rooms"))
    joined, left = list(_rooms(rooms.get("join"))), list(_rooms(rooms.get("leave")))
    timelines = tuple(_read_timeline(room_id, room.get("timeline"), me) for room_id, room in joined)
    state = [found for room_id, room in joined for found in _state_in(room_id, room)]
    news = News(
        timelines=timelines,
        invites=tuple(_read_invite(room_id, room, me) for room_id, room in _rooms(rooms.get("invite"))),
        touched=tuple(touched for touched, _ in state),
        unknown=frozenset(room_id for room_id, room in joined if _is_limited(room)) | {room_id for room_id, _ in left},
        arrived=_arrivals(state),
        upgrades=_upgrades(state),
    )
    return SyncResult(next_batch, news, _read_keys(as_object(answer)))


def read_pushed(events: Iterable[object], me: UserId) -> News:
    """Read the events of a pushed transaction, of whatever rooms they are."""
    by_room: dict[RoomId, list[object]] = {}
    state: list[tuple[Touched, Mapping[str, Any]]] = []
    invites: dict[RoomId, list[Invite]] = {}
    for event in events:
        fields = as_object(event)
        room_id = fields.get("room_id")
        if not is_room_id(room_id):
            continue
        by_room.setdefault(room_id, []).append(fields)
        if "state_key" in fields and (found := _read_state(room_id, fields)):
            state.append(found)
            if found[0].event_type == "m.room.member" and found[0].state_key == me:
                invites[room_id] = _invitation(room_id, fields)  # the last word counts
    heard = {room_id: read_heard(of_room, room_id, me)[0] for room_id, of_room in by_room.items()}
    return News(
        timelines=tuple(Timeline(room_id, said, gap_before=None) for room_id, said in heard.items() if said),
        invites=tuple(invite for last in invites.values() for invite in last),
        touched=tuple(touched for touched, _ in state),
        unknown=frozenset(
            touched.room_id for touched, fields in state if touched[1:] == ("m.room.member", me) and not _is_in(fields)
        ),
        arrived=_arrivals(state),
        upgrades=_upgrades(state),
    )


def _read_timeline(room_id: RoomId, timeline: object, me: UserId) -> Timeline:
    fields = as_object(timeline)
    heard, joined_here = read_heard(as_list(fields.get("events")), room_id, me)
    before = fields.get("prev_batch")
    missing = fields.get("limited") is True and not joined_here and isinstance(before, str)
    return Timeline(room_id, heard, gap_before=before if missing else None)


def _is_limited(room: Mapping[str, Any]) -> bool:
    return bool(as_object(room.get("timeline")).get("limited"))


def _read_invite(room_id: RoomId, room: Mapping[str, Any], me: UserId) -> Invite:
    invite = Invite(room_id, None)
    for event in as_list(as_object(room.get("invite_state")).get("events")):
        fields = as_object(event)
        if fields.get("type") == "m.room.member" and fields.get("state_key") == me:
            invite = next(iter(_invitation(room_id, fields)), invite)
    return invite


def _invitation(room_id: RoomId, member_event: Mapping[str, Any]) -> list[Invite]:
    is_invite = as_object(member_event.get("content")).get("membership") == "invite"
    inviter = member_event.get("sender")
    return [Invite(room_id, UserId(str(inviter)))] if is_invite and is_user_id(inviter) else []


def _state_in(room_id: RoomId, room: Mapping[str, Any]) -> Iterable[tuple[Touched, Mapping[str, Any]]]:
    for part in ("state", "timeline"):
        for event in as_list(as_object(room.get(part)).get("events")):
            if found := _read_state(room_id, as_object(event)):
                yield found


def _read_state(room_id: RoomId, fields: Mapping[str, Any]) -> tuple[Touched, Mapping[str, Any]] | None:
    kind, key = fields.get("type"), fields.get("state_key")
    if not isinstance(kind, str) or not isinstance(key, str):
        return None
    return Touched(room_id, kind[:_MAX_KEY_CHARACTERS], key[:_MAX_KEY_CHARACTERS]), fields


def _is_in(member_event: Mapping[str, Any]) -> bool:
    return as_object(member_event.get("content")).get("membership") == "join"


def _arrivals(state: Iterable[tuple[Touched, Mapping[str, Any]]]) -> frozenset[UserId]:
    return frozenset(
        UserId(touched.state_key)
        for touched, fields in state
        if touched.event_type == "m.room.member" and is_user_id(touched.state_key) and is_arrival(fields)
    )


def _upgrades(state: Iterable[tuple[Touched, Mapping[str, Any]]]) -> tuple[Upgrade, ...]:
    found = (
        read_tombstone(fields, touched.room_id) for touched, fields in state if touched.event_type == "m.room.tombstone"
    )
    return tuple(upgrade for upgrade in found if upgrade is not None)


def _read_keys(answer: Mapping[str, Any]) -> KeysNews:
    lists = as_object(answer.get("device_lists"))
    counts = answer.get("device_one_time_keys_count")
    signed = as_object(counts).get("signed_curve25519", 0)
    fallback = answer.get("device_unused_fallback_key_types")
    return KeysNews(
        to_device=tuple(
            event for event in as_list(as_object(answer.get("to_device")).get("events")) if isinstance(event, dict)
        ),
        changed=_users(lists.get("changed")),
        left=_users(lists.get("left")),
        # Where counts are given at all, an algorithm that is left out has none (spec: one-time keys).
        one_time_keys=signed if isinstance(counts, dict) and type(signed) is int and signed >= 0 else None,
        unused_fallback_keys=tuple(kind for kind in fallback if isinstance(kind, str))
        if isinstance(fallback, list)
        else None,
    )


def _users(value: object) -> frozenset[UserId]:
    return frozenset(UserId(user) for user in as_list(value) if is_user_id(user))


def _rooms(value: object) -> Iterable[tuple[RoomId, Mapping[str, Any]]]:
    return ((RoomId(room_id), as_object(room)) for room_id, room in as_object(value).items() if is_room_id(room_id))
