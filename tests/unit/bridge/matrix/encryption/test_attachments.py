"""Files of encrypted rooms."""

from __future__ import annotations

import base64
import hashlib

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR

from bridge.matrix.encryption.attachments import encrypt


def test_a_file_is_read_with_what_goes_into_its_message() -> None:
    """As the specification says: AES-256 in counter mode, the second half of the counter zero."""
    data = b"WEBVTT" * 1000
    ciphertext, key = encrypt(data)
    counter = base64.b64decode(key["iv"] + "==")
    secret = base64.urlsafe_b64decode(key["key"]["k"] + "=")
    assert (len(secret), len(counter), counter[8:]) == (32, 16, bytes(8))
    assert key["hashes"]["sha256"] == base64.b64encode(hashlib.sha256(ciphertext).digest()).decode().rstrip("=")
    decryptor = Cipher(AES(secret), CTR(counter)).decryptor()
    assert decryptor.update(ciphertext) == data
    assert (key["v"], key["key"]["alg"], key["key"]["kty"], key["key"]["ext"]) == ("v2", "A256CTR", "oct", True)


def test_no_two_files_share_a_key_or_a_counter() -> None:
    """Also where they are the same."""
    (first, first_key), (second, second_key) = encrypt(b"x" * 100), encrypt(b"x" * 100)
    assert first != second
    assert first_key["key"]["k"] != second_key["key"]["k"]
    assert first_key["iv"] != second_key["iv"]


def test_an_empty_file_is_a_file() -> None:
    """A transcript may be short."""
    assert encrypt(b"")[0] == b""
