"""Owns listening: the loop that asks the homeserver what is new, stores it, and wakes the rooms that it concerns."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog
from sqlalchemy.exc import SQLAlchemyError

from bridge.matrix.backoff import Backoff, Outage, sentence
from bridge.matrix.errors import HomeserverError, HomeserverFault, RequestRefused
from bridge.matrix.events import Invite, RoomMessage, SyncResult, Timeline
from bridge.matrix.homeserver import Homeserver
from bridge.matrix.ids import RoomId, UserId
from bridge.matrix.inbox import Inbox
from bridge.matrix.room_workers import RoomWorkers

log = structlog.get_logger()

SYNC_WAIT_S = 30.0
MAX_HISTORY_PAGES = 10
_PRUNE_EVERY_S = 3600.0


@dataclass(frozen=True)
class Wanted:
    """What the bot listens for: whose invitations it accepts, and which messages are for it.

    `message` must be quick and see only the value it is given: what it refuses is not stored at all.
    """

    invitation_from: Callable[[UserId], bool]
    message: Callable[[RoomMessage], bool]
    max_age_s: float = 600.0


class Listener:
    """Hears commands and acts upon each once, across restarts of the bot and of the homeserver.

    `handle` gets each wanted message; in one room one after the other, in the order of the room. A process killed while
    it runs runs it again for that message, so it must bear that. What it raises is logged and hurts no other message;
    `HomeserverError`s that can be retried make it run again a few times first.
    `joined` is told of each room that the bot has come into; the same holds for it.
    """

    def __init__(
        self,
        homeserver: Homeserver,
        inbox: Inbox,
        wanted: Wanted,
        handle: Callable[[RoomMessage], Awaitable[None]],
        *,
        joined: Callable[[RoomId], Awaitable[None]] | None = None,
        clock: Callable[[], float] = time.time,
        backoff: Backoff | None = None,
    ) -> None:
        self._homeserver = homeserver
        self._inbox = inbox
        self._wanted = wanted
        self._handle = handle
        self._joined = joined
        self._clock = clock
        self._backoff = backoff or Backoff()
        self._pruned_at_s = float("-inf")

    async def run(self) -> None:
        """Listen until cancelled; whatever fails meanwhile is said once, tried again and recovered from."""
        outage = Outage(self._backoff)
        async with asyncio.TaskGroup() as tasks:
            rooms = RoomWorkers(tasks, self._inbox, handle=self._handle, answer=self._answer, backoff=self._backoff)
            while True:
                try:
                    await self._listen(rooms, outage)
                except (HomeserverError, SQLAlchemyError) as error:
                    await asyncio.sleep(outage.failed(error, where="listening"))

    async def _listen(self, rooms: RoomWorkers, outage: Outage) -> None:
        """Listen until something fails."""
        await self._homeserver.prepare()
        for room_id in await self._inbox.rooms_waiting():
            rooms.wake(room_id)
        wait_s = 0.0  # the first answer comes at once, and tells that all is well
        while True:
            await self._prune()
            since = await self._inbox.next_batch()
            result = await self._sync(since, wait_s)
            messages = await self._new_messages(result, since)
            await self._inbox.store(result.next_batch, messages, result.invites)
            for room_id in dict.fromkeys((*(i.room_id for i in result.invites), *(m.room_id for m in messages))):
                rooms.wake(room_id)
            outage.over(where="listening")
            wait_s = SYNC_WAIT_S

    async def _sync(self, since: str | None, wait_s: float) -> SyncResult:
        try:
            return await self._homeserver.sync(since, wait_s=wait_s)
        except RequestRefused as error:
            if since is not None and error.errcode in ("M_UNKNOWN", "M_INVALID_PARAM"):
                # Not a position of this homeserver any more (restored, made anew): begin as on the first day.
                log.warning("position in /sync refused; beginning anew", problem=sentence(error))
                await self._inbox.forget_position()
            raise

    async def _new_messages(self, result: SyncResult, since: str | None) -> list[RoomMessage]:
        """The commands in an answer; on the first day there are none, for what was said before is not for us."""
        if since is None:
            return []
        messages: list[RoomMessage] = []
        for timeline in result.timelines:
            missed = await self._missed(timeline, since)
            messages += [message for message in (*missed, *timeline.messages) if self._is_for_us(message)]
        return messages

    async def _missed(self, timeline: Timeline, since: str) -> list[RoomMessage]:
        """What a long absence left out of a room's timeline: read backwards, as far as it can still matter."""
        missed: list[RoomMessage] = []
        before = timeline.gap_before
        for _ in range(MAX_HISTORY_PAGES):
            if before is None:
                return missed
            try:
                page = await self._homeserver.history(timeline.room_id, before=before, until=since)
            except (RequestRefused, HomeserverFault) as error:
                # One room's broken history must not keep the bot from all others.
                log.warning("missed messages not read", room_id=timeline.room_id, problem=sentence(error))
                return missed
            missed = [*page.messages, *missed]
            if page.messages and all(self._is_old(message) for message in page.messages):
                return missed
            before = page.earlier
        if before is not None:
            log.warning("missed messages not all read", room_id=timeline.room_id, pages=MAX_HISTORY_PAGES)
        return missed

    async def _answer(self, invite: Invite) -> None:
        if invite.inviter is not None and self._wanted.invitation_from(invite.inviter):
            await self._homeserver.join(invite.room_id)
            log.info("joined a room", room_id=invite.room_id, inviter=invite.inviter)
            if self._joined is not None:
                await self._joined(invite.room_id)
        else:
            await self._homeserver.leave(invite.room_id)
            log.info("declined an invitation", room_id=invite.room_id, inviter=invite.inviter)

    def _is_for_us(self, message: RoomMessage) -> bool:
        if not self._wanted.message(message):
            return False
        if self._is_old(message):
            log.info("command too old", room_id=message.room_id, event_id=message.event_id)
            return False
        return True

    def _is_old(self, message: RoomMessage) -> bool:
        return message.origin_server_ts_ms < (self._clock() - self._wanted.max_age_s) * 1000

    async def _prune(self) -> None:
        if self._clock() - self._pruned_at_s > _PRUNE_EVERY_S:
            await self._inbox.prune()
            self._pruned_at_s = self._clock()
