"""A device made by hand: its first Olm message is well-formed, and names a ratchet key that nothing can be sealed with.

No Olm library makes such a message: what the ratchet key is, they choose.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from unpaddedbase64 import decode_base64, encode_base64

from tests.fakes.device_owners import ALGORITHMS, OwnedDevice

_BLOCK_BYTES = 16
_LOW_ORDER_KEY = bytes(32)


class LowOrderDevice(OwnedDevice):
    """Begins a session that opens its one message, and seals no answer."""

    def __init__(self, user_id: str, device_id: str) -> None:
        super().__init__(user_id, device_id)
        self._identity = X25519PrivateKey.generate()

    @property
    def curve25519(self) -> str:
        """Its identity key, of which it needs the private half."""
        return encode_base64(self._identity.public_key().public_bytes_raw())

    def low_order_content(self, recipient_key: str, one_time_key: str) -> dict[str, Any]:
        """The content of the message, sealed for a device by one of its one-time keys."""
        body = encode_base64(self._pre_key_message(decode_base64(recipient_key), decode_base64(one_time_key)))
        return {
            "algorithm": ALGORITHMS[0],
            "sender_key": self.curve25519,
            "ciphertext": {recipient_key: {"type": 0, "body": body}},
        }

    def _pre_key_message(self, recipient_key: bytes, one_time_key: bytes) -> bytes:
        recipient = X25519PublicKey.from_public_bytes(recipient_key)
        one_time = X25519PublicKey.from_public_bytes(one_time_key)
        base = X25519PrivateKey.generate()
        shared = self._identity.exchange(one_time) + base.exchange(recipient) + base.exchange(one_time)
        chain_key = _derived(shared, b"OLM_ROOT", 64)[32:]
        keys = _derived(hmac.digest(chain_key, b"\x01", "sha256"), b"OLM_KEYS", 80)
        encryptor = Cipher(algorithms.AES(keys[:32]), modes.CBC(keys[64:])).encryptor()
        ciphertext = encryptor.update(bytes([_BLOCK_BYTES]) * _BLOCK_BYTES) + encryptor.finalize()  # of nothing
        inner = b"\x03" + _field(0x0A, _LOW_ORDER_KEY) + b"\x10\x00" + _field(0x22, ciphertext)
        inner += hmac.new(keys[32:64], inner, hashlib.sha256).digest()[:8]
        parts = ((0x0A, one_time_key), (0x12, base.public_key().public_bytes_raw()))
        identity = self._identity.public_key().public_bytes_raw()
        return b"\x03" + b"".join(_field(*part) for part in (*parts, (0x1A, identity), (0x22, inner)))


def _derived(secret: bytes, info: bytes, size: int) -> bytes:
    return HKDF(algorithm=SHA256(), length=size, salt=bytes(32), info=info).derive(secret)


def _field(tag: int, value: bytes) -> bytes:
    assert len(value) < 128
    return bytes([tag, len(value)]) + value
