"""Owns the encrypted events that cannot be read yet: kept while their keys may still come and somebody waits for them.

They are few and small, for they may hold a command: all of them are in memory as well as in the database.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Protocol

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bridge.matrix.encryption.devices import EncryptedEvent, Undecryptable
from bridge.matrix.ids import EventId, RoomId, UserId
from bridge.matrix.tables import TOLD, UNDECRYPTED, inserting

log = structlog.get_logger()

MAX_CIPHERTEXT_CHARACTERS = 8_192
"""What is longer holds no command that anybody has typed."""
MAX_KEPT = 1_000
MAX_KEPT_OF_A_SENDER = 20
"""In all rooms together, the latest: nobody pushes out what others have sent."""
PATIENCE_S = 30.0
"""How long a key may take before the room is told that the bot cannot read."""
TOLD_AGAIN_AFTER_S = 86_400.0
"""A room is told again at the earliest then, and if something of it could be read meanwhile: one member's client may
withhold all keys, and another's none."""
UNREADABLE = "unreadable"


class Trouble(Protocol):
    """Who tells the rooms that the bot and its people cannot read each other. Its methods return at once."""

    def unreadable(self, room_id: RoomId, event_id: EventId) -> None:
        """The bot cannot read what is said in this room, the event for one; whether it was told is not ours to know."""

    def cannot_read(self, room_id: RoomId, users: frozenset[UserId]) -> None:
        """The trust policy allows no device of these users."""


@dataclass
class Settled:
    """What became of encrypted events: what is stored of it together with the rest that was heard."""

    kept: list[tuple[EncryptedEvent, Undecryptable]] = field(default_factory=list)
    """Those that wait from now on."""
    done: list[EventId] = field(default_factory=list)
    """Those that do not, or no longer."""
    readable: set[RoomId] = field(default_factory=set)
    """Rooms of which something could be read."""


@dataclass(frozen=True)
class _Waiting:
    event: EncryptedEvent
    why: str
    since_s: float


class Undecrypted:
    """The events that wait for their keys. What it is told of changes it when that is stored (`stored`)."""

    def __init__(
        self, engine: AsyncEngine, trouble: Trouble, *, max_age_s: float, clock: Callable[[], float] = time.time
    ) -> None:
        self._engine = engine
        self._trouble = trouble
        self._max_age_s = max_age_s
        self._clock = clock
        self._insert = inserting(engine)
        self._waiting: dict[EventId, _Waiting] = {}
        self._told_at_s: dict[RoomId, float] = {}
        self._told_of: set[EventId] = set()

    def __len__(self) -> int:
        return len(self._waiting)

    async def load(self) -> None:
        """Take up what an earlier process has left; again is harmless."""
        async with self._engine.connect() as connection:
            rows = (await connection.execute(sa.select(UNDECRYPTED).order_by(UNDECRYPTED.c.received_at_s))).all()
            query = sa.select(TOLD.c.room_id, TOLD.c.told_at_s).where(TOLD.c.what == UNREADABLE)
            self._told_at_s = {RoomId(row.room_id): row.told_at_s for row in await connection.execute(query)}
        for row in rows:
            event = EncryptedEvent(
                RoomId(row.room_id),
                EventId(row.event_id),
                UserId(row.sender),
                row.origin_server_ts_ms,
                row.session_id,
                row.sender_key,
                row.ciphertext,
            )
            self._add(_Waiting(event, row.why, row.received_at_s))

    def all(self) -> list[EncryptedEvent]:
        """Every event that waits, in the order of arrival."""
        return [waiting.event for waiting in self._waiting.values()]

    def of_sessions(self, sessions: Collection[tuple[RoomId, str]]) -> list[EncryptedEvent]:
        """Those encrypted with one of these keys."""
        return [event for event in self.all() if (event.room_id, event.session_id) in sessions]

    def of_senders(self, users: Collection[UserId]) -> list[EncryptedEvent]:
        """Those that one of these users has sent."""
        return [event for event in self.all() if event.sender in users]

    def is_old(self, event: EncryptedEvent) -> bool:
        """Whether nobody waits for it any more: by when it was sent (which may be a lie) or by when it came."""
        waiting = self._waiting.get(event.event_id)
        oldest_s = self._clock() - self._max_age_s
        return event.origin_server_ts_ms < oldest_s * 1000 or (waiting is not None and waiting.since_s < oldest_s)

    def sort(self, event: EncryptedEvent, unread: Undecryptable, settled: Settled) -> None:
        """Decide what becomes of an event that could not be read."""
        about = {"room_id": event.room_id, "event_id": event.event_id, "why": unread.why}
        if unread.why == "untrusted":
            self._trouble.cannot_read(event.room_id, frozenset([event.sender]))
        if event.event_id in self._waiting and unread.may_change:
            return
        if unread.may_change and self._make_room_for(event, settled):
            log.info("event cannot be read yet", **about)
            settled.kept.append((event, unread))
        else:
            log.info("event cannot be read", **about)
            settled.done.append(event.event_id)

    def changes(self, settled: Settled) -> bool:
        """Whether there is anything to store."""
        known = any(event_id in self._waiting for event_id in settled.done)
        return bool(settled.kept) or known or bool(self._may_be_told_again(settled))

    async def write(self, connection: AsyncConnection, settled: Settled) -> None:
        """Store it, in the transaction of the rest."""
        rows = [
            {
                "event_id": event.event_id,
                "room_id": event.room_id,
                "sender": event.sender,
                "session_id": event.session_id,
                "sender_key": event.sender_key,
                "ciphertext": event.ciphertext,
                "origin_server_ts_ms": event.origin_server_ts_ms,
                "received_at_s": self._clock(),
                "why": unread.why,
            }
            for event, unread in settled.kept
        ]
        if rows:
            once = self._insert(UNDECRYPTED).on_conflict_do_nothing(index_elements=["event_id"])
            await connection.execute(once, rows)
        if done := [event_id for event_id in settled.done if event_id in self._waiting]:
            await connection.execute(sa.delete(UNDECRYPTED).where(UNDECRYPTED.c.event_id.in_(done)))
        if again := self._may_be_told_again(settled):
            of_them = TOLD.c.what == UNREADABLE, TOLD.c.room_id.in_(again)
            await connection.execute(sa.delete(TOLD).where(*of_them))

    def stored(self, settled: Settled) -> None:
        """It is stored."""
        for event, unread in settled.kept:
            self._add(_Waiting(event, unread.why, self._clock()))
        for event_id in settled.done:
            self._drop(event_id)
        for room_id in self._may_be_told_again(settled):
            del self._told_at_s[room_id]

    def tell(self) -> None:
        """Have each room told of which something has waited for longer than `PATIENCE_S`.

        Each event is a reason once: a room that could not be told of one is told of the next.
        """
        found: dict[RoomId, EventId] = {}
        for event_id, waiting in self._waiting.items():
            if event_id not in self._told_of and waiting.since_s <= self._clock() - PATIENCE_S:
                self._told_of.add(event_id)
                found.setdefault(waiting.event.room_id, event_id)
        self._told_at_s = {**dict.fromkeys(found, self._clock()), **self._told_at_s}
        for room_id, event_id in found.items():
            self._trouble.unreadable(room_id, event_id)

    async def give_up_old(self) -> None:
        """Forget those that nobody waits for any more."""
        old = Settled(done=[event.event_id for event in self.all() if self.is_old(event)])
        if old.done:
            async with self._engine.begin() as connection:
                await self.write(connection, old)
            self.stored(old)
            log.info("events given up that could not be read in time", count=len(old.done))

    def _may_be_told_again(self, settled: Settled) -> list[RoomId]:
        since_s = self._clock() - TOLD_AGAIN_AFTER_S
        return [room_id for room_id in settled.readable if self._told_at_s.get(room_id, math.inf) <= since_s]

    def _make_room_for(self, event: EncryptedEvent, settled: Settled) -> bool:
        """Whether it can be kept; where its sender has had their share, the oldest of theirs gives way."""
        if len(event.ciphertext) > MAX_CIPHERTEXT_CHARACTERS:
            return False
        theirs = [old.event_id for old in self.of_senders([event.sender]) if old.event_id not in settled.done]
        theirs += [new.event_id for new, _ in settled.kept if new.sender == event.sender]
        if len(theirs) < MAX_KEPT_OF_A_SENDER:
            return len(self._waiting) + len(settled.kept) < MAX_KEPT
        settled.kept = [(new, why) for new, why in settled.kept if new.event_id != theirs[0]]
        settled.done.append(theirs[0])
        return True

    def _add(self, waiting: _Waiting) -> None:
        self._waiting.setdefault(waiting.event.event_id, waiting)

    def _drop(self, event_id: EventId) -> None:
        self._told_of.discard(event_id)
        self._waiting.pop(event_id, None)
