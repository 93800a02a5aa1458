"""Owns the one-time and fallback keys that the homeserver hands to those who want to reach us.

The private halves are saved before the public ones are uploaded. Whatever is cut off in between, the same keys are
offered again: the homeserver takes a key that it knows, and knows no key of which we have lost the other half, unless
the database was brought back from a backup.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog

from bridge.matrix.encryption.olm import SIGNED_CURVE25519
from bridge.matrix.encryption.store import CryptoStore
from bridge.matrix.errors import RequestRefused

log = structlog.get_logger()

FALLBACK_KEPT_S = 3600.0
"""A fallback key that was used is replaced at most this often: the one before is then still good for what is on its
way (only two are kept)."""
MAX_PASSED_OVER = 10
"""How often in a row refused one-time keys are replaced: each time uses up numbers, and memory for private halves."""


class KeyUpkeep:
    """What the homeserver has of our keys, and what it is still to get."""

    def __init__(
        self,
        store: CryptoStore,
        device_keys: Callable[[], dict[str, Any]],
        signed: Callable[[Mapping[str, Any]], dict[str, Any]],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._device_keys = device_keys
        self._signed = signed
        self._clock = clock
        self._one_time_keys: int | None = None
        self._has_unused_fallback: bool | None = None
        self._fallback_made_at_s: float | None = None
        self._passed_over = 0

    def counted(self, one_time_keys: int | None, unused_fallback_keys: tuple[str, ...] | None) -> None:
        """What `/sync` says that the homeserver has; None: it does not say. None left is 0, and says a lot."""
        if one_time_keys is not None:
            self._one_time_keys = one_time_keys
        if unused_fallback_keys is not None:
            self._has_unused_fallback = SIGNED_CURVE25519 in unused_fallback_keys

    def due_keys(self) -> dict[str, Any] | None:
        """The body for `/keys/upload`; None: nothing is due. To be uploaded only after the store has been saved."""
        body: dict[str, Any] = {}
        if not self._store.is_published:
            body["device_keys"] = self._device_keys()
        if one_time := self._due_one_time_keys():
            body["one_time_keys"] = self._named(one_time)
        if fallback := self._due_fallback_key():
            body["fallback_keys"] = self._named(fallback, fallback=True)
        return body or None

    def uploaded(self) -> None:
        """The homeserver has taken what was due."""
        self._store.account.mark_keys_as_published()
        self._store.is_published = True
        self._store.save_account()
        self._one_time_keys = self._has_unused_fallback = None  # until it says

    async def upload_due(self, upload: Callable[[dict[str, Any]], Awaitable[object]]) -> bool:
        """Save what is due, then upload it; whether there was something. Errors are those of the database or `upload`.

        Args:
            upload: `POST /keys/upload` with this body, which raises when the homeserver does not take it.
        """
        while (body := self.due_keys()) is not None:
            await self._store.save()
            is_taken = await self._offer(body, upload)
            self.uploaded()
            if not is_taken:
                self._make_one_time_keys(self._store.account.max_number_of_one_time_keys)
            await self._store.save()
            if is_taken:
                self._passed_over = 0
                return True
        return False

    async def _offer(self, body: dict[str, Any], upload: Callable[[dict[str, Any]], Awaitable[object]]) -> bool:
        """Upload it; whether its one-time keys are taken too, or the homeserver has others of the same numbers.

        A database from an older backup counts on from where it was then, and so makes numbers a second time.
        """
        try:
            await upload(body)
        except RequestRefused as error:
            # The specification has no code for it; this is Synapse's.
            may_pass = error.errcode == "M_UNKNOWN" and self._passed_over < MAX_PASSED_OVER
            if not may_pass or "one_time_keys" not in body:
                raise
        else:
            return True
        if not self._passed_over:
            log.warning("one-time keys refused, others are made; if the database is from a backup: identity restore")
        self._passed_over += 1
        if rest := {kind: keys for kind, keys in body.items() if kind != "one_time_keys"}:
            await upload(rest)
        return False

    def _due_one_time_keys(self) -> Mapping[str, str]:
        account = self._store.account
        if not account.one_time_keys:  # those that were made and perhaps not uploaded come first
            there = self._one_time_keys if self._store.is_published else 0
            missing = 0 if there is None else account.max_number_of_one_time_keys - there
            if missing > 0:
                self._make_one_time_keys(missing)
        return {key_id: key.to_base64() for key_id, key in account.one_time_keys.items()}

    def _make_one_time_keys(self, count: int) -> None:
        self._store.account.generate_one_time_keys(count)
        self._store.save_account()

    def _due_fallback_key(self) -> Mapping[str, str]:
        account: Any = self._store.account  # vodozemac's stubs leave fallback keys out
        if not account.fallback_key and self._needs_fallback():
            account.generate_fallback_key()
            self._fallback_made_at_s = self._clock()
            self._store.save_account()
        return {key_id: key.to_base64() for key_id, key in account.fallback_key.items()}

    def _needs_fallback(self) -> bool:
        if not self._store.is_published:
            return True
        made_at_s = self._fallback_made_at_s
        is_recent = made_at_s is not None and self._clock() < made_at_s + FALLBACK_KEPT_S
        return self._has_unused_fallback is False and not is_recent

    def _named(self, keys: Mapping[str, str], **also: bool) -> dict[str, Any]:
        return {f"{SIGNED_CURVE25519}:{key_id}": self._signed({"key": key, **also}) for key_id, key in keys.items()}
