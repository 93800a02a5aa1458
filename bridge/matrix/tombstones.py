"""Owns reading that a room was replaced by another one, or replaces it: a hostile event to a value, or nothing."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.matrix.ids import RoomId, UserId, is_room_id, is_user_id


@dataclass(frozen=True)
class Upgrade:
    """Somebody says that a room has a successor. Whether that is so, only the successor can tell."""

    room_id: RoomId
    successor: RoomId
    by: UserId


def read_tombstone(event: object, room_id: RoomId) -> Upgrade | None:
    """Read an `m.room.tombstone` of a room, out of `/sync` or a transaction; None for anything else. Total."""
    if not isinstance(event, dict) or event.get("type") != "m.room.tombstone" or event.get("state_key") != "":
        return None
    content, by = event.get("content"), event.get("sender")
    successor = content.get("replacement_room") if isinstance(content, dict) else None
    if not is_room_id(successor) or not is_user_id(by) or successor == room_id:
        return None
    return Upgrade(room_id, RoomId(str(successor)), UserId(str(by)))


def read_predecessor(create: object) -> RoomId | None:
    """The room that this one says it replaces, out of its `m.room.create`; None for anything else. Total."""
    content = create.get("content") if isinstance(create, dict) else None
    predecessor = content.get("predecessor") if isinstance(content, dict) else None
    room_id = predecessor.get("room_id") if isinstance(predecessor, dict) else None
    return RoomId(room_id) if is_room_id(room_id) else None
