"""Owns what was heard and not yet acted upon: commands and invitations, stored with the position up to which all is.

What is stored survives a kill. The position (in `/sync`, or the id of a pushed transaction) is stored in the same
database transaction, and so are the keys that came along: nothing is lost, nothing is heard twice. A command is its
event id. Its body, a person's words, is erased as soon as it has been acted upon.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bridge.matrix.events import Invite, RoomMessage
from bridge.matrix.ids import EventId, RoomId, UserId
from bridge.matrix.tables import INBOX, INVITES, SYNC, TRANSACTIONS, inserting

KEPT_S = 7 * 86_400
"""Handled commands and pushed transactions are remembered this long, to know them again."""

Transaction = Callable[[], AbstractAsyncContextManager[AsyncConnection]]
"""Begins a database transaction, which ends with its block."""
Write = Callable[[AsyncConnection], Awaitable[None]]
"""Something else to be stored in the same transaction."""

_WAITING = INBOX.c.handled_at_s.is_(None)


@dataclass(frozen=True)
class WaitingInvite:
    """An invitation that waits for an answer."""

    invite: Invite
    times: int
    """How often one to this room was heard by now: heard again, it is another one."""


class Inbox:
    """The durable inbox of one bot, in the database that `engine` leads to (SQLite or PostgreSQL) with its tables.

    Its methods raise `sqlalchemy.exc.SQLAlchemyError` when the database does not answer or cannot write.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        user_id: UserId,
        *,
        transaction: Transaction | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._engine = engine
        self._transaction = transaction or engine.begin
        self._user_id = user_id
        self._clock = clock
        self._insert = inserting(engine)

    async def next_batch(self) -> str | None:
        """The position in `/sync` up to which everything is stored; None before the first time."""
        query = sa.select(SYNC.c.next_batch).where(SYNC.c.user_id == self._user_id)
        async with self._engine.connect() as connection:
            return (await connection.execute(query)).scalar_one_or_none()

    async def store(
        self,
        next_batch: str | None = None,
        messages: Sequence[RoomMessage] = (),
        invites: Collection[Invite] = (),
        *,
        txn_id: str | None = None,
        also: Sequence[Write] = (),
    ) -> bool:
        """Store what one answer or transaction brought, all or nothing; what is known is left as it is.

        Known is an event id, and an encrypted message that comes again in another event: a homeserver can do that.

        Args:
            next_batch: the new position in `/sync`, where it was that which brought it.
            messages: commands, in the order of their rooms.
            invites: invitations.
            txn_id: the id of the pushed transaction, where it was that.
            also: what else is stored with it.

        Returns:
            False where the transaction `txn_id` was stored before: then nothing is stored.
        """
        async with self._transaction() as connection:
            if txn_id is not None and not await self._is_new(connection, txn_id):
                return False
            if next_batch is not None:
                position = self._insert(SYNC).values(user_id=self._user_id, next_batch=next_batch)
                await connection.execute(
                    position.on_conflict_do_update(index_elements=["user_id"], set_={"next_batch": next_batch})
                )
            if rows := [self._row(message) for message in await self._without_repetitions(connection, messages)]:
                await connection.execute(self._insert(INBOX).on_conflict_do_nothing(index_elements=["event_id"]), rows)
            for invite in invites:
                stored = self._insert(INVITES).values(room_id=invite.room_id, inviter=invite.inviter, times=1)
                renewed = {"inviter": invite.inviter, "times": INVITES.c.times + 1}
                await connection.execute(stored.on_conflict_do_update(index_elements=["room_id"], set_=renewed))
            for write in also:
                await write(connection)
        return True

    async def forget_position(self) -> None:
        """Begin anew at the next `/sync`; what waits goes on waiting."""
        async with self._engine.begin() as connection:
            await connection.execute(sa.delete(SYNC).where(SYNC.c.user_id == self._user_id))

    async def rooms_waiting(self) -> set[RoomId]:
        """Rooms with something to act upon."""
        async with self._engine.connect() as connection:
            by_message = await connection.execute(sa.select(INBOX.c.room_id).where(_WAITING).distinct())
            by_invite = await connection.execute(sa.select(INVITES.c.room_id))
            return {RoomId(room_id) for room_id in (*by_message.scalars(), *by_invite.scalars())}

    async def next_invite(self, room_id: RoomId) -> WaitingInvite | None:
        """The last invitation to the room, where it waits for an answer."""
        query = sa.select(INVITES).where(INVITES.c.room_id == room_id)
        async with self._engine.connect() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else WaitingInvite(Invite(room_id, row.inviter), row.times)

    async def next_message(self, room_id: RoomId) -> RoomMessage | None:
        """The room's oldest message that waits."""
        query = sa.select(INBOX).where(_WAITING, INBOX.c.room_id == room_id).order_by(INBOX.c.position).limit(1)
        async with self._engine.connect() as connection:
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            return None
        return RoomMessage(
            room_id, EventId(row.event_id), UserId(row.sender), row.body, row.origin_server_ts_ms, row.was_encrypted
        )

    async def mark_answered(self, answered: WaitingInvite) -> None:
        """This invitation has been accepted or declined; one that was heard since waits on."""
        is_it = (INVITES.c.room_id == answered.invite.room_id) & (INVITES.c.times == answered.times)
        async with self._engine.begin() as connection:
            await connection.execute(sa.delete(INVITES).where(is_it))

    async def mark_handled(self, event_id: EventId, *, failed: str | None = None) -> None:
        """The message has been acted upon (or given up: `failed` names the kind of error); its words are erased."""
        done = {"handled_at_s": self._clock(), "body": None, "failed": failed}
        async with self._engine.begin() as connection:
            await connection.execute(sa.update(INBOX).where(INBOX.c.event_id == event_id).values(done))

    async def prune(self) -> None:
        """Drop the memory of what was handled over `KEPT_S` ago."""
        async with self._engine.begin() as connection:
            forgotten_s = self._clock() - KEPT_S
            await connection.execute(sa.delete(INBOX).where(INBOX.c.handled_at_s < forgotten_s))
            await connection.execute(sa.delete(TRANSACTIONS).where(TRANSACTIONS.c.received_at_s < forgotten_s))

    async def _is_new(self, connection: AsyncConnection, txn_id: str) -> bool:
        row = self._insert(TRANSACTIONS).values(txn_id=txn_id, received_at_s=self._clock())
        stored = row.on_conflict_do_nothing(index_elements=["txn_id"]).returning(TRANSACTIONS.c.txn_id)
        return (await connection.execute(stored)).one_or_none() is not None

    async def _without_repetitions(
        self, connection: AsyncConnection, messages: Sequence[RoomMessage]
    ) -> list[RoomMessage]:
        """Those that are not an encrypted message which came in another event, or comes before in this answer."""
        encrypted = {one.megolm_message: one for one in reversed(messages) if one.megolm_message is not None}
        if not encrypted:
            return list(messages)
        query = sa.select(INBOX.c.megolm_message).where(INBOX.c.megolm_message.in_(encrypted))
        known = set((await connection.execute(query)).scalars())
        return [
            one
            for one in messages
            if one.megolm_message is None or (one.megolm_message not in known and encrypted[one.megolm_message] is one)
        ]

    def _row(self, message: RoomMessage) -> dict[str, Any]:
        return {
            "event_id": message.event_id,
            "room_id": message.room_id,
            "sender": message.sender,
            "body": message.body,
            "origin_server_ts_ms": message.origin_server_ts_ms,
            "received_at_s": self._clock(),
            "was_encrypted": message.was_encrypted,
            "megolm_message": message.megolm_message,
        }
