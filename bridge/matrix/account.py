"""Owns how the bot comes to act at the homeserver: as a user of an appservice, or as an account that is logged in once.

Which device is the bot's is kept in the database from its first start on, whatever `matrix.device_id` says later.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Protocol

import sqlalchemy as sa
import structlog
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from bridge.matrix.answers import needed_text
from bridge.matrix.encryption.sealing import token_of
from bridge.matrix.errors import NotFound, RequestRefused, TokenRefused
from bridge.matrix.ids import UserId
from bridge.matrix.tables import DEVICE, inserting
from bridge.matrix.wire import Acting, Wire
from config.models import Matrix

log = structlog.get_logger()


class Seals(Protocol):
    """What keeps a token from whoever reads the database alone."""

    def seal(self, data: bytes, what: str) -> bytes:
        """Encrypt `data`, which can be opened again only as `what`."""

    def unseal(self, sealed: bytes, what: str) -> bytes:
        """Open what `seal` made."""


async def enter(wire: Wire, settings: Matrix, engine: AsyncEngine, sealing: Seals) -> Acting:
    """Let `wire` act as the bot's device from now on, which is made where it is missing, and show the bot's name.

    Safe to repeat, and to be killed anywhere: the same device comes out of it.

    Raises:
        TokenRefused: the homeserver does not let the bot in, or takes it for somebody else; the message says what to
            check.
        HomeserverError: no answer came, or none of Matrix.
    """
    own = await _own_device(engine, UserId(settings.bot_user_id))
    if settings.identity == "appservice":
        acting = await _as_appservice(wire, settings, own)
        await _keep(engine, acting, own, own.sealed_token)
    else:
        acting = await _as_account(wire, settings, own, engine, sealing)
    wire.acting = acting
    await _show_name(wire, settings)
    return acting


# As a user of an appservice


def as_appservice(settings: Matrix) -> Acting:
    """The appservice in its user's name, without a device."""
    return Acting(UserId(settings.bot_user_id), _shown(settings.as_token), is_masquerading=True)


async def made_user(wire: Wire, settings: Matrix) -> Wire:
    """The same connections for the appservice's user, who is made where there is none yet; no device is.

    Raises:
        TokenRefused: the homeserver does not let this appservice have the user.
        HomeserverError: as with any request.
    """
    making = wire.acting_as(as_appservice(settings))
    with _explained(settings):
        await _register(making, settings.bot_localpart)
    return making


async def _as_appservice(wire: Wire, settings: Matrix, own: _OwnDevice) -> Acting:
    device_id = own.device_id or settings.device_id
    # What makes the user and the device cannot name the device as existing.
    making = await made_user(wire, settings)
    with _explained(settings):
        await _make_device(making, device_id, settings.display_name)
    return replace(making.acting, device_id=device_id)


async def _make_device(wire: Wire, device_id: str, name: str) -> None:
    """Make the device where it is missing, or goes by another name."""
    doing, path = "making the bot's device", ("devices", device_id)
    try:
        device = await wire.request("GET", doing, path)
        if device.get("display_name") == name:
            return  # making it again would tell everybody that the bot's devices have changed
    except NotFound:
        pass
    await wire.request("PUT", doing, path, {"display_name": name})


@contextmanager
def _explained(settings: Matrix) -> Iterator[None]:
    """Say of a refusal what to check."""
    try:
        yield
    except RequestRefused as error:
        raise TokenRefused(
            f"The homeserver does not let this appservice act as {settings.bot_user_id} ({error}). Check that "
            "matrix.bot_localpart and matrix.server_name match the exclusive user namespace in the registration "
            "file, and that the homeserver has loaded that file."
        ) from error


async def _register(wire: Wire, localpart: str) -> None:
    body = {
        "type": "m.login.application_service",
        "username": localpart,
        "inhibit_login": True,  # no token of its own: those are rate-limited, and refused under MAS
    }
    try:
        await wire.request("POST", "registering the bot's user", ("register",), body)
    except RequestRefused as error:
        if error.errcode != "M_USER_IN_USE":
            raise


# As an account


async def _as_account(wire: Wire, settings: Matrix, own: _OwnDevice, engine: AsyncEngine, sealing: Seals) -> Acting:
    """With the token that is given, or else the one that is kept, or else a new one by the password."""
    user_id = UserId(settings.bot_user_id)
    given = _shown(settings.access_token)
    kept = sealing.unseal(own.sealed_token, token_of(user_id)).decode() if own.sealed_token else ""
    tokens = [token for token in (given, kept) if token]
    for token in tokens:
        if acting := await identify(wire, user_id, token):
            refuse_another_device(acting, own.device_of_keys)
            await _keep(engine, acting, own, own.sealed_token)
            return acting
    if settings.password is None:
        raise TokenRefused(
            f"The homeserver refuses the access token of {user_id}, and there is no other. Make a new one for the same "
            "device and put it in matrix.access_token, or put the account's password in matrix.password."
        )
    acting = await log_in(wire, settings, own.device_id or settings.device_id)
    refuse_another_device(acting, own.device_of_keys)
    await _keep(engine, acting, own, sealing.seal(acting.token.encode(), token_of(user_id)))
    if tokens:  # said here, once: what fails before is tried again and again
        log.warning("the homeserver has ended a login", user_id=user_id)
    log.info("logged in", user_id=user_id, device_id=acting.device_id)
    return acting


async def identify(wire: Wire, user_id: UserId, token: str) -> Acting | None:
    """The device that the token is of; None where the homeserver has ended it."""
    try:
        return await owner_of(wire, user_id, token)
    except TokenRefused as error:
        if not error.errcode:  # it is somebody else's
            raise
        return None


async def owner_of(wire: Wire, user_id: UserId, token: str) -> Acting:
    """The device that the token is of.

    Raises:
        TokenRefused: the homeserver has ended it, or it is not this user's.
        HomeserverError: as with any request.
    """
    doing = "asking the homeserver who we are"
    answer = await wire.acting_as(Acting(user_id, token)).request("GET", doing, ("account", "whoami"))
    _refuse_another_user(answer.get("user_id"), user_id)
    return Acting(user_id, token, needed_text(answer, "device_id", doing))


async def log_in(wire: Wire, settings: Matrix, device_id: str) -> Acting:
    """Log in with the password, as this device, which is made where it is missing.

    Raises:
        TokenRefused: the homeserver does not let the account in.
        HomeserverError: as with any request.
    """
    doing = "logging in"
    user_id = UserId(settings.bot_user_id)
    body = {
        "type": "m.login.password",
        "identifier": {"type": "m.id.user", "user": user_id},
        "password": _shown(settings.password),
        "device_id": device_id,
        "initial_device_display_name": settings.display_name,
    }
    try:
        answer = await wire.acting_as(Acting(user_id, "")).request("POST", doing, ("login",), body)
    except RequestRefused as error:
        raise TokenRefused(
            f"The homeserver does not let {user_id} log in ({error}). Check matrix.password, matrix.bot_localpart and "
            "matrix.server_name; where accounts have no password, give a token of the account (matrix.access_token)."
        ) from error
    _refuse_another_user(answer.get("user_id"), user_id)
    return Acting(user_id, needed_text(answer, "access_token", doing), needed_text(answer, "device_id", doing))


def _refuse_another_user(found: object, user_id: UserId) -> None:
    if found != user_id:
        raise TokenRefused(
            f"The homeserver takes Greffier for {found if isinstance(found, str) else 'nobody'}, and "
            f"matrix.bot_localpart and matrix.server_name say {user_id}: mend these, or what it enters with."
        )


def refuse_another_device(acting: Acting, device_of_keys: str | None) -> None:
    """The keys in the database, if any, are those of one device: as another one, the bot could read nothing."""
    if device_of_keys not in (None, acting.device_id):
        raise TokenRefused(
            f"The access token is of the device {acting.device_id}, and the keys in the database are those of "
            f"{device_of_keys}. Put a token of that device in matrix.access_token, or let the new one take its place: "
            "greffier identity restore"
        )


# The bot's row in the database


@dataclass(frozen=True)
class _OwnDevice:
    """What is known of the bot's device from an earlier start."""

    device_id: str | None = None
    sealed_token: bytes | None = field(default=None, repr=False)
    has_keys: bool = False

    @property
    def device_of_keys(self) -> str | None:
        """The device that there are keys of."""
        return self.device_id if self.has_keys else None


async def _own_device(engine: AsyncEngine, user_id: UserId) -> _OwnDevice:
    async with engine.connect() as connection:
        row = (await connection.execute(sa.select(DEVICE).where(DEVICE.c.user_id == user_id))).one_or_none()
    return _OwnDevice() if row is None else _OwnDevice(row.device_id, row.access_token, row.account is not None)


async def _keep(engine: AsyncEngine, acting: Acting, own: _OwnDevice, sealed_token: bytes | None) -> None:
    """From now on this is the bot's device; its keys, where there are any, stay as they are."""
    if (acting.device_id, sealed_token) == (own.device_id, own.sealed_token):
        return
    found = {"device_id": acting.device_id, "access_token": sealed_token}
    row = inserting(engine)(DEVICE).values(user_id=acting.user_id, is_published=False, **found)
    async with engine.begin() as connection:
        await connection.execute(row.on_conflict_do_update(index_elements=["user_id"], set_=found))


# Its name


async def _show_name(wire: Wire, settings: Matrix) -> None:
    doing, path = "setting the bot's display name", ("profile", settings.bot_user_id, "displayname")
    wanted = {"displayname": settings.display_name}
    try:
        if await wire.request("GET", doing, path) == wanted:
            return  # setting it again would write a member event into every room
    except NotFound:
        pass
    try:
        await wire.request("PUT", doing, path, wanted)
    except RequestRefused as error:  # on some homeservers, names are the administrator's to give
        log.warning("the bot goes by the name that it has", problem=str(error))


def _shown(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret else ""
