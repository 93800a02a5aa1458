"""Owns the memory of what rooms have been told once, so that no restart tells them again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from bridge.matrix.ids import RoomId
from bridge.matrix.tables import TOLD, inserting


class Told:
    """By room: that it cannot be read (`undecrypted.UNREADABLE`), and the users of whom it was told."""

    def __init__(self, engine: AsyncEngine, *, clock: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._clock = clock
        self._insert = inserting(engine)

    async def untold(self, room_id: RoomId, what: Iterable[str]) -> list[str]:
        """Those things that the room has not been told, in their order."""
        query = sa.select(TOLD.c.what).where(TOLD.c.room_id == room_id)
        async with self._engine.connect() as connection:
            known = set(await connection.scalars(query))
        return [each for each in what if each not in known]

    async def note(self, room_id: RoomId, what: Iterable[str]) -> None:
        """The room has been told."""
        rows = [{"room_id": room_id, "what": each, "told_at_s": self._clock()} for each in what]
        once = self._insert(TOLD).on_conflict_do_nothing(index_elements=["room_id", "what"])
        async with self._engine.begin() as connection:
            await connection.execute(once, rows)
