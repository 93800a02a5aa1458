"""People whose devices really encrypt: keys as `/keys/query` and `/keys/claim` hand them out, messages by vodozemac.

Nothing of Greffier's own encryption is used here: what is measured is fed by other code.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any, Final

import vodozemac

SERVER_NAME: Final = "tchap.test"
OLM: Final = "m.olm.v1.curve25519-aes-sha2"
MEGOLM: Final = "m.megolm.v1.aes-sha2"
ONE_TIME_KEY: Final = "signed_curve25519"
_ONE_TIME_KEYS_AT_ONCE: Final = 5


def canonical(thing: Mapping[str, Any]) -> bytes:
    """Canonical JSON of what is signed: without its signatures and what the homeserver adds (Matrix, appendices)."""
    signed = {key: value for key, value in thing.items() if key not in ("signatures", "unsigned")}
    return json.dumps(signed, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


class Person:
    """A user with one device, who has no cross-signing identity."""

    def __init__(self, number: int) -> None:
        self.user_id = f"@prenom.nom-agent{number}.gouv:{SERVER_NAME}"
        self.device_id = f"DEVICE{number:04}"
        self._account = vodozemac.Account()
        self._unclaimed: list[tuple[str, str]] = []

    @property
    def curve25519(self) -> str:
        """The device's identity key."""
        return self._account.curve25519_key.to_base64()

    @property
    def ed25519(self) -> str:
        """The device's fingerprint key."""
        return self._account.ed25519_key.to_base64()

    def device_keys(self) -> dict[str, Any]:
        """The device as `/keys/query` shows it, signed by itself."""
        return self._signed(
            {
                "user_id": self.user_id,
                "device_id": self.device_id,
                "algorithms": [OLM, MEGOLM],
                "keys": {f"curve25519:{self.device_id}": self.curve25519, f"ed25519:{self.device_id}": self.ed25519},
            }
        )

    def one_time_key(self) -> dict[str, Any]:
        """The next one-time key, as `/keys/claim` hands it out."""
        if not self._unclaimed:
            self._account.generate_one_time_keys(_ONE_TIME_KEYS_AT_ONCE)
            self._unclaimed += [(name, key.to_base64()) for name, key in self._account.one_time_keys.items()]
            self._account.mark_keys_as_published()
        name, key = self._unclaimed.pop()
        return {f"{ONE_TIME_KEY}:{name}": self._signed({"key": key})}

    def olm_session(self, curve25519: str, one_time_key: str) -> vodozemac.Session:
        """A session with somebody's device, made from a claimed key of it."""
        return self._account.create_outbound_session(
            vodozemac.Curve25519PublicKey.from_base64(curve25519),
            vodozemac.Curve25519PublicKey.from_base64(one_time_key),
        )

    def read_first(self, curve25519: str, message: vodozemac.AnyOlmMessage) -> bytes:
        """What the first message of a session says that somebody has made with us."""
        first = message.to_pre_key()
        if first is None:
            raise ValueError("this message is not the first of its session")
        _, plaintext = self._account.create_inbound_session(
            vodozemac.Curve25519PublicKey.from_base64(curve25519), first
        )
        return plaintext

    def _signed(self, thing: dict[str, Any]) -> dict[str, Any]:
        signature = self._account.sign(canonical(thing)).to_base64()
        return {**thing, "signatures": {self.user_id: {f"ed25519:{self.device_id}": signature}}}


class RoomKey:
    """A person's Megolm session in a room."""

    def __init__(self, sender: Person, room_id: str) -> None:
        self.sender = sender
        self.room_id = room_id
        self._session = vodozemac.GroupSession()
        self.session_key = self._session.session_key.to_base64()
        """As it was at the beginning, so that everything can be read with it."""

    @property
    def session_id(self) -> str:
        """Its public name."""
        return self._session.session_id

    def encrypted(self, event_type: str, content: Mapping[str, Any]) -> dict[str, Any]:
        """The content of the `m.room.encrypted` event that says this."""
        payload = json.dumps({"type": event_type, "content": content, "room_id": self.room_id}).encode()
        return {
            "algorithm": MEGOLM,
            "ciphertext": self._session.encrypt(payload).to_base64(),
            "device_id": self.sender.device_id,
            "sender_key": self.sender.curve25519,
            "session_id": self.session_id,
        }

    def to_device(self, olm: vodozemac.Session, user_id: str, curve25519: str, ed25519: str) -> dict[str, Any]:
        """The to-device event that hands the key to the device that `olm` is shared with."""
        payload = {
            "type": "m.room_key",
            "content": {
                "algorithm": MEGOLM,
                "room_id": self.room_id,
                "session_id": self.session_id,
                "session_key": self.session_key,
            },
            "sender": self.sender.user_id,
            "keys": {"ed25519": self.sender.ed25519},
            "recipient": user_id,
            "recipient_keys": {"ed25519": ed25519},
        }
        kind, body = olm.encrypt(json.dumps(payload).encode()).to_parts()
        return {
            "type": "m.room.encrypted",
            "sender": self.sender.user_id,
            "content": {
                "algorithm": OLM,
                "sender_key": self.sender.curve25519,
                "ciphertext": {curve25519: {"type": kind, "body": unpadded(body)}},
            },
        }


def unpadded(data: bytes) -> str:
    """Base64 as Matrix writes it."""
    return base64.b64encode(data).decode().rstrip("=")
