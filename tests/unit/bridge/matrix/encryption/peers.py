"""The other side, made with bare vodozemac: a device that can say anything, well-formed or not."""

from __future__ import annotations

import itertools
import json
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine
from unpaddedbase64 import encode_base64
from vodozemac import Account, AnyOlmMessage, Curve25519PublicKey, GroupSession, Session

from bridge.matrix.encryption.devices import Device, EncryptedEvent
from bridge.matrix.encryption.machine import Machine
from bridge.matrix.encryption.store import CryptoStore
from bridge.matrix.ids import EventId, RoomId, UserId

BOT = UserId("@greffier:tchap.test")
CLAIRE = UserId("@claire:tchap.test")
MALLORY = UserId("@mallory:tchap.test")
ROOM = RoomId("!budget:tchap.test")
OTHER_ROOM = RoomId("!other:tchap.test")
PICKLE_KEY = b"k" * 32
DEVICE_ID = "GREFFIER"


async def open_store(engine: AsyncEngine, user_id: UserId = BOT, pickle_key: bytes = PICKLE_KEY) -> CryptoStore:
    """The store on a database, as a new process opens it."""
    return await CryptoStore.open(engine, user_id, DEVICE_ID, pickle_key)


class Peer:
    """Somebody's device, and the room key that it sends its messages with."""

    def __init__(self, user_id: UserId = CLAIRE, device_id: str = "PHONE") -> None:
        self.user_id = user_id
        self.device_id = device_id
        self.account = Account()
        self.megolm = GroupSession()
        self.olm: Session | None = None
        self._event_ids = (EventId(f"${user_id}-{number}") for number in itertools.count())

    @property
    def curve25519(self) -> str:
        """Its identity key."""
        return self.account.curve25519_key.to_base64()

    @property
    def ed25519(self) -> str:
        """Its fingerprint."""
        return self.account.ed25519_key.to_base64()

    @property
    def device(self) -> Device:
        """As `/keys/query` shows it."""
        return Device(self.user_id, self.device_id, self.curve25519, self.ed25519, is_signed=True)

    def known(self, user_id: UserId, curve25519: str) -> Device | None:
        """What device lists would say that know only this device."""
        return self.device if (user_id, curve25519) == (self.user_id, self.curve25519) else None

    def meet(self, machine: Machine, *, key_number: int = 0) -> None:
        """Begin an Olm session, by one of the machine's one-time keys."""
        body = machine.upkeep.due_keys()
        assert body is not None
        keys = sorted(key["key"] for key in body["one_time_keys"].values())
        self.meet_by(machine, keys[key_number])

    def meet_by(self, machine: Machine, one_time_key: str) -> None:
        """Begin an Olm session, by this one-time or fallback key."""
        self.olm = self.account.create_outbound_session(
            Curve25519PublicKey.from_base64(machine.curve25519), Curve25519PublicKey.from_base64(one_time_key)
        )

    def payload(self, machine: Machine, event_type: str, content: object) -> dict[str, Any]:
        """What an Olm message says besides."""
        return {
            "sender": self.user_id,
            "keys": {"ed25519": self.ed25519},
            "recipient": machine.user_id,
            "recipient_keys": {"ed25519": machine.ed25519},
            "type": event_type,
            "content": content,
        }

    def seal(self, machine: Machine, payload: object) -> dict[str, Any]:
        """A to-device message with this in it: bytes as they are, anything else as JSON."""
        assert self.olm is not None
        plaintext = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        return self.envelope(machine, self.olm.encrypt(plaintext))

    def envelope(self, machine: Machine, message: AnyOlmMessage) -> dict[str, Any]:
        """The event that carries an Olm message."""
        kind, ciphertext = message.to_parts()
        return {
            "type": "m.room.encrypted",
            "sender": self.user_id,
            "content": {
                "algorithm": "m.olm.v1.curve25519-aes-sha2",
                "sender_key": self.curve25519,
                "ciphertext": {machine.curve25519: {"type": kind, "body": encode_base64(ciphertext)}},
            },
        }

    def room_key_content(self, room_id: RoomId = ROOM) -> dict[str, Any]:
        """Its present room key."""
        return {
            "algorithm": "m.megolm.v1.aes-sha2",
            "room_id": room_id,
            "session_id": self.megolm.session_id,
            "session_key": self.megolm.session_key.to_base64(),
        }

    def room_key(self, machine: Machine, room_id: RoomId = ROOM) -> dict[str, Any]:
        """A to-device message with its present room key."""
        return self.seal(machine, self.payload(machine, "m.room_key", self.room_key_content(room_id)))

    def says(self, body: str, room_id: RoomId = ROOM) -> EncryptedEvent:
        """An encrypted text message."""
        content = {"msgtype": "m.text", "body": body}
        payload = {"type": "m.room.message", "content": content, "room_id": room_id}
        return self.event(json.dumps(payload).encode(), room_id)

    def event(self, plaintext: bytes, room_id: RoomId = ROOM) -> EncryptedEvent:
        """An encrypted event with this in it."""
        ciphertext = self.megolm.encrypt(plaintext).to_base64()
        event_id = next(self._event_ids)
        return EncryptedEvent(room_id, event_id, self.user_id, 1, self.megolm.session_id, None, ciphertext)
