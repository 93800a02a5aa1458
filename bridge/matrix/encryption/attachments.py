"""Owns encrypting files for encrypted rooms: each with a key of its own, which goes into the message that offers it."""

from __future__ import annotations

import base64
import hashlib
import secrets
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR

_KEY_BYTES = 32
_NONCE_BYTES = 8


def encrypt(data: bytes) -> tuple[bytes, dict[str, Any]]:
    """Encrypt a file; gives what to upload, and the members of its `EncryptedFile` but `url`.

    Source: client-server specification, "Sending encrypted attachments": AES-256 in counter mode, whose counter is a
    random half and a half that begins at 0; SHA-256 of the ciphertext.
    """
    key = secrets.token_bytes(_KEY_BYTES)
    counter = secrets.token_bytes(_NONCE_BYTES) + bytes(_NONCE_BYTES)
    encryptor = Cipher(AES(key), CTR(counter)).encryptor()
    ciphertext = encryptor.update(data) + encryptor.finalize()
    web_key = {"kty": "oct", "key_ops": ["encrypt", "decrypt"], "alg": "A256CTR", "k": _url_safe(key), "ext": True}
    digest = hashlib.sha256(ciphertext).digest()
    return ciphertext, {"v": "v2", "key": web_key, "iv": _unpadded(counter), "hashes": {"sha256": _unpadded(digest)}}


def _unpadded(data: bytes) -> str:
    return base64.b64encode(data).rstrip(b"=").decode()


def _url_safe(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
