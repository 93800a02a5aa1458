"""Owns the names of things in Matrix: distinct types, so that two identifiers cannot be swapped."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NewType, TypeGuard

RoomId = NewType("RoomId", str)
"""`!opaque:server`, or `!opaque` alone since room version 12."""

UserId = NewType("UserId", str)
"""`@localpart:server`."""

EventId = NewType("EventId", str)
"""`$opaque`: what a command is known by, once and for all."""

MAX_ID_BYTES = 255
_ID = {sigil: re.compile(rf"\{sigil}[^\s\x00-\x1f\x7f]+") for sigil in "!$@"}


def is_room_id(value: object) -> TypeGuard[RoomId]:
    """Whether a value out of somebody's JSON can be a room's id; it need not name a server (MSC4291)."""
    return _is_id(value, "!")


def is_event_id(value: object) -> TypeGuard[EventId]:
    """Whether a value out of somebody's JSON can be an event's id."""
    return _is_id(value, "$")


def is_user_id(value: object) -> TypeGuard[UserId]:
    """Whether a value out of somebody's JSON can be a user's id."""
    return isinstance(value, str) and ":" in value and _is_id(value, "@")


def server_in(identifier: str) -> str | None:
    """The homeserver that an id names, port and all; None where it names none, as rooms since version 12."""
    return identifier.partition(":")[2] or None


def _is_id(value: object, sigil: str) -> bool:
    return isinstance(value, str) and len(value) <= MAX_ID_BYTES and _is_proper(value, sigil)


@lru_cache(maxsize=4096)  # the same few rooms and users, over and over
def _is_proper(value: str, sigil: str) -> bool:
    if not _ID[sigil].fullmatch(value):
        return False
    return len(value.encode("utf-8", errors="replace")) <= MAX_ID_BYTES and value.isprintable()
