"""Owns reading what other devices send to ours: room keys, and the notice that there will be none. All of it hostile.

Every function here is total: it raises nothing, and yields nothing but what it understood.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

from bridge.matrix.encryption.devices import MEGOLM
from bridge.matrix.encryption.megolm_sessions import InboundSession
from bridge.matrix.encryption.olm import Opened
from bridge.matrix.ids import RoomId, UserId, is_room_id

NO_OLM = "m.no_olm"
_KEY = re.compile(r"[A-Za-z0-9+/]{43}")
"""32 bytes in unpadded base64."""


@dataclass(frozen=True)
class Withheld:
    """`m.room_key.withheld`: a device will not send a room key, or (`room_key` is None) cannot send any."""

    sender: UserId
    sender_key: str | None
    room_key: tuple[RoomId, str] | None


def read_room_key(opened: Opened, *, at_s: float) -> InboundSession | None:
    """The room key that a decrypted message brings; None when it brings none, or not what it says."""
    content = opened.content
    room_id, session_key = content.get("room_id"), content.get("session_key")
    if (
        opened.event_type != "m.room_key"
        or content.get("algorithm") != MEGOLM
        or not is_room_id(room_id)
        or not isinstance(session_key, str)
        or not is_key(opened.ed25519)
    ):
        return None
    try:
        session = InboundSession.from_key(
            session_key, room_id=room_id, sender_key=opened.sender_key, ed25519=opened.ed25519, at_s=at_s
        )
    except ValueError:
        return None
    return session if content.get("session_id") == session.session_id else None


def read_withheld(sender: UserId, content: Mapping[str, Any]) -> Withheld | None:
    """What `m.room_key.withheld` says. Anybody may claim it of any key: it counts for what its sender sends."""
    sender_key = content.get("sender_key")
    known_key = sender_key if is_key(sender_key) else None
    if content.get("code") == NO_OLM:
        return Withheld(sender, known_key, None)
    room_id, session_id = content.get("room_id"), content.get("session_id")
    if content.get("algorithm") != MEGOLM or not is_room_id(room_id) or not is_key(session_id):
        return None
    return Withheld(sender, known_key, (room_id, session_id))


def is_key(value: object) -> TypeGuard[str]:
    """Whether it may be a public key."""
    return isinstance(value, str) and _KEY.fullmatch(value) is not None
