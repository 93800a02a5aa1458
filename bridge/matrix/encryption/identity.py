"""Owns the bot's cross-signing identity: made once, sealed in the database, on the homeserver, and on the bot's device.

What the homeserver has is not overwritten unless an operator asks for it, and every step may be repeated: whoever is
killed in between goes on at the next start.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from typing import Any

import structlog
from pydantic import SecretStr

from bridge.matrix.confirmation import confirmed
from bridge.matrix.encryption.cross_signing import CrossSigning, new_root
from bridge.matrix.encryption.errors import NEW_DEVICE, DeviceLost, IdentityForeign
from bridge.matrix.encryption.own_keys import OwnKeys
from bridge.matrix.encryption.sealed_root import SealedRoot
from bridge.matrix.errors import HomeserverFault
from bridge.matrix.ids import UserId
from bridge.matrix.wire import Wire

log = structlog.get_logger()

_UPLOADING = "uploading the bot's cross-signing identity"
_SIGNING = "signing the bot's device"


class Standing(Enum):
    """How the bot's device and its identity stand at the homeserver."""

    NONE_YET = auto()
    """There is no device or no identity yet: the next start makes it."""
    NOT_PUBLISHED = auto()
    """The homeserver does not have all of the keys that are here: the next start uploads them."""
    NOT_SIGNED = auto()
    """The homeserver has them, and not the signature: the next start uploads it."""
    SIGNED = auto()
    FOREIGN = auto()
    """The homeserver has an identity of the bot whose root is not here."""
    DEVICE_LOST = auto()
    """The homeserver has keys of the device that are not those that are here."""


class Identity:
    """The identity of one bot, between its database and its homeserver."""

    def __init__(self, wire: Wire, root: SealedRoot, user_id: UserId, password: SecretStr | None = None) -> None:
        """`password` is an ordinary account's, for a homeserver that wants it before it takes an identity."""
        self._wire = wire
        self._root = root
        self._user_id = user_id
        self._password = password

    async def prepare(self, device_keys: Mapping[str, Any]) -> bool:
        """Make sure that the identity is here and on the homeserver; before anything of the device is uploaded.

        Args:
            device_keys: the device's own keys, as for `/keys/upload`.

        Returns:
            Whether the homeserver has these keys of the device already.

        Raises:
            DeviceLost: it has other ones.
            IdentityForeign: it has another identity of the bot.
            SecretLost: the identity cannot be opened.
            ConfirmationNeeded: it takes no identity without more than the password.
            HomeserverError: as with any request.
        """
        device_id = str(device_keys["device_id"])
        there = await OwnKeys.ask(self._wire, self._user_id, device_id)
        if not there.is_device(device_keys["keys"]):
            raise DeviceLost(
                f"The homeserver knows device {device_id} of {self._user_id} with keys that are not in the database: "
                f"the database was lost, or another Greffier uses this device. Nothing is sent. {NEW_DEVICE}"
            )
        signing = await self.load()
        if not there.is_identity(signing):
            raise IdentityForeign(
                f"{self._user_id} has a cross-signing identity, and what it was made of is not in the database. It is "
                "not overwritten, and nothing is sent. Bring it back with its recovery key: greffier identity restore. "
                "Without the key: greffier identity reset"
            )
        is_new = signing is None
        if signing is None:
            signing = CrossSigning(self._user_id, await self._root.keep(new_root()))
        if not there.has_all_of(signing):
            await self.upload(signing)
        if is_new:
            log.info("identity made; keep its recovery key: greffier identity recovery-key", user_id=self._user_id)
        return there.device is not None

    async def sign(self, device_keys: Mapping[str, Any]) -> None:
        """Make sure that the device bears the identity's signature; once the homeserver has the device's keys.

        Raises:
            HomeserverError: as with any request; also when the homeserver does not take the signature.
        """
        device_id = str(device_keys["device_id"])
        signing = await self.load()
        if signing is None:
            raise RuntimeError("a device is to be signed by an identity that was not prepared")
        there = await OwnKeys.ask(self._wire, self._user_id, device_id)
        if there.is_signed_by(signing):
            return
        body: dict[str, Any] = {self._user_id: {device_id: signing.signed_device(device_keys)}}
        answer = await self._wire.request("POST", _SIGNING, ("keys", "signatures", "upload"), body)
        if answer.get("failures"):
            raise HomeserverFault(f"{_SIGNING}: the homeserver does not take the signature of device {device_id}")

    async def upload(self, signing: CrossSigning) -> None:
        """Put this identity on the homeserver, whatever is there; its root must be sealed in the database already.

        Raises:
            ConfirmationNeeded: the homeserver wants more than the password.
            HomeserverError: as with any request.
        """
        path = ("keys", "device_signing", "upload")
        await confirmed(self._wire, "POST", _UPLOADING, path, signing.public_keys(), self._password)

    async def load(self) -> CrossSigning | None:
        """The identity that is sealed in the database; None: there is none yet. Raises `SecretLost`."""
        root = await self._root.load()
        return None if root is None else CrossSigning(self._user_id, root)


def standing_of(there: OwnKeys, signing: CrossSigning | None, keys: Mapping[str, str] | None) -> Standing:
    """How the identity and the device's keys that are here, if any, stand to what the homeserver has."""
    if not there.is_device(keys):
        return Standing.DEVICE_LOST
    if not there.is_identity(signing):
        return Standing.FOREIGN
    if keys is None or signing is None:
        return Standing.NONE_YET
    if there.device is None or not there.has_all_of(signing):
        return Standing.NOT_PUBLISHED
    return Standing.SIGNED if there.is_signed_by(signing) else Standing.NOT_SIGNED
