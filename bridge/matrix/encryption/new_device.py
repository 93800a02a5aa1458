"""Owns giving the bot a new device, when the keys of the one it had are lost: for an operator, with the front stopped.

A device whose keys are lost cannot be mended: what others encrypt for it, nobody can read. A new one that bears the
signature of the same identity is trusted by everyone who trusted the old one.
"""

from __future__ import annotations

import secrets
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from bridge.matrix.account import as_appservice, identify, log_in
from bridge.matrix.confirmation import confirmed
from bridge.matrix.encryption.cross_signing import CrossSigning
from bridge.matrix.encryption.errors import CannotRestore
from bridge.matrix.encryption.identity import Identity
from bridge.matrix.encryption.own_keys import OwnKeys
from bridge.matrix.encryption.sealed_root import SealedRoot
from bridge.matrix.encryption.sealing import Sealing, token_of
from bridge.matrix.errors import ConfirmationNeeded, HomeserverError, NotFound, TokenRefused
from bridge.matrix.ids import UserId
from bridge.matrix.tables import DEVICE, MEGOLM_SESSIONS, OLM_SESSIONS, USERS
from bridge.matrix.wire import Acting, Wire
from config.models import Matrix


@dataclass(frozen=True)
class NewDevice:
    """The device that the next start makes and uses."""

    device_id: str
    old_device_id: str
    is_old_one_gone: bool
    """Whether the homeserver has let go of the old one."""


class NewDevices:
    """Gives one bot a new device."""

    def __init__(self, wire: Wire, settings: Matrix, engine: AsyncEngine, sealing: Sealing) -> None:
        """`sealing` need not open what is in the database."""
        self._wire = wire
        self._settings = settings
        self._engine = engine
        self._sealing = sealing
        self._user_id = UserId(settings.bot_user_id)
        self._password = settings.password if settings.identity == "account" else None
        self._root = SealedRoot(engine, sealing, self._user_id)

    async def restore(self, root: bytes) -> NewDevice:
        """With the identity that the homeserver has, of this root.

        Raises:
            CannotRestore: the root is another identity's, or there can be no new device.
            HomeserverError: as with any request.
        """
        return await self._give(root, replaces_identity=False)

    async def reset(self, root: bytes) -> NewDevice:
        """With a new identity, which the homeserver gets in the place of what it has.

        Raises:
            CannotRestore: there can be no new device.
            HomeserverError: as with any request; `ConfirmationNeeded` where the password is not enough.
        """
        return await self._give(root, replaces_identity=True)

    async def _give(self, root: bytes, *, replaces_identity: bool) -> NewDevice:
        device_id = f"{self._settings.device_id}_{secrets.token_hex(3)}"
        acting = await self._entered(device_id)
        device_id = acting.device_id or device_id
        asking = self._wire.acting_as(acting)
        try:
            await self._make_sure(asking, device_id, CrossSigning(self._user_id, root), is_replacing=replaces_identity)
        except BaseException:
            await self._leave(asking)
            raise
        old_device_id = await self._store(root, acting, device_id)
        is_gone = old_device_id == device_id or await self._is_gone(asking, old_device_id)
        return NewDevice(device_id, old_device_id, is_gone)

    async def _make_sure(self, asking: Wire, device_id: str, signing: CrossSigning, *, is_replacing: bool) -> None:
        """The homeserver has this identity, or none, and no keys of the device; else raise, and leave nothing here."""
        there = await OwnKeys.ask(asking, self._user_id, device_id)
        if there.device is not None:
            raise CannotRestore(
                f"matrix.access_token is a token of the device {device_id}, which has keys at the homeserver already: "
                "a new device is needed. Log in once more, and put that token in matrix.access_token"
            )
        if not is_replacing and not there.is_identity(signing):
            raise CannotRestore(
                f"This recovery key is of another identity than the one that {self._user_id} has at the homeserver "
                "(another bot's, or from before a reset); without the right one: greffier identity reset"
            )
        self._sealing.seal(b"", "proof that a root can be sealed")  # before the homeserver has what only it can make
        if is_replacing:
            await self._upload(asking, signing)

    async def _upload(self, asking: Wire, signing: CrossSigning) -> None:
        try:
            await Identity(asking, self._root, self._user_id, self._password).upload(signing)
        except ConfirmationNeeded as needed:
            is_for_want_of_it = self._settings.identity == "account" and self._password is None
            if is_for_want_of_it and needed.takes_password:
                raise CannotRestore(f"{needed}. Put the account's password in matrix.password") from None
            raise

    async def _entered(self, device_id: str) -> Acting:
        """Who asks: an appservice need not make the device for that; an account logs in as it, if it can."""
        if self._settings.identity == "appservice":
            return as_appservice(self._settings)
        if self._settings.access_token is None:
            return await log_in(self._wire, self._settings, device_id)
        acting = await identify(self._wire, self._user_id, self._settings.access_token.get_secret_value())
        if acting is None:
            raise TokenRefused("The homeserver has ended the login of matrix.access_token: put the token of a new one.")
        return acting

    async def _leave(self, asking: Wire) -> None:
        """A device that was made just now and is not to be used does not stay."""
        if self._settings.identity == "account" and self._settings.access_token is None:
            with suppress(HomeserverError):  # what stopped us is what matters
                await asking.request("POST", "logging out", ("logout",), {})

    async def _store(self, root: bytes, acting: Acting, device_id: str) -> str:
        """Forget the old device's keys; gives its name."""
        has_token = self._settings.identity == "account" and self._settings.access_token is None
        sealed_token = self._sealing.seal(acting.token.encode(), token_of(self._user_id)) if has_token else None
        row: dict[str, Any] = {"user_id": self._user_id, "device_id": device_id, "access_token": sealed_token}
        is_own = DEVICE.c.user_id == self._user_id
        async with self._engine.begin() as connection:
            old_device_id = (await connection.execute(sa.select(DEVICE.c.device_id).where(is_own))).scalar_one_or_none()
            await connection.execute(sa.delete(DEVICE).where(is_own))
            await connection.execute(sa.insert(DEVICE).values(**row, account=None, is_published=False))
            await self._root.replace(connection, root)
            for sessions in (OLM_SESSIONS, MEGOLM_SESSIONS):
                await connection.execute(sa.delete(sessions))
            await connection.execute(sa.update(USERS).values(is_outdated=True))
        return old_device_id or self._settings.device_id

    async def _is_gone(self, asking: Wire, device_id: str) -> bool:
        try:
            await confirmed(asking, "DELETE", "deleting the old device", ("devices", device_id), {}, self._password)
        except NotFound:
            return True
        except HomeserverError:
            return False
        return True
