"""What an operator is told of the bot's device and its identity, without anything being changed."""

from __future__ import annotations

from dataclasses import dataclass

from bot.store.database import Database
from bridge.matrix.encryption.cross_signing import CrossSigning
from bridge.matrix.encryption.errors import NEW_DEVICE
from bridge.matrix.encryption.identity import Standing, standing_of
from bridge.matrix.encryption.own_device import OwnDevice, admitted
from bridge.matrix.encryption.own_keys import OwnKeys
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
        if self.standing is Standing.NONE_YET and self.master_key is not None:  # after a restore or a reset
            return f"{self.device_id} of {self.user_id} is made at the next start, and signed by the bot's identity"
        return _SENTENCES[self.standing].format(device=self.device_id, user=self.user_id)


async def device_report(settings: Settings, database: Database) -> DeviceReport:
    """Look at the device here and at the homeserver, which may know more than a database that was lost.

    Raises:
        DatabaseUnusable: the database cannot be used; or `DatabaseAway`.
        EncryptionUnusable: what is in the database cannot be opened.
        HomeserverError: the homeserver does not answer, or not as it should.
    """
    matrix = settings.matrix
    user_id = UserId(matrix.bot_user_id)
    stored, signing = await _kept(settings, database)
    async with Wire(matrix, Acting(user_id, "")) as wire:
        acting = await admitted(wire, matrix, stored)
        at_homeserver = matrix.device_id if acting is None or acting.device_id is None else acting.device_id
        device = stored or OwnDevice(at_homeserver)
        standing = Standing.NONE_YET
        if acting is not None:
            try:
                there = await OwnKeys.ask(wire.acting_as(acting), user_id, device.device_id)
                standing = standing_of(there, signing, device.keys)
            except Forbidden:  # an appservice's user that nobody has registered
                if stored is not None:
                    raise
    master_key = None if signing is None else signing.master_key
    return DeviceReport(user_id, device.device_id, device.fingerprint, master_key, standing)


async def device_at_hand(settings: Settings) -> OwnDevice | None:
    """The device that the database has; raises as `device_report`."""
    async with Database.opened(settings) as database:
        stored, _ = await _kept(settings, database)
    return stored


async def _kept(settings: Settings, database: Database) -> tuple[OwnDevice | None, CrossSigning | None]:
    """The device and the identity that the database has, if any."""
    if not await has_encryption(database):
        return None, None
    matrix, engine = settings.matrix, database.engine
    user_id = UserId(matrix.bot_user_id)
    sealing = await Sealing.open(matrix.secret, settings.storage.folder, engine, user_id)
    root = await SealedRoot(engine, sealing, user_id).load()
    signing = None if root is None else CrossSigning(user_id, root)
    return await OwnDevice.stored(engine, sealing, user_id), signing


async def has_encryption(database: Database) -> bool:
    """Whether the database has been given the tables of the encryption. Raises as `Database.revision`."""
    revision = await database.revision()
    return revision is not None and revision >= _SINCE_REVISION
