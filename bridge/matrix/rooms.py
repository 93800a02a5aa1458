"""Owns what is known of rooms: whether and how they are encrypted, who is in them, who may do what.

It is asked for when it is needed and kept until an event changes it, or for a while, should no event have come.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from bridge.matrix import events
from bridge.matrix.encrypted_rooms import EncryptedRooms
from bridge.matrix.encryption.devices import EncryptedRoom
from bridge.matrix.errors import NotFound
from bridge.matrix.ids import RoomId, UserId, is_user_id
from bridge.matrix.power_levels import level_of
from bridge.matrix.remembered import MOST_PARTS, Remembered
from bridge.matrix.wire import Wire

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

SEEN_STATE = (
    "m.room.create",
    "m.room.encryption",
    "m.room.history_visibility",
    "m.room.member",
    "m.room.power_levels",
    "m.room.tombstone",
)
"""The types of state events that what listens must hear of, for what is kept to be true."""
_PLAIN_FOR_S = 60.0
"""How long “this room is not encrypted” is believed without asking again: to be wrong would be plaintext."""
_BELIEVED_FOR_S = 600.0
_BYTES_OF_A_MEMBER = 200
_HOUR_S = 3600.0
_ROTATION_PERIOD_S = (_HOUR_S, 7 * 24 * _HOUR_S)
_ROTATION_MESSAGES = (1, 10_000)
_CHANGED_BY = {
    "m.room.encryption": ("encryption",),
    "m.room.history_visibility": ("history visibility",),
    "m.room.member": ("members", "invited"),
    "m.room.power_levels": ("power levels",),
}


class RoomStates:
    """The rooms as they are, as far as the bot may know. Raises `bridge.matrix.errors`; retries nothing."""

    def __init__(
        self,
        wire: Wire,
        me: UserId,
        *,
        engine: AsyncEngine | None = None,
        most_parts: int = MOST_PARTS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wire = wire
        self._me = me
        self._known = Remembered(most_parts, clock)
        self._encrypted = EncryptedRooms(engine)

    def heard(self, room_id: RoomId, event_type: str, state_key: str = "") -> None:
        """A state event of this room has come in: what it changes is asked for anew."""
        if event_type == "m.room.member" and state_key == self._me:
            self._known.doubt_all(room_id)
        elif event_type == "m.room.member" or state_key == "":
            if event_type == "m.room.encryption":
                self._encrypted.add(room_id)
            self._known.doubt(room_id, *_CHANGED_BY.get(event_type, ()))

    def deaf(self, room_id: RoomId | None = None) -> None:
        """Events of this room, or of any, may have been missed, or be missing at this moment."""
        self._known.doubt_all(room_id)

    async def is_encrypted(self, room_id: RoomId) -> bool:
        """Whether the room is encrypted; any encryption event counts, whatever it says.

        Before anybody hears that it is, the next process knows it as well.
        """
        await self._encrypted.load()
        if room_id not in self._encrypted and await self._encryption(room_id) is None:
            return False
        await self._encrypted.save()
        return True

    async def save(self) -> None:
        """Have the next process know which rooms were heard to be encrypted."""
        await self._encrypted.save()

    async def encrypted_room(self, room_id: RoomId) -> EncryptedRoom | None:
        """What has to be known to encrypt into the room as it is now; None: it is not encrypted.

        Who is invited can read as well, unless the history is for those alone who were there (`joined`).
        """
        if not await self.is_encrypted(room_id):
            return None
        settings = await self._encryption(room_id) or {}
        readers = frozenset(await self._members(room_id))
        if await self._history_visibility(room_id) != "joined":
            readers |= await self._invited(room_id)
        period_ms, messages = settings.get("rotation_period_ms"), settings.get("rotation_period_msgs")
        asked = EncryptedRoom(room_id, readers)
        return EncryptedRoom(
            room_id,
            readers,
            rotation_period_s=_bounded(period_ms, _ROTATION_PERIOD_S, per=1000, otherwise=asked.rotation_period_s),
            rotation_messages=int(_bounded(messages, _ROTATION_MESSAGES, otherwise=asked.rotation_messages)),
        )

    async def members(self, room_id: RoomId) -> dict[UserId, str]:
        """Everyone who is in the room, with the name to show."""
        return dict(await self._members(room_id))

    async def power_level(self, room_id: RoomId, user: UserId) -> int:
        """The user's power level in the room."""
        levels = await self._get(room_id, "power levels", "m.room.power_levels")
        create = await self._get(room_id, "create", "m.room.create", whole=True)
        return level_of(user, levels, create)

    async def state(
        self, room_id: RoomId, event_type: str, key: str = "", *, whole: bool = False
    ) -> dict[str, Any] | None:
        """A state event's content, or the `whole` of it, sender and all, as of now; None where the room has none."""
        path = ("rooms", room_id, "state", event_type, key)
        query = {"format": "event"} if whole else {}
        try:
            return await self._wire.request("GET", f"reading {event_type}", path, query=query)
        except NotFound:
            return None

    async def _encryption(self, room_id: RoomId) -> dict[str, Any] | None:
        valid_s = _BELIEVED_FOR_S if room_id in self._encrypted else _PLAIN_FOR_S
        content = await self._get(room_id, "encryption", "m.room.encryption", valid_s=valid_s)
        if content is not None:
            self._encrypted.add(room_id)
        # While we asked, it may have been heard.
        return {} if content is None and room_id in self._encrypted else content

    async def _history_visibility(self, room_id: RoomId) -> object:
        content = await self._get(room_id, "history visibility", "m.room.history_visibility")
        return (content or {}).get("history_visibility")

    async def _members(self, room_id: RoomId) -> Mapping[UserId, str]:
        async def ask() -> dict[UserId, str]:
            path = ("rooms", room_id, "joined_members")
            return events.read_members(await self._wire.request("GET", "asking who is in a room", path))

        return await self._known.get(room_id, "members", ask, valid_s=_BELIEVED_FOR_S, parts=len)

    async def _invited(self, room_id: RoomId) -> frozenset[UserId]:
        async def ask() -> frozenset[UserId]:
            path, query = ("rooms", room_id, "members"), {"membership": "invite"}
            return _read_invited(await self._wire.request("GET", "asking who is invited", path, query=query))

        return await self._known.get(room_id, "invited", ask, valid_s=_BELIEVED_FOR_S, parts=len)

    async def _get(
        self, room_id: RoomId, subject: str, event_type: str, *, whole: bool = False, valid_s: float = _BELIEVED_FOR_S
    ) -> dict[str, Any] | None:
        async def ask() -> dict[str, Any] | None:
            return await self.state(room_id, event_type, whole=whole)

        return await self._known.get(room_id, subject, ask, valid_s=valid_s, parts=_parts)


def _parts(content: object) -> int:
    """How large a state event is, told in members: somebody else has written it, up to 64 KB."""
    return len(json.dumps(content)) // _BYTES_OF_A_MEMBER


def _read_invited(answer: Mapping[str, Any]) -> frozenset[UserId]:
    """Read `/members?membership=invite`, whatever shape it has."""
    chunk = answer.get("chunk")
    return frozenset(
        UserId(event["state_key"])
        for event in (chunk if isinstance(chunk, list) else [])
        if isinstance(event, dict) and is_user_id(event.get("state_key")) and _membership(event) == "invite"
    )


def _membership(event: Mapping[str, Any]) -> object:
    content = event.get("content")
    return content.get("membership") if isinstance(content, dict) else None


def _bounded(value: object, bounds: tuple[float, float], *, per: float = 1, otherwise: float) -> float:
    """A number that somebody set, within bounds; without one, what is usual."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return otherwise
    least, most = bounds
    return min(value / per, most) if value / per > least else least  # also of what is no number after all
