"""Owns looking at the bot's device as the database has it, and as the homeserver has it, without changing anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from bridge.matrix.account import as_appservice, owner_of, refuse_another_device
from bridge.matrix.encryption.sealing import Sealing, token_of
from bridge.matrix.ids import UserId
from bridge.matrix.tables import DEVICE
from bridge.matrix.wire import Acting, Wire
from config.models import Matrix


@dataclass(frozen=True)
class OwnDevice:
    """The bot's device, as far as this database knows it."""

    device_id: str
    keys: Mapping[str, str] | None = None
    """The `keys` of its device keys; None: it has none yet."""
    token: str | None = field(default=None, repr=False)
    """An ordinary account's, where one is kept."""

    @property
    def fingerprint(self) -> str | None:
        """What people may compare."""
        return None if self.keys is None else self.keys[f"ed25519:{self.device_id}"]

    @classmethod
    async def stored(cls, engine: AsyncEngine, sealing: Sealing, user_id: UserId) -> OwnDevice | None:
        """What the database holds; None: nothing.

        Raises:
            SecretLost: it cannot be opened.
        """
        async with engine.connect() as connection:
            row = (await connection.execute(sa.select(DEVICE).where(DEVICE.c.user_id == user_id))).one_or_none()
        if row is None:
            return None
        keys, token = None, None
        if row.account is not None:
            account = sealing.unpickle(row.account)
            keys = {
                f"curve25519:{row.device_id}": account.curve25519_key.to_base64(),
                f"ed25519:{row.device_id}": account.ed25519_key.to_base64(),
            }
        if row.access_token is not None:
            token = sealing.unseal(row.access_token, token_of(user_id)).decode()
        return cls(row.device_id, keys, token)


async def admitted(wire: Wire, settings: Matrix, device: OwnDevice | None) -> Acting | None:
    """The onlooker, as the homeserver knows it: an account's token is that of one device.

    Raises:
        TokenRefused: the homeserver has ended an account's login, or it is another user's or another device's.
        HomeserverError: as with any request.
    """
    acting = onlooker(settings, device)
    if acting is None or acting.is_masquerading:
        return acting
    acting = await owner_of(wire, acting.user_id, acting.token)
    refuse_another_device(acting, device.device_id if device is not None and device.keys else None)
    return acting


def onlooker(settings: Matrix, device: OwnDevice | None) -> Acting | None:
    """Who may ask the homeserver about the bot, without logging in anew; None: an account that never has."""
    user_id = UserId(settings.bot_user_id)
    if settings.identity == "appservice":
        return as_appservice(settings)
    if settings.access_token is not None:
        return Acting(user_id, settings.access_token.get_secret_value())
    return Acting(user_id, device.token) if device is not None and device.token else None
