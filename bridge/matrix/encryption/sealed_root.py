"""Owns the root of the bot's identity in the database: sealed, written once, and whether the operator has its key."""

from __future__ import annotations

import time

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bridge.matrix.encryption.sealing import Sealing, root_of
from bridge.matrix.ids import UserId
from bridge.matrix.tables import IDENTITY


class SealedRoot:
    """The root of one bot's identity; opening it raises `SecretLost` where that cannot be done."""

    def __init__(self, engine: AsyncEngine, sealing: Sealing, user_id: UserId) -> None:
        self._engine = engine
        self._sealing = sealing
        self._user_id = user_id
        self._is_mine = IDENTITY.c.user_id == user_id

    async def load(self) -> bytes | None:
        """The root; None where there is no identity yet."""
        query = sa.select(IDENTITY.c.sealed_root).where(self._is_mine)
        async with self._engine.connect() as connection:
            sealed = (await connection.execute(query)).scalar_one_or_none()
        return None if sealed is None else self._sealing.unseal(sealed, root_of(self._user_id))

    async def keep(self, root: bytes) -> bytes:
        """Store a first root; gives the one that is stored, which another process may have been faster with."""
        try:
            async with self._engine.begin() as connection:
                await connection.execute(sa.insert(IDENTITY).values(self._row(root)))
        except IntegrityError:
            pass
        kept = await self.load()
        assert kept is not None  # noqa: S101 (it is there by now)
        return kept

    async def replace(self, connection: AsyncConnection, root: bytes) -> None:
        """Store a root in the place of any other, as a part of the caller's transaction."""
        await connection.execute(sa.delete(IDENTITY).where(self._is_mine))
        await connection.execute(sa.insert(IDENTITY).values(self._row(root)))

    async def was_shown(self) -> bool:
        """Whether the recovery key has been shown to the operator."""
        async with self._engine.connect() as connection:
            shown = await connection.execute(sa.select(IDENTITY.c.recovery_key_shown_at_s).where(self._is_mine))
            return shown.scalar_one_or_none() is not None

    async def mark_shown(self) -> None:
        """The operator has the recovery key now."""
        async with self._engine.begin() as connection:
            now = {"recovery_key_shown_at_s": time.time()}
            await connection.execute(sa.update(IDENTITY).where(self._is_mine).values(now))

    def _row(self, root: bytes) -> dict[str, object]:
        sealed_root = self._sealing.seal(root, root_of(self._user_id))
        return {"user_id": self._user_id, "sealed_root": sealed_root, "created_at_s": time.time()}
