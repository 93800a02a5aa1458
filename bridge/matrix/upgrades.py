"""Owns following rooms that were replaced by a successor: believed when both say so, joined, and told to the bot.

A tombstone is stored together with what else was heard, and is followed until the bot is in the successor, whatever
restarts in between (client-server specification, "Room upgrades").
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Protocol, TypeVar

import sqlalchemy as sa
import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bridge.matrix.backoff import Backoff, again_while, sentence
from bridge.matrix.errors import HomeserverError, RequestRefused
from bridge.matrix.ids import RoomId, UserId, server_in
from bridge.matrix.tables import SUCCESSORS, inserting
from bridge.matrix.tombstones import Upgrade, read_predecessor, read_tombstone

log = structlog.get_logger()
Result = TypeVar("Result")

JOINS_AT_ONCE = 4
"""Joining a large room of another homeserver takes both of them a while."""
NO_SUCCESSOR = "room does not call itself the successor of the one that does: not followed"
IN_THE_CLEAR = "an encrypted room has a successor without encryption: encrypt that one, then invite the bot there again"
"""What was said under encryption, and a transcript of it, goes nowhere without; only this may be mended."""
_BACKOFF = Backoff(first_s=1.0, most_s=600.0)


class Rooms(Protocol):
    """What is needed of the homeserver to follow."""

    async def is_member(self, room_id: RoomId) -> bool:
        """Whether the bot is in the room."""

    async def join(self, room_id: RoomId, *, via: str | None = None) -> None:
        """Come into the room, which this homeserver knows."""

    async def leave(self, room_id: RoomId) -> None:
        """Leave the room."""

    async def state_event(self, room_id: RoomId, event_type: str) -> dict[str, Any] | None:
        """The whole state event, None where the room has none."""

    async def is_encrypted(self, room_id: RoomId) -> bool:
        """Whether the room is encrypted, as of now."""


class Upgrades:
    """Follows upgrades, each room by itself; `run` does the work, the other methods say that there is some.

    `moved` is told of each old room and its successor once the bot is in it; it may be told more than once, and what
    it raises is tried again where that may help.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        rooms: Rooms,
        moved: Callable[[RoomId, RoomId], Awaitable[None]],
        *,
        clock: Callable[[], float] = time.time,
        backoff: Backoff = _BACKOFF,
    ) -> None:
        self._engine = engine
        self._rooms = rooms
        self._moved = moved
        self._clock = clock
        self._backoff = backoff
        self._insert = inserting(engine)
        self._woken: asyncio.Queue[RoomId] = asyncio.Queue()
        self._followed: dict[RoomId, bool] = {}  # rooms with a task; True: woken since it last looked
        self._joining = asyncio.Semaphore(JOINS_AT_ONCE)

    async def store(self, connection: AsyncConnection, upgrades: Iterable[Upgrade]) -> None:
        """Store what rooms that the bot is in say of themselves, in the transaction of what else was heard."""
        for upgrade in upgrades:
            row = {"successor": upgrade.successor, "sender": upgrade.by, "followed_at_s": None}
            stored = self._insert(SUCCESSORS).values(room_id=upgrade.room_id, **row)
            news = SUCCESSORS.c.successor != upgrade.successor  # the same again, as after a gap, is none
            await connection.execute(
                stored.on_conflict_do_update(index_elements=["room_id"], set_=row, where=news),
            )

    def wake(self, upgrades: Iterable[Upgrade]) -> None:
        """These are stored."""
        for upgrade in upgrades:
            self._woken.put_nowait(upgrade.room_id)

    async def arrived(self, room_id: RoomId) -> None:
        """The bot has come into this room by an invitation, which may be what it waited for."""
        waits = SUCCESSORS.c.followed_at_s.is_(None) & (SUCCESSORS.c.successor == room_id)
        for predecessor in await self._waiting(waits):
            self._woken.put_nowait(predecessor)

    async def run(self) -> None:
        """Follow until cancelled: first what was left of before, then what is stored."""
        for room_id in await self._insist(lambda: self._waiting(SUCCESSORS.c.followed_at_s.is_(None))):
            self._woken.put_nowait(room_id)
        async with asyncio.TaskGroup() as tasks:
            while True:
                room_id = await self._woken.get()
                has_task = room_id in self._followed
                self._followed[room_id] = True
                if not has_task:
                    tasks.create_task(self._follow(room_id), name=f"follow {room_id}")

    async def _follow(self, room_id: RoomId) -> None:
        try:
            while self._followed[room_id]:
                self._followed[room_id] = False
                await self._insist(lambda: self._attempt(room_id))
        except Exception:
            log.exception(
                "room not followed into its successor; this is tried again at the next start", room_id=room_id
            )
        finally:
            del self._followed[room_id]

    async def _attempt(self, room_id: RoomId) -> None:
        """Follow, as far as that can be done now: to whatever the successor is by now."""
        upgrade = await self._pending(room_id)
        if upgrade is None:
            return
        told = {"room_id": room_id, "successor": upgrade.successor}
        try:
            async with self._joining:
                against = await self._enter(upgrade)
        except RequestRefused as error:
            log.info("room has a successor; waiting to be invited there", problem=sentence(error), **told)
            return
        if against is None:
            await self._moved(room_id, upgrade.successor)
            await self._look_further(upgrade.successor)  # before it is done with: nobody looks there again
            await self._set(upgrade, followed_at_s=self._clock())
            log.info("room followed into its successor", **told)
        else:
            log.warning(against, **told)
            if against == NO_SUCCESSOR:
                await self._forget(upgrade)

    async def _enter(self, upgrade: Upgrade) -> str | None:
        """Be in the successor; gives what speaks against following there, and then leaves it again."""
        was_there = await self._rooms.is_member(upgrade.successor)
        if not was_there:
            await self._rooms.join(upgrade.successor, via=server_in(upgrade.by))
        against = await self._against(upgrade)
        if against is not None and not was_there:
            await self._rooms.leave(upgrade.successor)
        return against

    async def _against(self, upgrade: Upgrade) -> str | None:
        if read_predecessor(await self._rooms.state_event(upgrade.successor, "m.room.create")) != upgrade.room_id:
            return NO_SUCCESSOR
        in_the_clear = not await self._rooms.is_encrypted(upgrade.successor)
        return IN_THE_CLEAR if in_the_clear and await self._rooms.is_encrypted(upgrade.room_id) else None

    async def _look_further(self, successor: RoomId) -> None:
        """A successor may have been replaced itself before the bot came: nothing more is heard of that."""
        try:
            tombstone = await self._rooms.state_event(successor, "m.room.tombstone")
        except RequestRefused:
            return  # put out of it already
        if further := read_tombstone(tombstone, successor):
            async with self._engine.begin() as connection:
                await self.store(connection, [further])
            self.wake([further])

    async def _pending(self, room_id: RoomId) -> Upgrade | None:
        query = sa.select(SUCCESSORS).where(SUCCESSORS.c.room_id == room_id, SUCCESSORS.c.followed_at_s.is_(None))
        async with self._engine.connect() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else Upgrade(room_id, RoomId(row.successor), UserId(row.sender))

    async def _waiting(self, condition: sa.ColumnElement[bool]) -> list[RoomId]:
        async with self._engine.connect() as connection:
            rows = await connection.scalars(sa.select(SUCCESSORS.c.room_id).where(condition))
            return [RoomId(room_id) for room_id in rows]

    async def _set(self, upgrade: Upgrade, **values: object) -> None:
        async with self._engine.begin() as connection:
            await connection.execute(sa.update(SUCCESSORS).where(_is(upgrade)).values(values))

    async def _forget(self, upgrade: Upgrade) -> None:
        async with self._engine.begin() as connection:
            await connection.execute(sa.delete(SUCCESSORS).where(_is(upgrade)))

    async def _insist(self, use: Callable[[], Awaitable[Result]]) -> Result:
        """Go on until the homeserver and the database answer."""
        return await again_while(_may_pass, use, patience_s=math.inf, backoff=self._backoff, where="following upgrades")


def _is(upgrade: Upgrade) -> sa.ColumnElement[bool]:
    """The row of this upgrade, and not of one that has come since."""
    return (SUCCESSORS.c.room_id == upgrade.room_id) & (SUCCESSORS.c.successor == upgrade.successor)


def _may_pass(error: Exception) -> bool:
    return isinstance(error, SQLAlchemyError) or (isinstance(error, HomeserverError) and error.can_be_retried)
