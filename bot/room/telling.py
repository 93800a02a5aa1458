"""Tells rooms, each once, that Greffier and somebody in them cannot read each other, and what mends it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, TypeVar

import structlog

from bot.room.posting import BACKOFF, transaction_id
from bot.room.wording import Wording, in_language
from bot.store.insisting import insist
from bot.store.register import Register
from bridge.matrix.backoff import patiently
from bridge.matrix.errors import HomeserverError
from bridge.matrix.ids import EventId, RoomId, UserId
from bridge.matrix.outbound import notice
from bridge.matrix.told import Told
from bridge.matrix.undecrypted import UNREADABLE
from config.models import Language

log = structlog.get_logger()
T = TypeVar("T")

PATIENCE_S = 60.0
"""How long one room's troubles may keep the others waiting."""
MAX_NAMES = 5
_MAX_WAITING = 1_000
_MAX_KNOWN = 10_000


class Speaks(Protocol):
    """What is needed of the homeserver to say something."""

    async def send(self, room_id: RoomId, event_type: str, content: dict[str, Any], txn_id: str) -> EventId:
        """Send one event."""


class Names(Protocol):
    """What is needed of the homeserver to name people."""

    async def members(self, room_id: RoomId) -> dict[UserId, str]:
        """Who is in the room, under which name."""


@dataclass(frozen=True)
class _Unreadable:
    room_id: RoomId
    event_id: EventId


@dataclass(frozen=True)
class _CannotRead:
    room_id: RoomId
    users: tuple[UserId, ...]


class Telling:
    """Is told of troubles as they are found (at once, and as often as they are), and tells the rooms (`run`)."""

    def __init__(self, speaks: Speaks, names: Names, register: Register, told: Told, language: Language) -> None:
        self._speaks = speaks
        self._names = names
        self._register = register
        self._told = told
        self._language = language
        # In a flood the oldest are left out: they are found again.
        self._waiting: deque[_Unreadable | _CannotRead] = deque(maxlen=_MAX_WAITING)
        self._is_waiting = asyncio.Event()
        self._known: set[tuple[RoomId, UserId]] = set()

    def unreadable(self, room_id: RoomId, event_id: EventId) -> None:
        """Greffier cannot read what is said in the room, this event for one."""
        waiting = (trouble.room_id for trouble in self._waiting if isinstance(trouble, _Unreadable))
        if room_id not in waiting:
            self._add(_Unreadable(room_id, event_id))

    def cannot_read(self, room_id: RoomId, users: frozenset[UserId]) -> None:
        """Nothing may be encrypted for these users' devices, nor read of them."""
        new = tuple(sorted(user for user in users if (room_id, user) not in self._known))
        if not new:
            return
        if len(self._known) > _MAX_KNOWN:
            self._known.clear()  # whom the room has been told of, the database knows
        self._known.update((room_id, user) for user in new)
        self._add(_CannotRead(room_id, new))

    async def run(self) -> None:
        """Tell rooms until cancelled."""
        while True:
            await self._is_waiting.wait()
            self._is_waiting.clear()
            while self._waiting:
                trouble = self._waiting.popleft()
                try:
                    await insist(partial(self._tell, trouble), where="telling rooms")
                except HomeserverError as error:
                    log.warning("room not told", room_id=trouble.room_id, cause=str(error))
                    self._known.difference_update((trouble.room_id, user) for user in _users(trouble))
                except Exception:
                    log.exception("room not told: a fault of Greffier's own", room_id=trouble.room_id)

    def _add(self, trouble: _Unreadable | _CannotRead) -> None:
        self._waiting.append(trouble)
        self._is_waiting.set()

    async def _tell(self, trouble: _Unreadable | _CannotRead) -> None:
        room_id = trouble.room_id
        wording = in_language(await self._register.language_of(room_id) or self._language)
        if isinstance(trouble, _Unreadable):
            untold = await self._told.untold(room_id, [UNREADABLE])
            sentence, what = wording.unreadable, [UNREADABLE, trouble.event_id]
        else:
            untold = await self._told.untold(room_id, trouble.users)
            names = await self._patiently(partial(self._named, room_id, untold, wording)) if untold else ""
            sentence, what = wording.unverified.format(names=names), ["unverified", *untold]
        if untold:
            txn_id = transaction_id(*what, room_id)
            say = partial(self._speaks.send, room_id, "m.room.message", notice(sentence), txn_id)
            await self._patiently(say)
            await self._told.note(room_id, untold)

    async def _named(self, room_id: RoomId, users: Sequence[str], wording: Wording) -> str:
        members = await self._names.members(room_id)
        names = [members.get(UserId(user), user) for user in users[:MAX_NAMES]]
        return wording.listed(names, len(users) - len(names))

    async def _patiently(self, ask: Callable[[], Awaitable[T]]) -> T:
        return await patiently(ask, patience_s=PATIENCE_S, backoff=BACKOFF, where="telling rooms")


def _users(trouble: _Unreadable | _CannotRead) -> tuple[UserId, ...]:
    return trouble.users if isinstance(trouble, _CannotRead) else ()
