"""Owns how the identity's root is written for a person to keep: as Matrix writes its recovery keys.

Two bytes that say what it is, the 32 bytes of the key, a byte of parity; all in base58, in groups of four characters
(spec: "Secret storage", "Key representation").
"""

from __future__ import annotations

from functools import reduce
from operator import xor
from typing import Final

KEY_BYTES: Final = 32

_PREFIX = b"\x8b\x01"
_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_GROUP = 4
_MAX_CHARACTERS = 200
_REMEDY = "Write it as `greffier identity recovery-key` has printed it: twelve groups of four letters and digits"


class NotARecoveryKey(ValueError):
    """What was typed is no recovery key; the message does not repeat it."""


def to_recovery_key(root: bytes) -> str:
    """Write a root of 32 bytes."""
    written = _PREFIX + root
    written += bytes([reduce(xor, written)])
    number = int.from_bytes(written)
    digits = ""
    while number:
        number, digit = divmod(number, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return " ".join(digits[at : at + _GROUP] for at in range(0, len(digits), _GROUP))


def from_recovery_key(text: str) -> bytes:
    """Read a root, whatever blanks are in it.

    Raises:
        NotARecoveryKey: it was not written by `to_recovery_key`.
    """
    digits = "".join(text[:_MAX_CHARACTERS].split())
    number = 0
    for digit in digits:
        value = _ALPHABET.find(digit)
        if value < 0:
            raise NotARecoveryKey(f"The recovery key holds a character that none has. {_REMEDY}.")
        number = number * len(_ALPHABET) + value
    length = len(_PREFIX) + KEY_BYTES + 1
    if number >> (8 * length) or not (written := number.to_bytes(length)).startswith(_PREFIX):
        raise NotARecoveryKey(f"This is no recovery key, or a part of it is missing. {_REMEDY}.")
    if reduce(xor, written) != 0:
        raise NotARecoveryKey(f"A character of the recovery key is not as it was. {_REMEDY}.")
    return written[len(_PREFIX) : -1]
