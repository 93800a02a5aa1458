"""A bot that starts as far as its identity: what a front does before it listens, with a device of vodozemac's own."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine
from vodozemac import Account

from bridge.matrix.account import enter
from bridge.matrix.encryption.identity import Identity, Standing, standing_of
from bridge.matrix.encryption.own_device import OwnDevice, onlooker
from bridge.matrix.encryption.own_keys import OwnKeys
from bridge.matrix.encryption.sealed_root import SealedRoot
from bridge.matrix.encryption.sealing import Sealing
from bridge.matrix.ids import UserId
from bridge.matrix.tables import DEVICE
from bridge.matrix.wire import Acting, Wire
from config.models import Matrix
from tests.fakes.device_owners import OwnedDevice


class Bot:
    """The bot with one database and one storage folder. Each method is a process of its own."""

    def __init__(self, settings: Matrix, engine: AsyncEngine, folder: Path) -> None:
        self.settings = settings
        self.engine = engine
        self.folder = folder
        self.user_id = UserId(settings.bot_user_id)

    async def start(self, *, killed: str = "") -> OwnedDevice:
        """Enter, make the device's keys, prepare the identity, upload the keys, sign them; until `killed` there."""
        sealing = await Sealing.open(self.settings.secret, self.folder, self.engine, self.user_id)
        async with Wire(self.settings, Acting(self.user_id, "")) as wire:
            await enter(wire, self.settings, self.engine, sealing)
            device = await self._device(wire, sealing)
            root = SealedRoot(self.engine, sealing, self.user_id)
            identity = Identity(wire, root, self.user_id, self.settings.password)
            is_published = await identity.prepare(device.keys())
            if killed == "before its keys are uploaded":
                return device
            if not is_published:
                await wire.request("POST", "uploading keys", ("keys", "upload"), {"device_keys": device.keys()})
            if killed == "before they are signed":
                return device
            await identity.sign(device.keys())
        return device

    async def standing(self) -> Standing:
        """What an onlooker finds."""
        sealing = await Sealing.open(self.settings.secret, self.folder, self.engine, self.user_id)
        device = await OwnDevice.stored(self.engine, sealing, self.user_id)
        acting = onlooker(self.settings, device)
        assert acting is not None
        device = device or OwnDevice(self.settings.device_id)
        async with Wire(self.settings, acting) as wire:
            signing = await Identity(wire, SealedRoot(self.engine, sealing, self.user_id), self.user_id).load()
            there = await OwnKeys.ask(wire, self.user_id, device.device_id)
            return standing_of(there, signing, device.keys)

    async def _device(self, wire: Wire, sealing: Sealing) -> OwnedDevice:
        device_id = wire.acting.device_id
        assert device_id is not None
        device = OwnedDevice(self.user_id, device_id)
        is_own = DEVICE.c.user_id == self.user_id
        async with self.engine.begin() as connection:
            stored = (await connection.execute(sa.select(DEVICE.c.account).where(is_own))).scalar_one()
            if stored is not None:
                device.account = Account.from_pickle(stored.decode(), sealing.pickle_key)
            else:
                pickled = device.account.pickle(sealing.pickle_key).encode()
                await connection.execute(sa.update(DEVICE).where(is_own).values(account=pickled))
        return device
