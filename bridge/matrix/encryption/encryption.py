"""Owns the bot's end-to-end encryption as a whole: made ready, fed with news, asked to encrypt and to decrypt.

It fails closed: until the device, its identity and its keys are as they should be on the homeserver, and whenever keys
cannot be stored or shared, nothing is encrypted, and so nothing is sent.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bridge.matrix.account import enter
from bridge.matrix.encryption import trust
from bridge.matrix.encryption.bounded import Bounded
from bridge.matrix.encryption.device_lists import DeviceLists
from bridge.matrix.encryption.device_messages import DeviceMessages
from bridge.matrix.encryption.devices import (
    Decrypted,
    Device,
    Encrypted,
    EncryptedEvent,
    EncryptedRoom,
    KeysNews,
    Undecryptable,
)
from bridge.matrix.encryption.errors import NEW_DEVICE, DeviceLost
from bridge.matrix.encryption.identity import Identity
from bridge.matrix.encryption.machine import Machine
from bridge.matrix.encryption.room_keys import RoomKeys
from bridge.matrix.encryption.sealed_root import SealedRoot
from bridge.matrix.encryption.sealing import Sealing
from bridge.matrix.encryption.slices import in_slices
from bridge.matrix.encryption.store import CryptoStore, StoreUnreadable
from bridge.matrix.errors import EncryptionNotReady, HomeserverError
from bridge.matrix.ids import RoomId, UserId
from bridge.matrix.wire import Wire
from config.models import Matrix

log = structlog.get_logger()

ASKED_AGAIN_AFTER_S = 60.0
"""How soon the devices of somebody, which we believed to know, are asked for again because of a device unknown to us:
each of their messages might say that it comes from one."""
_PRUNED_EVERY_S = 3600.0
_REMEMBERED = 1_000


class _Device:
    """The bot's device once it is loaded: all that works on one store."""

    def __init__(self, wire: Wire, store: CryptoStore, policy: trust.Policy) -> None:
        self.store = store
        self.machine = Machine(store)
        self.lists = DeviceLists(wire, store)
        self.messages = DeviceMessages(wire, self.machine, store)
        self.room_keys = RoomKeys(self.machine, store, self.lists, self.messages, policy)


class Encryption:
    """The encryption of one bot, on the database that also holds its inbox. One object on a database at a time."""

    def __init__(
        self,
        wire: Wire,
        engine: AsyncEngine,
        settings: Matrix,
        folder: Path,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`folder` is where the secret is kept that seals the keys, unless the settings have one."""
        self._wire = wire
        self._engine = engine
        self._settings = settings
        self._folder = folder
        self._clock = clock
        self._user_id = UserId(settings.bot_user_id)
        self._device: _Device | None = None
        self._is_ready = False
        self._unknown: set[UserId] = set()  # senders of what came from devices that we do not know (any more)
        self._asked: set[UserId] = set()  # those of them who were asked for, and of whom nobody was told yet
        self._asked_at_s: Bounded[UserId, float] = Bounded(_REMEMBERED)
        self._pruned_at_s = float("-inf")

    async def prepare(self) -> None:
        """Enter the homeserver, and make sure that device, identity and keys are there; safe to repeat.

        Raises:
            EncryptionUnusable: the operator has to mend something; nothing is overwritten.
            HomeserverError: as with any request.
            sqlalchemy.exc.SQLAlchemyError: the database does not answer.
        """
        self._is_ready = False
        sealing = await Sealing.open(self._settings.secret, self._folder, self._engine, self._user_id)
        acting = await enter(self._wire, self._settings, self._engine, sealing)
        device = self._device = self._device or await self._load(str(acting.device_id), sealing)
        identity = self._identity(sealing)
        device_keys = device.machine.device_keys()
        if not await identity.prepare(device_keys):
            device.store.is_published = False  # of a homeserver that was restored from a backup
        await self._upload_due()
        await identity.sign(device_keys)
        self._is_ready = True

    # Listening

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """A database transaction, in which all keys that have changed are stored as well."""
        begin = self._engine.begin if self._device is None else self._device.store.transaction
        async with begin() as connection:
            yield connection

    @property
    def has_pending(self) -> bool:
        """Whether keys have changed that are not stored."""
        return self._device is not None and self._device.store.has_pending

    async def receive(self, news: KeysNews, *, is_first: bool = False) -> frozenset[tuple[RoomId, str]]:
        """Take in what `/sync` says about keys, in memory; gives the room keys that have come.

        `is_first`: it says nothing of changes from before, so that everybody's devices are to be asked for anew.
        """
        device = self._ours()
        if is_first:
            device.lists.all_changed()
        device.lists.changed(news.changed)
        device.lists.left(news.left)
        device.machine.upkeep.counted(news.one_time_keys, news.unused_fallback_keys)
        new_keys: set[tuple[RoomId, str]] = set()
        async for event in in_slices(news.to_device):
            new_keys |= device.machine.receive([event]).new_keys
        return frozenset(new_keys)

    async def decrypt(self, event: EncryptedEvent) -> Decrypted | Undecryptable:
        """Read an event, the bot's own too, if it comes from a device that the trust policy allows.

        An outdated list says nothing of a device, good or bad: it is asked for first (`catch_up`), where that can be.
        """
        read = await self._ours().machine.decrypt(event, self._device_with_key, self._allows)
        if isinstance(read, Undecryptable) and read.why == "unknown_device":
            self._unknown.add(event.sender)
        return read

    async def catch_up(self) -> frozenset[UserId]:
        """Do what is due: keys for the homeserver, senders' devices, broken sessions, old rows. One fails by itself.

        Returns:
            Users whose devices were asked for because something came from an unknown one. What has failed besides is
            still due, and raised when there is nobody to tell of.

        Raises:
            HomeserverError: something is left to do.
            sqlalchemy.exc.SQLAlchemyError: likewise.
        """
        if not self._is_ready:
            return frozenset()
        device = self._ours()
        failures: list[HomeserverError | SQLAlchemyError] = []
        for step in (self._upload_due, self._ask_for_senders, device.messages.unwedge, device.store.save, self._prune):
            try:
                await step()
            except (HomeserverError, SQLAlchemyError) as error:
                failures.append(error)
        asked, self._asked = frozenset(self._asked), set()
        if failures and not asked:
            raise failures[0]
        return asked

    # Sending

    async def encrypt(self, room: EncryptedRoom, event_type: str, content: Mapping[str, Any]) -> Encrypted:
        """Encrypt an event for whoever reads in the room, once they have its key.

        Raises:
            EncryptionNotReady: there are no keys to encrypt with, or they cannot be stored.
            HomeserverError: the key cannot be shared.
        """
        if self._device is None or not self._is_ready:
            raise EncryptionNotReady("The bot's keys are not ready: nothing is sent into encrypted rooms.")
        try:
            return await self._device.room_keys.encrypt(room, event_type, content)
        except SQLAlchemyError as error:
            raise EncryptionNotReady("Keys cannot be stored: nothing is sent into encrypted rooms.") from error

    def _ours(self) -> _Device:
        if self._device is None:
            raise EncryptionNotReady("The bot's keys are not loaded: nothing encrypted can be read or sent.")
        return self._device

    async def _load(self, device_id: str, sealing: Sealing) -> _Device:
        try:
            store = await CryptoStore.open(self._engine, self._user_id, device_id, sealing.pickle_key)
        except StoreUnreadable as error:
            raise DeviceLost(
                f"The keys of the bot's device cannot be used: {error}. Nothing is sent. {NEW_DEVICE}"
            ) from None
        return _Device(self._wire, store, self._settings.trust)

    def _identity(self, sealing: Sealing) -> Identity:
        password = self._settings.password if self._settings.identity == "account" else None
        return Identity(self._wire, SealedRoot(self._engine, sealing, self._user_id), self._user_id, password)

    async def _upload(self, body: dict[str, Any]) -> None:
        await self._wire.request("POST", "uploading the device's keys", ("keys", "upload"), body)

    def _device_with_key(self, user_id: UserId, curve25519: str) -> Device | None:
        lists = self._ours().lists
        return None if lists.is_due(user_id) else lists.device_with_key(user_id, curve25519)

    def _allows(self, device: Device) -> bool:
        has_identity = self._ours().lists.has_identity(device.user_id)
        return trust.allows(self._settings.trust, device, owner_has_identity=has_identity)

    async def _upload_due(self) -> None:
        await self._ours().machine.upkeep.upload_due(self._upload)

    async def _ask_for_senders(self) -> None:
        lists = self._ours().lists
        asked, self._unknown = self._unknown, set()  # who comes meanwhile is for the next time
        try:
            lists.changed(user_id for user_id in asked if self._may_ask_again(user_id))
            await lists.devices_of(asked)
        except BaseException:
            self._unknown |= asked
            raise
        self._asked |= asked

    async def _prune(self) -> None:
        if self._clock() - self._pruned_at_s > _PRUNED_EVERY_S:
            await self._ours().store.prune()
            self._pruned_at_s = self._clock()

    def _may_ask_again(self, user_id: UserId) -> bool:
        if self._clock() - self._asked_at_s.get(user_id, float("-inf")) < ASKED_AGAIN_AFTER_S:
            return False
        self._asked_at_s[user_id] = self._clock()
        return True
