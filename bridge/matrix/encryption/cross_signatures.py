"""Owns reading a `/keys/query` answer: which keys a user really has, by signatures, whatever the homeserver says.

Everything here is of the homeserver's making until a signature says otherwise: a device's own on its keys, the master
key's on the self-signing key, the self-signing key's on a device (spec: "Device keys", "Cross-signing"). What is
malformed, too large or wrongly signed is left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeGuard

from vodozemac import Curve25519PublicKey, Ed25519PublicKey, Ed25519Signature

from bridge.matrix.encryption.devices import MEGOLM, OLM, Device
from bridge.matrix.ids import UserId

MAX_DEVICES = 2_000
"""Of one user; who has more has them left out."""
_KEY_CHARACTERS = 43
"""32 bytes in unpadded base64. Of another length, vodozemac panics, which no `except Exception` holds."""
_MAX_ID_CHARACTERS = 255
_MAX_SIGNED_SIZE = 65_536
_LARGEST_INTEGER = 2**53 - 1


@dataclass(frozen=True)
class OwnerKeys:
    """The public half of a user's cross-signing identity, in unpadded base64."""

    master_key: str | None = None
    """None: the user has no identity."""
    self_signing_key: str | None = None
    """The one that the master key has signed; None: there is none, so that no device can be signed."""


def canonical_json(value: object, *, max_size: int | None = None) -> bytes:
    """The one way in which a JSON value is written to be signed (spec, appendix "Canonical JSON").

    Args:
        value: what is signed.
        max_size: about how many characters and values it may have.

    Raises:
        ValueError: it has no canonical form (a fraction, a large integer, half of a character), or is too large.
    """
    _require_canonical(value, max_size)
    try:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    return text.encode()


def read_owner_keys(answer: Mapping[str, Any], user_id: UserId) -> OwnerKeys:
    """A user's cross-signing identity, as far as a `/keys/query` answer proves it."""
    master = _cross_signing_key(answer, "master", user_id)
    if master is None:
        return OwnerKeys()
    master_key, _ = master
    self_signing = _cross_signing_key(answer, "self_signing", user_id)
    if self_signing is None:
        return OwnerKeys(master_key)
    self_signing_key, signed = self_signing
    is_signed = is_signed_by(signed, user_id, key_id=master_key, public_key=master_key)
    return OwnerKeys(master_key, self_signing_key if is_signed else None)


def read_devices(answer: Mapping[str, Any], user_id: UserId, self_signing_key: str | None) -> Iterator[Device] | None:
    """A user's devices that can take part in encryption; None where the answer does not speak of the user.

    Args:
        answer: a `/keys/query` answer.
        user_id: whose devices.
        self_signing_key: what makes one of them signed by its owner.
    """
    devices = _object(answer, "device_keys").get(user_id)
    if not isinstance(devices, dict):
        return None
    read = (_read_device(keys, user_id, device_id, self_signing_key) for device_id, keys in devices.items())
    return (device for device in islice(read, MAX_DEVICES) if device is not None)


def is_signed_by(signed: Mapping[str, Any], user_id: UserId, key_id: str, public_key: str) -> bool:
    """Whether an object bears a user's valid Ed25519 signature.

    Args:
        signed: the object with its `signatures`.
        user_id: whose signature.
        key_id: what follows `ed25519:` in the name of the signature.
        public_key: in unpadded base64.
    """
    return _is_signed(_signed_bytes(signed), signed, user_id, key_id=key_id, public_key=public_key)


def _read_device(keys: object, user_id: UserId, device_id: str, self_signing_key: str | None) -> Device | None:
    if not isinstance(keys, dict) or not 0 < len(device_id) <= _MAX_ID_CHARACTERS or "\0" in device_id:
        return None
    if keys.get("user_id") != user_id or keys.get("device_id") != device_id or not _speaks_megolm(keys):
        return None
    curve25519 = _object(keys, "keys").get(f"curve25519:{device_id}")
    ed25519 = _object(keys, "keys").get(f"ed25519:{device_id}")
    if not _is_curve25519(curve25519) or not _is_ed25519(ed25519):
        return None
    signed_bytes = _signed_bytes(keys)
    if not _is_signed(signed_bytes, keys, user_id, key_id=device_id, public_key=ed25519):
        return None
    is_signed = self_signing_key is not None and _is_signed(
        signed_bytes, keys, user_id, key_id=self_signing_key, public_key=self_signing_key
    )
    return Device(user_id, device_id, curve25519, ed25519, is_signed)


def _speaks_megolm(keys: Mapping[str, Any]) -> bool:
    algorithms = keys.get("algorithms")
    return isinstance(algorithms, list) and OLM in algorithms and MEGOLM in algorithms


def _cross_signing_key(answer: Mapping[str, Any], usage: str, user_id: UserId) -> tuple[str, dict[str, Any]] | None:
    """The one public key in a cross-signing key object of the user's, and the object."""
    key_object = _object(answer, f"{usage}_keys").get(user_id)
    if not isinstance(key_object, dict) or key_object.get("user_id") != user_id:
        return None
    usages, keys = key_object.get("usage"), _object(key_object, "keys")
    if not isinstance(usages, list) or usage not in usages or len(keys) != 1:
        return None
    name, public_key = next(iter(keys.items()))
    return (public_key, key_object) if _is_ed25519(public_key) and name == f"ed25519:{public_key}" else None


def _is_signed(
    signed_bytes: bytes | None, signed: Mapping[str, Any], user_id: UserId, *, key_id: str, public_key: str
) -> bool:
    signature = _object(_object(signed, "signatures"), user_id).get(f"ed25519:{key_id}")
    if signed_bytes is None or not isinstance(signature, str):
        return False
    try:
        Ed25519PublicKey.from_base64(public_key).verify_signature(signed_bytes, Ed25519Signature.from_base64(signature))
    except ValueError:
        return False
    return True


def _signed_bytes(signed: Mapping[str, Any]) -> bytes | None:
    """What of an object is signed (spec, appendix "Signing JSON"); None where that cannot be."""
    try:
        content = {key: value for key, value in signed.items() if key not in ("signatures", "unsigned")}
        return canonical_json(content, max_size=_MAX_SIGNED_SIZE)
    except ValueError:
        return None


def _is_ed25519(text: object) -> TypeGuard[str]:
    return _is_key(Ed25519PublicKey, text)


def _is_curve25519(text: object) -> TypeGuard[str]:
    return _is_key(Curve25519PublicKey, text)


def _is_key(kind: type[Ed25519PublicKey | Curve25519PublicKey], text: object) -> TypeGuard[str]:
    """Whether this is a key in the one spelling that can be compared: base64 without padding."""
    try:
        return isinstance(text, str) and len(text) == _KEY_CHARACTERS and kind.from_base64(text).to_base64() == text
    except ValueError:
        return False


def _require_canonical(value: object, max_size: int | None) -> None:
    left = max_size
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, float) or (isinstance(item, int) and abs(item) > _LARGEST_INTEGER):
            raise ValueError("neither fractions nor large integers have a canonical form")
        size = len(item) if isinstance(item, str | list | dict) else 0
        if left is not None and (left := left - 1 - size) < 0:
            raise ValueError("larger than what is signed")
        if isinstance(item, dict):
            waiting.extend(item)
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)


def _object(within: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = within.get(key)
    return value if isinstance(value, dict) else {}
