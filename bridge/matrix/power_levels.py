"""Owns who stands where in a room: a user's power level out of raw room state, whatever shape that state has."""

from __future__ import annotations

import math
import re

from bridge.matrix.ids import UserId

CREATOR_LEVEL = 2**53
"""Creators of a room of version 12 or later stand above every level that can be written (MSC4289)."""
_CREATOR_DEFAULT = 100
_OLD_STRING = re.compile(r"\s*[+-]?[0-9]{1,16}\s*")
_CREATORS_ARE_SUPREME_SINCE = 12


def level_of(user: UserId, power_levels: object, create_event: object) -> int:
    """Give the user's power level; what cannot be read counts as 0.

    Args:
        user: whose level.
        power_levels: content of `m.room.power_levels`, or None where the room has none.
        create_event: the whole `m.room.create` event (the creator is its sender), or None where it is unknown.

    Source: client-server specification, `m.room.power_levels`; MSC4289 for room version 12.
    """
    creators, supreme = _creators(create_event)
    if supreme and user in creators:
        return CREATOR_LEVEL
    if not isinstance(power_levels, dict):
        return _CREATOR_DEFAULT if user in creators else 0
    users = power_levels.get("users")
    if isinstance(users, dict) and user in users:
        return _level(users[user])
    return _level(power_levels.get("users_default", 0))


def _creators(create_event: object) -> tuple[frozenset[object], bool]:
    """The room's creators, and whether they stand above all levels."""
    if not isinstance(create_event, dict):
        return frozenset(), False
    content = create_event.get("content")
    content = content if isinstance(content, dict) else {}
    supreme = _creators_are_supreme(content.get("room_version"))
    creators: list[object] = [create_event.get("sender")]
    if supreme:
        additional = content.get("additional_creators")
        creators += additional if isinstance(additional, list) else []
    elif "creator" in content:  # up to version 10 the content says who
        creators = [content["creator"]]
    return frozenset(creator for creator in creators if isinstance(creator, str)), supreme


def _creators_are_supreme(room_version: object) -> bool:
    if not isinstance(room_version, str):
        return False
    if room_version.isascii() and room_version.isdigit():
        return len(room_version) > 2 or int(room_version) >= _CREATORS_ARE_SUPREME_SINCE  # noqa: PLR2004 – digits
    return room_version == "org.matrix.hydra.11"


def _level(value: object) -> int:
    """A level as rooms hold them: an integer, in old rooms also a string or a float."""
    if isinstance(value, str) and _OLD_STRING.fullmatch(value):
        value = int(value)
    if isinstance(value, float) and math.isfinite(value):
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < CREATOR_LEVEL:
        return value
    return 0
