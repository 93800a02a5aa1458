"""Owns our keys to rooms: who has them, when there is a new one, and encrypting what is said with them."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog

from bridge.matrix.encryption import trust
from bridge.matrix.encryption.device_lists import DeviceLists
from bridge.matrix.encryption.device_messages import DeviceMessages
from bridge.matrix.encryption.devices import MEGOLM, Device, Encrypted, EncryptedRoom
from bridge.matrix.encryption.machine import Machine
from bridge.matrix.encryption.megolm_sessions import OutboundSession
from bridge.matrix.encryption.store import CryptoStore
from bridge.matrix.errors import HomeserverError
from bridge.matrix.ids import RoomId, UserId

log = structlog.get_logger()

_RELATES_TO = "m.relates_to"
_WITHHELD = "m.room_key.withheld"
_UNVERIFIED = "m.unverified"
_NO_OLM = "m.no_olm"
_REASONS = {
    _UNVERIFIED: "The device has not been verified by its owner.",
    _NO_OLM: "No one-time key of the device could be had.",
}

_Holder = tuple[UserId, str, str]
"""A device as the holder of a key: its owner, its id, its identity key; not whether it is signed."""


@dataclass
class _Key:
    """A Megolm session of ours: what we encrypt with, and who can read it."""

    session: OutboundSession
    made_at_s: float
    holders: dict[_Holder, str | None] = field(default_factory=dict)
    """Who has it, or may have it, and by which Olm session the homeserver has taken it for them (None: by none yet)."""
    withheld: set[tuple[_Holder, str]] = field(default_factory=set)
    """Who has been told that they do not get it, and why."""

    def delivered(self, sessions: Mapping[Device, str | None]) -> None:
        """The homeserver has taken it for these devices, encrypted in these sessions."""
        self.holders |= {_holder(device): session for device, session in sessions.items()}


@dataclass
class _Room:
    one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)
    key: _Key | None = None


class RoomKeys:
    """Encrypts for rooms. Keys are not stored: after a restart each room has a new one.

    A key is replaced when it is old (as the room asks) and when one of its holders may not read any more. Who comes
    later gets the present key, which does not open what was said before.
    """

    def __init__(
        self,
        machine: Machine,
        store: CryptoStore,
        lists: DeviceLists,
        messages: DeviceMessages,
        policy: trust.Policy,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._machine = machine
        self._store = store
        self._lists = lists
        self._messages = messages
        self._policy = policy
        self._clock = clock
        self._rooms: defaultdict[RoomId, _Room] = defaultdict(_Room)

    async def encrypt(self, room: EncryptedRoom, event_type: str, content: Mapping[str, Any]) -> Encrypted:
        """Encrypt an event, after everybody who may read it has got the key.

        Raises:
            HomeserverError: the key is not with everybody; nothing may be sent.
            sqlalchemy.exc.SQLAlchemyError: likewise, since it could not be stored.
        """
        state = self._rooms[room.room_id]
        async with state.one_at_a_time:
            devices = await self._lists.devices_of(room.readers)
            allowed, refused = self._judged(devices)
            key = state.key
            if key is None or self._is_over(key, room, allowed):
                key = _Key(self._machine.new_outbound(room.room_id), self._clock())
                await self._store.save()  # our own half of it, or nobody could find what we sent
                state.key = key
            without_olm = await self._share(key, room.room_id, allowed)
            await self._withhold(key, room.room_id, refused.items(), _UNVERIFIED)
            await self._withhold(key, room.room_id, without_olm.items(), _NO_OLM)
            readers = {device.user_id for device in allowed.values()}
            unable = {user_id for user_id, theirs in devices.items() if theirs and user_id not in readers}
            return Encrypted(
                self._sealed(key.session, room.room_id, event_type, content),
                frozenset(unable - {self._machine.user_id}),
            )

    def _judged(
        self, devices: Mapping[UserId, Sequence[Device]]
    ) -> tuple[dict[_Holder, Device], dict[_Holder, Device]]:
        """The devices that may read, and those that may not; not the bot's own.

        Its device needs no key from itself, and nobody reads on another: the homeserver could invent one unseen.
        """
        allowed: dict[_Holder, Device] = {}
        refused: dict[_Holder, Device] = {}
        for user_id, theirs in devices.items():
            if user_id == self._machine.user_id:
                continue
            has_identity = self._lists.has_identity(user_id)
            for device in theirs:
                may_read = trust.allows(self._policy, device, owner_has_identity=has_identity)
                (allowed if may_read else refused)[user_id, device.device_id, device.curve25519] = device
        return allowed, refused

    def _is_over(self, key: _Key, room: EncryptedRoom, allowed: Mapping[_Holder, Device]) -> bool:
        return (
            key.session.message_index >= room.rotation_messages
            or self._clock() - key.made_at_s >= room.rotation_period_s
            or not key.holders.keys() <= allowed.keys()
        )

    async def _share(self, key: _Key, room_id: RoomId, allowed: Mapping[_Holder, Device]) -> dict[_Holder, Device]:
        """Give the key to everybody who has not got it; those to whom nothing encrypted can be sent are given back."""
        missing = {holder: device for holder, device in allowed.items() if not self._has(key, holder, device)}
        if not missing:
            return {}
        reachable = await self._messages.reachable(missing.values())
        content = {
            "algorithm": MEGOLM,
            "room_id": room_id,
            "session_id": key.session.id,
            "session_key": key.session.session_key,
        }
        key.holders |= dict.fromkeys(map(_holder, reachable))
        await self._messages.send_encrypted(reachable, "m.room_key", content, sent=key.delivered)
        if reachable:
            log.info("room key shared", room_id=room_id, devices=len(reachable))
        return {holder: device for holder, device in missing.items() if key.holders.get(holder) is None}

    def _has(self, key: _Key, holder: _Holder, device: Device) -> bool:
        """Whether a device has the key, as far as we can know.

        One that has begun a new Olm session since could not open the old one, nor perhaps what came in it.
        """
        delivered_by = key.holders.get(holder)
        return delivered_by is not None and delivered_by == self._messages.session(device)

    async def _withhold(self, key: _Key, room_id: RoomId, devices: Iterable[tuple[_Holder, Device]], code: str) -> None:
        """Tell devices, once for each key, why they do not get it: a client then need not guess."""
        untold = [device for holder, device in devices if (holder, code) not in key.withheld]
        if not untold:
            return
        content = {
            "algorithm": MEGOLM,
            "code": code,
            "reason": _REASONS[code],
            "sender_key": self._machine.curve25519,
            **({"room_id": room_id, "session_id": key.session.id} if code != _NO_OLM else {}),
        }
        try:
            await self._messages.send_plain(
                _WITHHELD,
                dict.fromkeys(untold, content),
                sent=lambda batch: key.withheld.update((_holder(device), code) for device in batch),
            )
        except HomeserverError as error:  # those who may read do not wait for it
            log.warning("withholding a room key was not told", room_id=room_id, problem=str(error))

    def _sealed(
        self, session: OutboundSession, room_id: RoomId, event_type: str, content: Mapping[str, Any]
    ) -> dict[str, Any]:
        inside = {key: value for key, value in content.items() if key != _RELATES_TO}
        # What a message relates to is for the server to see, or there would be no threads (spec: "m.room.encrypted").
        outside = {key: value for key, value in content.items() if key == _RELATES_TO}
        return {
            "algorithm": MEGOLM,
            "ciphertext": session.encrypt({"type": event_type, "content": inside, "room_id": room_id}),
            "session_id": session.id,
            "sender_key": self._machine.curve25519,
            "device_id": self._machine.device_id,
            **outside,
        }


def _holder(device: Device) -> _Holder:
    return device.user_id, device.device_id, device.curve25519
