"""Owns the memory of which rooms are encrypted: a room never stops being so, whatever its homeserver says later."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from bridge.matrix.errors import EncryptionNotReady
from bridge.matrix.ids import RoomId
from bridge.matrix.tables import ENCRYPTED_ROOMS, inserting


class EncryptedRooms:
    """Rooms that are known to be encrypted; without a database, as long as the process lives.

    Nothing else of encryption is in its row, so that it outlives the bot's keys.
    """

    def __init__(self, engine: AsyncEngine | None = None) -> None:
        self._engine = engine
        self._known: set[RoomId] = set()
        self._unsaved: set[RoomId] = set()
        self._is_loaded = engine is None

    def __contains__(self, room_id: RoomId) -> bool:
        return room_id in self._known

    def add(self, room_id: RoomId) -> None:
        """It is encrypted."""
        if room_id not in self._known:
            self._known.add(room_id)
            self._unsaved.add(room_id)

    async def load(self) -> None:
        """Know what was known before, once; until then nobody may take a room for one without encryption.

        Raises:
            EncryptionNotReady: the database does not answer.
        """
        if self._engine is None or self._is_loaded:
            return
        try:
            async with self._engine.connect() as connection:
                known = set(await connection.scalars(sa.select(ENCRYPTED_ROOMS.c.room_id)))
        except SQLAlchemyError as error:
            raise EncryptionNotReady("Which rooms are encrypted cannot be read: nothing is sent.") from error
        self._known |= known
        self._unsaved -= known
        self._is_loaded = True

    async def save(self) -> None:
        """Have the next process know it as well.

        Raises:
            EncryptionNotReady: the database does not answer, or cannot write.
        """
        unsaved = frozenset(self._unsaved)
        if self._engine is None or not unsaved:
            return
        once = inserting(self._engine)(ENCRYPTED_ROOMS).on_conflict_do_nothing(index_elements=["room_id"])
        try:
            async with self._engine.begin() as connection:
                await connection.execute(once, [{"room_id": room_id} for room_id in sorted(unsaved)])
        except SQLAlchemyError as error:
            raise EncryptionNotReady("That a room is encrypted cannot be stored: nothing is sent.") from error
        self._unsaved -= unsaved
