"""Owns the bot's three cross-signing keys, all derived from one root, and what is signed with them."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from bridge.matrix.encryption.cross_signatures import canonical_json
from bridge.matrix.encryption.recovery_key import KEY_BYTES
from bridge.matrix.ids import UserId


def new_root() -> bytes:
    """The root of an identity that there has never been."""
    return secrets.token_bytes(KEY_BYTES)


class CrossSigning:
    """A user's cross-signing identity with its secrets (spec: "Cross-signing"). Whoever has the root has it whole."""

    def __init__(self, user_id: UserId, root: bytes) -> None:
        self._user_id = user_id
        self._master = _private_key(root, "master")
        self._self_signing = _private_key(root, "self-signing")
        self._user_signing = _private_key(root, "user-signing")
        self.master_key = _public_key(self._master)
        """Unpadded base64: what people compare, and approve."""
        self.self_signing_key = _public_key(self._self_signing)
        """Unpadded base64: what devices are signed with."""

    def public_keys(self) -> dict[str, Any]:
        """The body of `/keys/device_signing/upload`, the same each time: a known key must not come with news."""
        return {
            "master_key": self._key_object("master", self._master),
            "self_signing_key": self._signed(self._key_object("self_signing", self._self_signing), self._master),
            "user_signing_key": self._signed(self._key_object("user_signing", self._user_signing), self._master),
        }

    def signed_device(self, device_keys: Mapping[str, Any]) -> dict[str, Any]:
        """A device's keys with this identity's signature alone, as `/keys/signatures/upload` wants them."""
        return self._signed(device_keys, self._self_signing)

    def _key_object(self, usage: str, key: Ed25519PrivateKey) -> dict[str, Any]:
        public_key = _public_key(key)
        return {"user_id": self._user_id, "usage": [usage], "keys": {f"ed25519:{public_key}": public_key}}

    def _signed(self, content: Mapping[str, Any], key: Ed25519PrivateKey) -> dict[str, Any]:
        """The object with the signature of one of our keys (spec, appendix "Signing JSON")."""
        signed = {name: value for name, value in content.items() if name not in ("signatures", "unsigned")}
        signature = _unpadded(key.sign(canonical_json(signed)))
        return {**signed, "signatures": {self._user_id: {f"ed25519:{_public_key(key)}": signature}}}


def _private_key(root: bytes, usage: str) -> Ed25519PrivateKey:
    seed = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=usage.encode()).derive(root)
    return Ed25519PrivateKey.from_private_bytes(seed)


def _public_key(key: Ed25519PrivateKey) -> str:
    return _unpadded(key.public_key().public_bytes_raw())


def _unpadded(data: bytes) -> str:
    return base64.b64encode(data).rstrip(b"=").decode()
