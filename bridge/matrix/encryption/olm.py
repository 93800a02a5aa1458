"""Owns what is used of nio: its Olm machine, with our store under it, and with the reins taken out of its hands.

nio decrypts to-device messages, makes Olm sessions and verifies one-time keys. What a decrypted message means, which
devices there are, and what is to be done about a broken session is decided elsewhere (docs/decisions/012).
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nio.crypto import Olm, OlmAccount, Session
from unpaddedbase64 import decode_base64
from vodozemac import AnyOlmMessage, Curve25519PublicKey, PreKeyMessage, SessionCreationException

from bridge.matrix.encryption.bounded import Bounded
from bridge.matrix.encryption.devices import OLM, Device
from bridge.matrix.encryption.store import CryptoStore
from bridge.matrix.ids import UserId

SIGNED_CURVE25519 = "signed_curve25519"
_REMEMBERED = 10_000
_PRE_KEY, _NORMAL = 0, 1


@dataclass(frozen=True)
class Opened:
    """A to-device message that was encrypted, by the sender that the homeserver names, to us and nobody else."""

    sender_key: str
    """Curve25519 key of the device that sent it, proven."""
    ed25519: object
    """What it claims to be its fingerprint: still hostile."""
    event_type: object
    content: Mapping[str, Any]


class OlmMachine(Olm):  # type: ignore[misc] # nio has no types
    """nio's Olm machine on our store; `broken` is told who sent something, by which device, that no session opens."""

    def __init__(self, store: CryptoStore, broken: Callable[[UserId, str], None]) -> None:
        _silence()
        self._broken = broken
        self._seen: Bounded[bytes, None] = Bounded(_REMEMBERED)
        self._rows = store
        super().__init__(store.user_id, store.device_id, _SessionsOf(store, store.user_id))

    def open(self, sender: UserId, content: Mapping[str, Any]) -> Opened | None:
        """Decrypt a to-device message; None: it is not for us, says nothing, has come before, or has a false sender.

        Raises:
            Exception: Of any kind, for it is malformed: nio lets through whatever its libraries raise.
        """
        sealed = content["ciphertext"].get(self.account.identity_keys["curve25519"])
        if content["algorithm"] != OLM or sealed is None:
            return None
        kind, body = sealed["type"], sealed["body"]
        if kind not in (_PRE_KEY, _NORMAL):
            return None
        # In the one spelling that can be compared.
        sender_key = Curve25519PublicKey.from_base64(content["sender_key"]).to_base64()
        message = PreKeyMessage.from_base64(body) if kind == _PRE_KEY else AnyOlmMessage.normal(decode_base64(body))
        # A homeserver may hand out the same message twice, and what has been opened once does not open again: that
        # is no sign of a broken session.
        digest = hashlib.sha256(f"{sender}{sender_key}{body}".encode()).digest()
        if digest in self._seen:
            return None
        self._seen[digest] = None
        self._turn_to(sender)
        try:
            opened: Opened | None = self.decrypt(sender, sender_key, message)
        except SessionCreationException:  # for one, it was sealed with a one-time key that we no longer have
            self._broken(sender, sender_key)
            return None
        return opened

    def seal(self, device: Device, event_type: str, content: Mapping[str, Any]) -> dict[str, Any]:
        """Encrypt a to-device message for a device with which there is a session.

        Raises:
            LookupError: There is none.
            ValueError: It can seal nothing, for its other side has answered with a key that is none. It is forgotten.
        """
        party = device.user_id, device.curve25519
        session = self._rows.olm_sessions.get(party)
        if session is None:
            raise LookupError("no Olm session with the device")
        self._turn_to(device.user_id)
        try:
            sealed: dict[str, Any] = self._olm_encrypt(session, device, event_type, content)
        except ValueError:
            self._rows.forget_session(party, session)
            raise
        return sealed

    def claim(self, device: Device, answer: object) -> bool:
        """Make a session from the key that a `/keys/claim` answer has for the device; whether it has one.

        Raises:
            Exception: Of any kind, for the key is malformed.
        """
        self._turn_to(device.user_id)
        keys = answer
        for name in ("one_time_keys", device.user_id, device.device_id):
            keys = keys.get(name) if isinstance(keys, Mapping) else None
        for name, key in keys.items() if isinstance(keys, Mapping) else ():
            is_signed = isinstance(key, dict) and self.verify_json(
                key, device.ed25519, device.user_id, device.device_id
            )
            if name.startswith(f"{SIGNED_CURVE25519}:") and is_signed:
                self.create_session(key["key"], device.curve25519)
                return True
        return False

    def load(self) -> None:
        """In the place of nio's own loading: it sees the Olm sessions of one user at a time, and keeps nothing."""
        self.session_store = self.store

    def _turn_to(self, user_id: UserId) -> None:
        """What nio does next, it does with a device of this user: it takes sessions to be the identity key's alone."""
        self.session_store = self.store = _SessionsOf(self._rows, user_id)

    def _handle_olm_event(self, _sender: UserId, sender_key: str, payload: dict[str, Any]) -> Opened:
        """In the place of nio's own reading: payload, sender and recipient have been verified by then."""
        return Opened(sender_key, payload["keys"].get("ed25519"), payload["type"], payload["content"])

    def _mark_device_for_unwedging(self, sender: UserId, sender_key: str) -> None:
        """In the place of nio's own list, which knows only devices that nio has queried."""
        self._broken(sender, sender_key)


class _SessionsOf:
    """What nio sees of the store: the Olm sessions with one user's devices. It calls all this by these names."""

    def __init__(self, store: CryptoStore, user_id: UserId) -> None:
        self._store = store
        self._user_id = user_id

    def load_account(self) -> OlmAccount:
        """The account."""
        return OlmAccount(self._store.account)

    def save_account(self, _account: OlmAccount) -> None:
        """A one-time key is about to be used up, a moment later: what is written is how the account is by then."""
        self._store.save_account()

    def __getitem__(self, sender_key: str) -> Sequence[Session]:
        """The sessions to try."""
        return self._store.olm_sessions[self._user_id, sender_key]

    def add(self, sender_key: str, session: Session) -> None:
        """There is a new session, which is saved next."""

    def save_session(self, sender_key: str, session: Session) -> None:
        """The session is new, or has encrypted or decrypted something."""
        self._store.save_session((self._user_id, sender_key), session)


def _silence() -> None:
    """Keep nio's log from everybody: it says who talks to whom, and by which keys."""
    logger = logging.getLogger("nio")
    logger.propagate = False
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
