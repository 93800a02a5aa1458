"""What an operator is told of the bot's device and its identity, without anything being changed."""

from __future__ import annotations

from dataclasses import dataclass

from bot.store.database import Database
from bridge.matrix.encryption.errors import NEW_DEVICE
from bridge.matrix.encryption.identity import Identity, Standing
from bridge.matrix.encryption.own_device import OwnDevice, onlooker
from bridge.matrix.encryption.sealed_root import SealedRoot
from bridge.matrix.encryption.sealing import Sealing
from bridge.matrix.errors import Forbidden
from bridge.matrix.ids import UserId
from bridge.matrix.wire import Acting, Wire
from config.models import Settings

_SINCE_REVISION = "0003"
_WELL = {Standing.NONE_YET, Standing.SIGNED}
_SENTENCES = {
    Standing.NONE_YET: "{device} of {user} and its identity are made at the first start",
    Standing.NOT_PUBLISHED: "the keys of {device} are not on the homeserver: start Greffier, which uploads them; "
    "where it runs already, its log says what stops it",
    Standing.NOT_SIGNED: "{device} is not signed by the bot's identity, and clients may leave it out: start Greffier "
    "again, which signs it; where that does not help, its log says why",
    Standing.SIGNED: "{device} of {user} is signed by the bot's identity",
    Standing.FOREIGN: "{user} has a cross-signing identity that is not in this database: bring it back with its "
    "recovery key (greffier identity restore), or make a new one (greffier identity reset)",
    Standing.DEVICE_LOST: f"the homeserver knows {{device}} with keys that are not in this database. {NEW_DEVICE}",
}


@dataclass(frozen=True)
class DeviceReport:
    """How the bot's device stands."""

    user_id: UserId
    device_id: str
    fingerprint: str | None
    """Unpadded base64; None: there is none yet."""
    master_key: str | None
    """Of its identity: unpadded base64; None: there is none here."""
    standing: Standing

    @property
    def is_well(self) -> bool:
        """Whether there is nothing to mend."""
        return self.standing in _WELL

    def __str__(self) -> str:
        return _SENTENCES[self.standing].format(device=self.device_id, user=self.user_id)


async def device_report(settings: Settings, database: Database) -> DeviceReport:
    """Look at the device here and at the homeserver.

    Raises:
        DatabaseUnusable: the database cannot be used; or `DatabaseAway`.
        EncryptionUnusable: what is in the database cannot be opened.
        HomeserverError: the homeserver does not answer, or not as it should.
    """
    matrix = settings.matrix
    user_id = UserId(matrix.bot_user_id)
    none_yet = DeviceReport(user_id, matrix.device_id, None, None, Standing.NONE_YET)
    if not await has_encryption(database):
        return none_yet
    sealing = await Sealing.open(matrix.secret, settings.storage.folder, database.engine, user_id)
    stored = await OwnDevice.stored(database.engine, sealing, user_id)
    acting = onlooker(matrix, stored)
    if acting is None:
        return none_yet
    device = stored or OwnDevice(matrix.device_id)
    async with Wire(matrix, acting) as wire:
        identity = Identity(wire, SealedRoot(database.engine, sealing, user_id), user_id)
        signing = await identity.load()
        try:
            standing = await identity.standing(device.device_id, device.keys)
        except Forbidden:
            if stored is not None:
                raise
            return none_yet  # an appservice's user that nobody has registered
    master_key = None if signing is None else signing.master_key
    return DeviceReport(user_id, device.device_id, device.fingerprint, master_key, standing)


async def onlooker_at_hand(settings: Settings) -> Acting | None:
    """Who may ask the homeserver about the bot without logging in anew; raises as `device_report`."""
    matrix, stored = settings.matrix, None
    database = Database.open(settings)
    try:
        if await has_encryption(database):
            user_id = UserId(matrix.bot_user_id)
            sealing = await Sealing.open(matrix.secret, settings.storage.folder, database.engine, user_id)
            stored = await OwnDevice.stored(database.engine, sealing, user_id)
    finally:
        await database.dispose()
    return onlooker(matrix, stored)


async def has_encryption(database: Database) -> bool:
    """Whether the database has been given the tables of the encryption. Raises as `Database.revision`."""
    revision = await database.revision()
    return revision is not None and revision >= _SINCE_REVISION
