"""Owns the bot's device: what it receives, opens and seals. It alone touches the Olm and Megolm state in memory.

Nothing here waits for the network. What changes is collected in the store; whoever sends what came out of here saves
the store before.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from bridge.matrix.encryption.bounded import Bounded
from bridge.matrix.encryption.devices import MEGOLM, OLM, Decrypted, Device, EncryptedEvent, Undecryptable
from bridge.matrix.encryption.megolm import MegolmReader
from bridge.matrix.encryption.megolm_sessions import InboundSession, OutboundSession
from bridge.matrix.encryption.olm import OlmMachine
from bridge.matrix.encryption.olm_sessions import Party
from bridge.matrix.encryption.store import CryptoStore
from bridge.matrix.encryption.to_device import read_room_key, read_withheld
from bridge.matrix.encryption.upkeep import KeyUpkeep
from bridge.matrix.ids import RoomId, UserId, is_user_id

log = structlog.get_logger()

UNWEDGED_EVERY_S = 3600.0
"""A device gets a new session in the place of a broken one at most this often, as the specification asks."""
BROKEN_REMEMBERED = 10
"""Devices of one user that send what no session opens, known ones or not: keys can be made up."""
_REMEMBERED = 10_000
_USERS_REMEMBERED = 1_000


@dataclass(frozen=True)
class Received:
    """What to-device messages brought: room keys, by room and session id."""

    new_keys: frozenset[tuple[RoomId, str]]
    withheld: frozenset[tuple[RoomId, str]]
    """Somebody has said that they will not send these."""


class Machine:
    """The bot's device, on its store; `upkeep` is what the homeserver is to get of its keys."""

    def __init__(self, store: CryptoStore, *, clock: Callable[[], float] = time.time) -> None:
        self.user_id = store.user_id
        self.device_id = store.device_id
        self.curve25519 = store.account.curve25519_key.to_base64()
        self.ed25519 = store.account.ed25519_key.to_base64()
        self.upkeep = KeyUpkeep(store, self.device_keys, self._signed, clock)
        self._store = store
        self._clock = clock
        self._olm = OlmMachine(store, self._mark_broken)
        self._megolm = MegolmReader(store)
        self._broken: Bounded[UserId, Bounded[str, None]] = Bounded(_USERS_REMEMBERED)
        self._mended_at_s: Bounded[Party, float] = Bounded(_REMEMBERED)

    # What comes in

    def receive(self, to_device: Sequence[Mapping[str, Any]]) -> Received:
        """Take what `/sync` brought for the device. One that is malformed is dropped, and none is lost by it."""
        new_keys: set[tuple[RoomId, str]] = set()
        withheld: set[tuple[RoomId, str]] = set()
        for event in to_device:
            try:
                self._hear(event, new_keys, withheld)
            except Exception as error:  # noqa: BLE001 (nio raises anything; whatever was sent, it is this message's alone)
                log.warning("to-device message dropped", kind=type(error).__name__, sender=_sender(event))
        return Received(frozenset(new_keys), frozenset(withheld))

    async def decrypt(
        self,
        event: EncryptedEvent,
        device_with_key: Callable[[UserId, str], Device | None],
        allowed: Callable[[Device], bool],
    ) -> Decrypted | Undecryptable:
        """What an event of a room says, or why that cannot be known: see `MegolmReader.decrypt`."""
        return await self._megolm.decrypt(event, device_with_key, allowed)

    # What goes out

    def has_session_with(self, device: Device) -> bool:
        """Whether something can be sealed for the device."""
        return self._store.olm_sessions.get((device.user_id, device.curve25519)) is not None

    def encrypt_for(self, device: Device, event_type: str, content: Mapping[str, Any]) -> dict[str, Any]:
        """The content of an `m.room.encrypted` to-device message; the store is saved before it is sent.

        Raises:
            LookupError: There is no Olm session with the device.
            ValueError: The session is of no use; it is forgotten.
        """
        return self._olm.seal(device, event_type, content)

    def take_claimed(self, answer: object, devices: Mapping[tuple[UserId, str], Device]) -> list[Device]:
        """Make sessions from a `/keys/claim` answer; a hundred devices take about 20 ms.

        Args:
            answer: the homeserver's, hostile: a key counts if its device has signed it.
            devices: for which keys were claimed, by user and device id.

        Returns:
            Those of the devices that have a new session.
        """
        taken = []
        for device in devices.values():
            try:
                if self._olm.claim(device, answer):
                    taken.append(device)
            except Exception as error:  # noqa: BLE001 (as in `receive`)
                log.warning("one-time key dropped", kind=type(error).__name__, user_id=device.user_id)
        return taken

    def new_outbound(self, room_id: RoomId) -> OutboundSession:
        """A new room key of our own; what it encrypts, we shall be able to read."""
        session = OutboundSession()
        self._store.save_megolm_session(
            InboundSession.from_key(
                session.session_key,
                room_id=room_id,
                sender_key=self.curve25519,
                ed25519=self.ed25519,
                at_s=self._clock(),
                is_own=True,
            )
        )
        return session

    # Broken sessions

    def wedged(self) -> tuple[Device, ...]:
        """Known devices that send what no session opens: for each a one-time key is claimed, then `dummy_for` sent."""
        parties = ((user_id, key) for user_id, keys in self._broken.items() for key in keys)
        found = (self._store.device_with_key(*party) for party in parties)
        return tuple(device for device in found if device is not None)

    def dummy_for(self, device: Device) -> dict[str, Any]:
        """The message that makes the device use the new session that `take_claimed` has made.

        Raises:
            LookupError: There is no Olm session with the device.
            ValueError: The session is of no use; it is forgotten.
        """
        sealed = self._olm.seal(device, "m.dummy", {})
        party = device.user_id, device.curve25519
        self._mark_whole(party)
        self._mended_at_s[party] = self._clock()
        return sealed

    # Signatures

    def sign_json(self, value: Mapping[str, Any]) -> str:
        """The device's signature of a JSON object, as the specification has it ("Signing JSON")."""
        unsigned = {key: each for key, each in value.items() if key not in ("signatures", "unsigned")}
        signature: str = self._olm.sign_json(unsigned)
        return signature

    def device_keys(self) -> dict[str, Any]:
        """The device's public keys, signed by itself, for `/keys/upload`."""
        return self._signed(
            {
                "algorithms": [OLM, MEGOLM],
                "device_id": self.device_id,
                "keys": {f"curve25519:{self.device_id}": self.curve25519, f"ed25519:{self.device_id}": self.ed25519},
                "user_id": self.user_id,
            }
        )

    def _signed(self, value: Mapping[str, Any]) -> dict[str, Any]:
        return {**value, "signatures": {self.user_id: {f"ed25519:{self.device_id}": self.sign_json(value)}}}

    def _hear(
        self, event: Mapping[str, Any], new_keys: set[tuple[RoomId, str]], withheld: set[tuple[RoomId, str]]
    ) -> None:
        sender, content = event["sender"], event["content"]
        if not is_user_id(sender):
            raise ValueError("no sender")
        if event["type"] == "m.room.encrypted":
            session = self._room_key(sender, content)
            if session is not None and self._store.save_megolm_session(session):
                new_keys.add((session.room_id, session.session_id))
        elif event["type"] == "m.room_key.withheld":
            notice = read_withheld(sender, content)
            if notice is not None and notice.room_key is not None:
                self._megolm.heard_withheld(notice)
                withheld.add(notice.room_key)
            elif notice is not None and notice.sender_key is not None:
                self._mark_broken(sender, notice.sender_key)

    def _room_key(self, sender: UserId, content: Mapping[str, Any]) -> InboundSession | None:
        """The room key that an encrypted message brings; None when it brings nothing that we take."""
        opened = self._olm.open(sender, content)
        if opened is None:
            return None
        self._mark_whole((sender, opened.sender_key))
        return read_room_key(opened, at_s=self._clock())

    def _mark_broken(self, sender: UserId, sender_key: str) -> None:
        if self._clock() >= self._mended_at_s.get((sender, sender_key), 0.0) + UNWEDGED_EVERY_S:
            keys = self._broken.get(sender)
            self._broken[sender] = keys = Bounded(BROKEN_REMEMBERED) if keys is None else keys
            keys[sender_key] = None

    def _mark_whole(self, party: Party) -> None:
        user_id, sender_key = party
        if (keys := self._broken.get(user_id)) is not None:
            keys.pop(sender_key, None)


def _sender(event: object) -> str | None:
    sender = event.get("sender") if isinstance(event, Mapping) else None
    return sender if is_user_id(sender) else None
