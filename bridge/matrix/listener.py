"""Owns listening from start to end: entering, asking what is new, and acting on what is stored, room by room."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from sqlalchemy.exc import SQLAlchemyError

from bridge.matrix.backoff import Backoff, Outage
from bridge.matrix.encryption.errors import EncryptionUnusable
from bridge.matrix.errors import HomeserverError
from bridge.matrix.events import Invite, RoomMessage
from bridge.matrix.homeserver import Homeserver
from bridge.matrix.ids import RoomId
from bridge.matrix.intake import Intake
from bridge.matrix.room_workers import RoomWorkers
from bridge.matrix.sync_loop import SyncLoop

log = structlog.get_logger()


class Listener:
    """Hears commands and acts upon each once, across restarts of the bot and of the homeserver.

    `prepare` makes the bot's device and its keys ready, whenever listening begins, at first and after an outage.
    `handle` gets each wanted message; in one room one after the other, in the order of the room. A process killed while
    it runs runs it again for that message, so it must bear that. What it raises is logged and hurts no other message;
    `HomeserverError`s that can be retried make it run again a few times first.
    `joined` is told of each room that the bot has come into; the same holds for it.
    """

    def __init__(
        self,
        homeserver: Homeserver,
        intake: Intake,
        handle: Callable[[RoomMessage], Awaitable[None]],
        *,
        prepare: Callable[[], Awaitable[None]],
        joined: Callable[[RoomId], Awaitable[None]] | None = None,
        rooms_are_pushed: bool = False,
        backoff: Backoff | None = None,
    ) -> None:
        self._homeserver = homeserver
        self._intake = intake
        self._handle = handle
        self._prepare = prepare
        self._joined = joined
        self._backoff = backoff or Backoff()
        self._sync_loop = SyncLoop(homeserver, intake, rooms_are_pushed=rooms_are_pushed, backoff=self._backoff)

    async def run(self) -> None:
        """Listen until cancelled; whatever fails meanwhile is said once, tried again and recovered from."""
        outage = Outage(self._backoff)
        async with asyncio.TaskGroup() as tasks:
            rooms = RoomWorkers(
                tasks,
                self._intake.inbox,
                handle=self._handle,
                answer=self._answer,
                is_encrypted=self._homeserver.rooms.is_encrypted,
                backoff=self._backoff,
            )
            tasks.create_task(self._intake.keep_up(), name="look after keys")
            try:
                while True:
                    await self._listen(rooms, outage)
            finally:
                self._intake.wake = _asleep  # what is pushed from now on is stored, and waits for the next start

    async def _listen(self, rooms: RoomWorkers, outage: Outage) -> None:
        """Listen until something fails, and for a while after that do not."""
        try:
            await self._prepare()
            await self._intake.prepare()
            self._intake.wake = rooms.wake
            for room_id in await self._intake.inbox.rooms_waiting():
                rooms.wake(room_id)
            await self._sync_loop.listen(outage)
        except (HomeserverError, EncryptionUnusable, SQLAlchemyError) as error:
            await asyncio.sleep(outage.failed(error, where="listening"))

    async def _answer(self, invite: Invite) -> None:
        if invite.inviter is not None and self._intake.wanted.invitation_from(invite.inviter):
            await self._homeserver.join(invite.room_id)
            log.info("joined a room", room_id=invite.room_id, inviter=invite.inviter)
            if self._joined is not None:
                await self._joined(invite.room_id)
        elif not await self._homeserver.is_member(invite.room_id):  # pushed late, it may be of before the bot came
            await self._homeserver.leave(invite.room_id)
            log.info("declined an invitation", room_id=invite.room_id, inviter=invite.inviter)


def _asleep(_room_id: RoomId) -> None:
    """Nobody acts upon what is stored."""
