"""People with devices and a cross-signing identity, made of vodozemac's and `cryptography`'s parts: real signatures."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from vodozemac import (
    Account,
    AnyOlmMessage,
    Curve25519PublicKey,
    InboundGroupSession,
    MegolmMessage,
    PreKeyMessage,
    Session,
    SessionKey,
)

from bridge.matrix.ids import UserId

ALGORITHMS = ["m.olm.v1.curve25519-aes-sha2", "m.megolm.v1.aes-sha2"]


class SigningKey:
    """An Ed25519 key of an identity."""

    def __init__(self) -> None:
        self._key = Ed25519PrivateKey.generate()
        self.public = _unpadded(self._key.public_key().public_bytes_raw())

    def sign(self, thing: Mapping[str, Any]) -> str:
        """Its signature on an object."""
        return _unpadded(self._key.sign(_signed(thing)))


class OwnedDevice:
    """A device of somebody's: the private half of what `/keys/query` shows."""

    def __init__(self, user_id: str, device_id: str) -> None:
        self.user_id = user_id
        self.device_id = device_id
        self.account = Account()
        self.one_time_keys_left = 100
        self.room_keys: dict[str, InboundGroupSession] = {}
        self._sessions: list[Session] = []

    @property
    def curve25519(self) -> str:
        """Its identity key."""
        return self.account.curve25519_key.to_base64()

    @property
    def ed25519(self) -> str:
        """Its fingerprint key."""
        return self.account.ed25519_key.to_base64()

    def sign(self, thing: Mapping[str, Any]) -> dict[str, Any]:
        """The object with this device's signature."""
        signature = self.account.sign(_signed(thing)).to_base64()
        return {**thing, "signatures": {self.user_id: {f"ed25519:{self.device_id}": signature}}}

    def keys(self, **changed: Any) -> dict[str, Any]:
        """Its signed `DeviceKeys` object."""
        keys = {
            "user_id": self.user_id,
            "device_id": self.device_id,
            "algorithms": ALGORITHMS,
            "keys": {
                f"curve25519:{self.device_id}": self.curve25519,
                f"ed25519:{self.device_id}": self.ed25519,
            },
        }
        return self.sign({**keys, **changed})

    def one_time_key(self) -> dict[str, Any]:
        """A signed one-time key, as `/keys/claim` gives it; empty when there are none left."""
        if not self.one_time_keys_left:
            return {}
        self.one_time_keys_left -= 1
        self.account.generate_one_time_keys(1)
        key_id, key = next(iter(self.account.one_time_keys.items()))
        self.account.mark_keys_as_published()
        return {f"signed_curve25519:{key_id}": self.sign({"key": key.to_base64()})}

    def olm_content(self, session: Session, recipient_key: str, plaintext: bytes) -> dict[str, Any]:
        """The content of an encrypted to-device message from this device."""
        kind, ciphertext = session.encrypt(plaintext).to_parts()
        return {
            "algorithm": ALGORITHMS[0],
            "sender_key": self.curve25519,
            "ciphertext": {recipient_key: {"type": kind, "body": _unpadded(ciphertext)}},
        }

    def forget(self) -> None:
        """Lose all sessions and keys, as a backup that is put back does."""
        self._sessions, self.room_keys = [], {}

    def dummy(self, user_id: str, curve25519: str, ed25519: str, one_time_key: str) -> dict[str, Any]:
        """The content of the empty message by which this device begins a new session with another."""
        session = self.account.create_outbound_session(
            Curve25519PublicKey.from_base64(curve25519), Curve25519PublicKey.from_base64(one_time_key)
        )
        self._sessions = [session]
        payload = {
            "type": "m.dummy",
            "content": {},
            "sender": self.user_id,
            "keys": {"ed25519": self.ed25519},
            "recipient": user_id,
            "recipient_keys": {"ed25519": ed25519},
        }
        return self.olm_content(session, curve25519, json.dumps(payload).encode())

    def receive(self, content: Mapping[str, Any]) -> dict[str, Any]:
        """Open an encrypted to-device message, keep the room key that it may bring, and give what it says."""
        sealed = content["ciphertext"][self.curve25519]
        plaintext = self._open(content["sender_key"], sealed["type"], sealed["body"])
        payload: dict[str, Any] = json.loads(plaintext)
        assert payload["recipient"] == self.user_id
        assert payload["recipient_keys"] == {"ed25519": self.ed25519}
        if payload["type"] == "m.room_key":
            key = payload["content"]
            self.room_keys[key["session_id"]] = InboundGroupSession(SessionKey(key["session_key"]))
        return payload

    def read(self, content: Mapping[str, Any]) -> dict[str, Any] | None:
        """What an encrypted event of a room says; None when there is no key for it."""
        key = self.room_keys.get(content["session_id"])
        message = MegolmMessage.from_base64(content["ciphertext"])
        if key is None or message.message_index() < key.first_known_index:
            return None
        payload: dict[str, Any] = json.loads(key.decrypt(message).plaintext)
        return payload

    def _open(self, sender_key: str, kind: int, body: str) -> bytes:
        if kind == 0:
            pre_key = PreKeyMessage.from_base64(body)
            for session in self._sessions:
                if session.session_matches(pre_key):
                    return session.decrypt(pre_key.to_any())
            session, plaintext = self.account.create_inbound_session(
                Curve25519PublicKey.from_base64(sender_key), pre_key
            )
            self._sessions.insert(0, session)
            return plaintext
        return self._sessions[0].decrypt(AnyOlmMessage.normal(base64.b64decode(body + "==")))


class Owner:
    """Somebody with devices, and an identity that signs those whose ids are `signed`."""

    def __init__(self, user_id: str, *device_ids: str, signed: Iterable[str] | None = None) -> None:
        self.user_id = UserId(user_id)
        self.devices = {device_id: OwnedDevice(user_id, device_id) for device_id in device_ids}
        self.signed = set(device_ids if signed is None else signed)
        self.has_identity = True
        self.master, self.self_signing = SigningKey(), SigningKey()

    def answer(self) -> dict[str, Any]:
        """What `/keys/query` says of this user."""
        return merged([self])

    def device_keys(self) -> dict[str, Any]:
        """The devices, those that are signed with the identity's signature as well."""
        keys = {device_id: device.keys() for device_id, device in self.devices.items()}
        for device_id in self.signed & keys.keys() if self.has_identity else ():
            self.sign_device(keys[device_id])
        return keys

    def sign_device(self, keys: dict[str, Any]) -> None:
        """Put the identity's signature on a device."""
        keys["signatures"][self.user_id][f"ed25519:{self.self_signing.public}"] = self.self_signing.sign(keys)

    def master_object(self) -> dict[str, Any]:
        """The public master key."""
        return self._key_object("master", self.master)

    def self_signing_object(self) -> dict[str, Any]:
        """The public self-signing key, signed by the master key."""
        key = self._key_object("self_signing", self.self_signing)
        return {**key, "signatures": {self.user_id: {f"ed25519:{self.master.public}": self.master.sign(key)}}}

    def _key_object(self, usage: str, key: SigningKey) -> dict[str, Any]:
        return {"user_id": self.user_id, "usage": [usage], "keys": {f"ed25519:{key.public}": key.public}}


def merged(owners: Iterable[Owner]) -> dict[str, Any]:
    """What `/keys/query` says of these users."""
    owners = list(owners)
    identified = [owner for owner in owners if owner.has_identity]
    return {
        "device_keys": {owner.user_id: owner.device_keys() for owner in owners},
        "master_keys": {owner.user_id: owner.master_object() for owner in identified},
        "self_signing_keys": {owner.user_id: owner.self_signing_object() for owner in identified},
        "failures": {},
    }


def _signed(thing: Mapping[str, Any]) -> bytes:
    unsigned = {key: value for key, value in thing.items() if key not in ("signatures", "unsigned")}
    return json.dumps(unsigned, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def _unpadded(data: bytes) -> str:
    return base64.b64encode(data).decode().rstrip("=")
