"""Owns the one path into the inbox: what `/sync` or a pushed transaction brings is decrypted, sorted and stored.

What is for the bot, what cannot be read yet, the keys that came along and the position are stored in one database
transaction, and only then is anything acknowledged or acted upon.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol, TypeVar

import structlog
from sqlalchemy.exc import DataError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from bridge.matrix.backoff import Backoff, Outage, sentence, until_stored
from bridge.matrix.encryption.devices import Decrypted, EncryptedEvent, KeysNews, Undecryptable
from bridge.matrix.errors import HomeserverError
from bridge.matrix.events import Heard, Invite, RoomMessage, read_decrypted
from bridge.matrix.ids import RoomId, UserId
from bridge.matrix.inbox import Inbox, Write
from bridge.matrix.news import News, SyncResult, read_pushed
from bridge.matrix.tombstones import Upgrade
from bridge.matrix.undecrypted import Settled, Undecrypted

log = structlog.get_logger()
Result = TypeVar("Result")

TRANSACTION_PATIENCE_S = 20.0
"""How long a pushed transaction waits for the database, and for us to be prepared; then it comes again by itself."""
_LOOKED_AFTER_EVERY_S = 5.0


@dataclass(frozen=True)
class Wanted:
    """What the bot listens for: whose invitations it accepts, and which messages are for it.

    `message` must be quick and see only the value it is given: what it refuses is not stored at all.
    """

    invitation_from: Callable[[UserId], bool]
    message: Callable[[RoomMessage], bool]
    max_age_s: float = 600.0


class Keys(Protocol):
    """What is needed of the encryption to listen."""

    def transaction(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """Begin a database transaction in which the changes of keys are stored too."""

    @property
    def has_pending(self) -> bool:
        """Whether there are such changes."""

    async def receive(self, news: KeysNews, *, is_first: bool = False) -> frozenset[tuple[RoomId, str]]:
        """Take in what is new about keys; gives the room keys that have come, as (room, session).

        `is_first`: the homeserver tells of no change from before, so that all that is known of devices is doubtful.
        """

    async def decrypt(self, event: EncryptedEvent) -> Decrypted | Undecryptable:
        """Read an event, or say why that cannot be."""

    async def catch_up(self) -> frozenset[UserId]:
        """Do what is due with keys; gives the users whose devices have become known."""


class Rooms(Protocol):
    """Who wants to know at once what has changed in rooms."""

    def heard(self, room_id: RoomId, event_type: str, state_key: str = "") -> None:
        """A state event has come in."""

    def deaf(self, room_id: RoomId | None = None) -> None:
        """Events of this room, or of any, are missing."""

    async def save(self) -> None:
        """Store what must not be forgotten."""


class Upgrades(Protocol):
    """Who follows rooms that were replaced."""

    async def store(self, connection: AsyncConnection, upgrades: Iterable[Upgrade]) -> None:
        """Store them with the rest."""

    def wake(self, upgrades: Iterable[Upgrade]) -> None:
        """They are stored."""


@dataclass
class _Sorted:
    """What came of some news."""

    messages: list[RoomMessage] = field(default_factory=list)
    settled: Settled = field(default_factory=Settled)


class Intake:
    """Takes in what the homeserver brings, one thing at a time, whichever way it comes.

    A room's worker is woken (`wake`) when something is stored for it.
    """

    def __init__(  # noqa: PLR0913 (it is where everything that listens comes together)
        self,
        inbox: Inbox,
        undecrypted: Undecrypted,
        wanted: Wanted,
        me: UserId,
        *,
        keys: Keys,
        rooms: Rooms,
        upgrades: Upgrades,
        clock: Callable[[], float] = time.time,
        backoff: Backoff | None = None,
    ) -> None:
        self.inbox = inbox
        self.wanted = wanted
        self.wake: Callable[[RoomId], None] = lambda _room_id: None
        self._undecrypted = undecrypted
        self._me = me
        self._keys = keys
        self._rooms = rooms
        self._upgrades = upgrades
        self._clock = clock
        self._backoff = backoff or Backoff()
        # Keys are taken in and stored as one: what is in between belongs to one answer.
        self._one_at_a_time = asyncio.Lock()
        self._is_prepared = asyncio.Event()
        self._due = asyncio.Event()
        self._tried_all = False

    async def prepare(self) -> None:
        """Take up what waits for its key from before; from now on there are keys to read with."""
        await self._undecrypted.load()
        self._is_prepared.set()

    async def take_sync(self, result: SyncResult, *, is_first: bool) -> None:
        """Store what an answer brought; waits for the database as long as it takes.

        The keys in it have changed our own state in memory already: the same answer is not asked for again.
        On the first day there are no messages: what was said before is not for the bot.
        """
        async with self._one_at_a_time:
            self._note(result.news)
            new_keys = await self._keys.receive(result.keys, is_first=is_first)
            heard = () if is_first else _heard(result.news)
            late = self._undecrypted.of_sessions(new_keys)
            store = partial(self._store, (*late, *heard), result.news, next_batch=result.next_batch)
            messages = await self._insist(store, math.inf)
        self._go_on(messages, result.news)

    async def take_transaction(self, txn_id: str, events: Sequence[object]) -> None:
        """Store what the homeserver has pushed; the same again changes nothing.

        Raises:
            TimeoutError: there are no keys to read with yet.
            SQLAlchemyError: it is not stored, and must come again.
        """
        news = read_pushed(events, self._me)
        self._note(news)
        if not self._is_prepared.is_set():
            async with asyncio.timeout(TRANSACTION_PATIENCE_S):
                await self._is_prepared.wait()
        async with self._one_at_a_time:
            if news.arrived:  # whom we may have lost sight of; /sync leaves that out where it leaves out rooms
                await self._keys.receive(KeysNews(changed=news.arrived))
            store = partial(self._store, _heard(news), news, txn_id=txn_id)
            messages = await self._insist(store, TRANSACTION_PATIENCE_S)
        self._go_on(messages, news)

    def deaf(self) -> None:
        """Nothing can be heard at this moment."""
        self._rooms.deaf()

    async def keep_up(self) -> None:
        """Look after keys and what waits for them, until cancelled."""
        outage = Outage(self._backoff)
        while True:
            await self._until_due()
            try:
                await self._look_after()
                outage.over(where="looking after keys")
            except (HomeserverError, SQLAlchemyError) as error:
                await asyncio.sleep(outage.failed(error, where="looking after keys"))
                self._due.set()
            except Exception:
                log.exception("keys not looked after: a fault of Greffier's own")

    def is_old(self, heard: Heard) -> bool:
        """Whether nobody waits any more for what this may ask for."""
        return heard.origin_server_ts_ms < (self._clock() - self.wanted.max_age_s) * 1000

    def _note(self, news: News) -> None:
        """What is remembered of rooms may not hold any more: at once, whether or not the rest can be stored."""
        for touched in news.touched:
            self._rooms.heard(*touched)
        for room_id in news.unknown:
            self._rooms.deaf(room_id)

    async def _store(
        self, heard: Iterable[Heard], news: News, *, next_batch: str | None = None, txn_id: str | None = None
    ) -> list[RoomMessage]:
        """Sort and store; may be repeated. Gives the messages that are new to the inbox's rooms."""
        found = await self._sort(heard)
        also: list[Write] = []
        if self._undecrypted.changes(found.settled):
            also.append(partial(self._undecrypted.write, settled=found.settled))
        if news.upgrades:
            also.append(partial(self._upgrades.store, upgrades=news.upgrades))
        if next_batch is None and not (found.messages or news.invites or also or self._keys.has_pending):
            # A transaction without anything for us: should it come again, there will be nothing for us again.
            return []
        # Whatever else comes again is known by its own id; an invitation is not, once it has been answered.
        once = txn_id if news.invites else None
        store = partial(self.inbox.store, next_batch, found.messages, news.invites, txn_id=once, also=also)
        try:
            await store()
        except DataError as error:
            if not found.settled.kept:
                raise
            # What strangers have sent and nobody could read is not worth the rest, which would wait for ever.
            log.warning("events given up", count=len(found.settled.kept), problem=sentence(error))
            found.settled.kept.clear()
            await store()
        # Also where it was stored before: that may have been us, a moment ago, without hearing of it.
        self._undecrypted.stored(found.settled)
        return found.messages

    async def _sort(self, heard: Iterable[Heard]) -> _Sorted:
        found = _Sorted()
        for one in heard:
            if isinstance(one, EncryptedEvent):
                await self._read(one, found)
            elif self._is_for_us(one):
                found.messages.append(one)
        return found

    async def _read(self, event: EncryptedEvent, found: _Sorted) -> None:
        if self._undecrypted.is_old(event):
            found.settled.done.append(event.event_id)
            return
        read = await self._keys.decrypt(event)
        if isinstance(read, Undecryptable):
            self._undecrypted.sort(event, read, found.settled)
            return
        found.settled.readable.add(event.room_id)
        found.settled.done.append(event.event_id)
        message = read_decrypted(event, read)
        if message is not None and self._is_for_us(message):
            found.messages.append(message)

    def _go_on(self, messages: Iterable[RoomMessage], news: News) -> None:
        """What is stored may be acted upon."""
        self._wake_all(messages, news.invites)
        if news.upgrades:
            self._upgrades.wake(news.upgrades)
        self._due.set()

    def _wake_all(self, messages: Iterable[RoomMessage], invites: Iterable[Invite]) -> None:
        for room_id in dict.fromkeys((*(i.room_id for i in invites), *(m.room_id for m in messages))):
            self.wake(room_id)

    async def _until_due(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_LOOKED_AFTER_EVERY_S if len(self._undecrypted) else None):
                await self._due.wait()
        self._due.clear()

    async def _look_after(self) -> None:
        # After a start, and after a try that failed, all of them: which senders they wait for is no longer known.
        tries_all, self._tried_all = not self._tried_all, False
        await self._rooms.save()
        known = await self._keys.catch_up()
        async with self._one_at_a_time:  # what was being taken in meanwhile is kept by now
            late = self._undecrypted.all() if tries_all else self._undecrypted.of_senders(known)
            messages = await self._store(late, News()) if late else []
        self._wake_all(messages, ())
        self._tried_all = True
        await self._undecrypted.give_up_old()
        self._undecrypted.tell()

    def _is_for_us(self, message: RoomMessage) -> bool:
        if not self.wanted.message(message):
            return False
        if self.is_old(message):
            log.info("command too old", room_id=message.room_id, event_id=message.event_id)
            return False
        return True

    async def _insist(self, store: Callable[[], Awaitable[Result]], patience_s: float) -> Result:
        return await until_stored(store, patience_s=patience_s, backoff=self._backoff, where="storing what was heard")


def _heard(news: News) -> tuple[Heard, ...]:
    return tuple(heard for timeline in news.timelines for heard in timeline.heard)
