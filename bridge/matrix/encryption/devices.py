"""Owns the values that the parts of the encryption hand to each other: devices, their owners, encrypted rooms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from bridge.matrix.ids import EventId, RoomId, UserId

OLM = "m.olm.v1.curve25519-aes-sha2"
MEGOLM = "m.megolm.v1.aes-sha2"


@dataclass(frozen=True)
class Device:
    """One device of somebody's, as `/keys/query` says; its own signature on its keys has been verified."""

    user_id: UserId
    device_id: str
    curve25519: str
    """Unpadded base64: the device's identity key, `sender_key` of what it sends."""
    ed25519: str
    """Unpadded base64: the device's fingerprint key."""
    is_signed: bool
    """Whether its owner's cross-signing identity has signed it (self-signing key, itself signed by the master key)."""


@dataclass(frozen=True)
class EncryptedRoom:
    """What has to be known of a room to encrypt into it."""

    room_id: RoomId
    readers: frozenset[UserId]
    """Who is to be able to read: members, and where the history says so those who are invited."""
    rotation_period_s: float = 7 * 86_400.0
    rotation_messages: int = 100
    """After how long, and how many messages, a new key is made (`m.room.encryption`)."""


@dataclass(frozen=True)
class EncryptedEvent:
    """An `m.room.encrypted` event of a room, as the homeserver hands it out."""

    room_id: RoomId
    event_id: EventId
    sender: UserId
    origin_server_ts_ms: int
    session_id: str
    sender_key: str | None
    """Deprecated (MSC3700) and by itself proves nothing."""
    ciphertext: str


@dataclass(frozen=True)
class Decrypted:
    """What an encrypted event said, by a device that the trust policy allows."""

    event_type: str
    content: Mapping[str, Any]
    megolm_message: str | None = field(default=None, compare=False)
    """Which message of which session it is: the same in whatever event it comes, however often."""


@dataclass(frozen=True)
class Undecryptable:
    """An encrypted event that cannot be read, now or ever.

    `no_key`: its key has not come (yet). `unknown_device`: its key came from a device that `/keys/query` has not shown
    (yet), or not since its owner's devices have changed. `withheld`: the device has said that it will not send its key.
    `untrusted`: the trust policy does not allow the sender's device. `broken`: it will never be readable (junk, a
    replay, a forged sender).
    """

    why: Literal["no_key", "unknown_device", "withheld", "untrusted", "broken"]

    @property
    def may_change(self) -> bool:
        """Whether it is worth keeping until its key, or its sender's device, is known."""
        return self.why in ("no_key", "unknown_device", "withheld")


@dataclass(frozen=True)
class Encrypted:
    """What may be sent into an encrypted room."""

    content: dict[str, Any] = field(repr=False)
    """Of the `m.room.encrypted` event."""
    unable: frozenset[UserId]
    """Readers who have devices, none of which the trust policy allows: they see that there is a message, no more."""


@dataclass(frozen=True)
class KeysNews:
    """What one `/sync` answer says about keys, already parsed into these shapes, its contents still hostile."""

    to_device: tuple[Mapping[str, Any], ...] = ()
    changed: frozenset[UserId] = frozenset()
    left: frozenset[UserId] = frozenset()
    one_time_keys: int | None = None
    """How many signed Curve25519 one-time keys the homeserver still has; None: it does not say (MSC3202's absence)."""
    unused_fallback_keys: tuple[str, ...] | None = None
    """Algorithms whose fallback key is unused; None: it does not say."""
