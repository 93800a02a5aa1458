"""Owns room keys: the session that opens a sender's messages in a room, and the one that seals our own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from vodozemac import GroupSession, InboundGroupSession, MegolmMessage, SessionKey

from bridge.matrix.encryption.changes import Row
from bridge.matrix.ids import RoomId


@dataclass(frozen=True, eq=False)
class InboundSession:
    """A room key that was received (or our own, `is_own`), with what Olm says about who sent it."""

    room_id: RoomId
    sender_key: str
    """Curve25519 key of the device that sent it: Olm proves that it did."""
    ed25519: str
    """Fingerprint that the device claimed when it sent it: to be compared with what `/keys/query` says."""
    received_at_s: float
    ratchet: InboundGroupSession = field(repr=False)
    is_own: bool = False

    @staticmethod
    def from_key(
        session_key: str, *, room_id: RoomId, sender_key: str, ed25519: str, at_s: float, is_own: bool = False
    ) -> InboundSession:
        """The session of a key as `m.room_key` carries it.

        Raises:
            ValueError: It is none.
        """
        ratchet = InboundGroupSession(SessionKey(session_key))
        return InboundSession(room_id, sender_key, ed25519, at_s, ratchet, is_own)

    @property
    def session_id(self) -> str:
        """Its name, which is the key that its messages are signed with."""
        return self.ratchet.session_id

    @property
    def first_index(self) -> int:
        """Of the first message that it opens."""
        return self.ratchet.first_known_index

    def may_replace(self, known: InboundSession) -> bool:
        """Whether it is from the same device, and opens more: nobody overwrites another's key."""
        return (
            self.sender_key == known.sender_key
            and self.ed25519 == known.ed25519
            and self.first_index < known.first_index
        )

    def decrypt(self, message: MegolmMessage) -> tuple[bytes, int]:
        """What a message says, and its index.

        Raises:
            ValueError: It is not of this session, damaged, forged, or from before `first_index`.
        """
        decrypted = self.ratchet.decrypt(message)
        return bytes(decrypted.plaintext), decrypted.message_index

    def row(self, pickle_key: bytes) -> Row:
        """As it is stored."""
        return {
            "room_id": self.room_id,
            "session_id": self.session_id,
            "sender_key": self.sender_key,
            "ed25519": self.ed25519,
            "first_index": self.first_index,
            "pickle": self.ratchet.pickle(pickle_key).encode(),
            "received_at_s": self.received_at_s,
            "is_own": self.is_own,
        }

    @staticmethod
    def from_row(row: Row, pickle_key: bytes) -> InboundSession:
        """As it was stored.

        Raises:
            ValueError: It was stored with another key, or is damaged.
        """
        ratchet = InboundGroupSession.from_pickle(row["pickle"].decode(), pickle_key)
        return InboundSession(
            RoomId(row["room_id"]), row["sender_key"], row["ed25519"], row["received_at_s"], ratchet, row["is_own"]
        )


class OutboundSession:
    """A room key of our own. It is not stored: after a restart there is a new one."""

    def __init__(self) -> None:
        self._ratchet = GroupSession()

    @property
    def id(self) -> str:
        """Its name: `session_id` of what it encrypts."""
        return self._ratchet.session_id

    @property
    def session_key(self) -> str:
        """The key for `m.room_key`: opens what is encrypted from now on, not what was before."""
        return self._ratchet.session_key.to_base64()

    @property
    def message_index(self) -> int:
        """How many messages it has encrypted."""
        return self._ratchet.message_index

    def encrypt(self, payload: Mapping[str, Any]) -> str:
        """The ciphertext of an event: `type`, `content` and `room_id`."""
        text = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
        return self._ratchet.encrypt(text.encode("utf-8", errors="replace")).to_base64()
