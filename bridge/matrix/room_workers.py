"""Owns acting upon what waits in the inbox: in a room one thing after the other, rooms independent of each other."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from bridge.matrix.backoff import Backoff, patiently, sentence, until_stored
from bridge.matrix.errors import Forbidden, HomeserverError
from bridge.matrix.events import Invite, RoomMessage
from bridge.matrix.ids import RoomId
from bridge.matrix.inbox import Inbox, WaitingInvite

log = structlog.get_logger()
Result = TypeVar("Result")

PATIENCE_S = 600.0
"""What the homeserver fails is tried again for so long; later nobody waits for the answer to a command any more."""
INVITATION_SETTLES_WITHIN_S = 5.0
"""The homeserver of whoever invites hands an invitation out before it has stored it, and does not know it meanwhile."""
IN_THE_CLEAR = "plain in an encrypted room"
"""Why a message is not acted upon that anybody between its room and us may have written, or changed."""


class _InTheClear(Exception):
    """Such a message."""


class _NotKnownYet(HomeserverError):
    """An invitation that was refused a moment after it came."""

    can_be_retried = True


class RoomWorkers:
    """One task, in the task group given, for each room in which something waits; it ends when nothing does."""

    def __init__(
        self,
        tasks: asyncio.TaskGroup,
        inbox: Inbox,
        *,
        handle: Callable[[RoomMessage], Awaitable[None]],
        answer: Callable[[Invite], Awaitable[None]],
        is_encrypted: Callable[[RoomId], Awaitable[bool]],
        backoff: Backoff,
    ) -> None:
        self._tasks = tasks
        self._inbox = inbox
        self._handle = handle
        self._answer = answer
        self._is_encrypted = is_encrypted
        self._backoff = backoff
        self._woken: dict[RoomId, bool] = {}  # rooms with a task; True: woken since it last looked

    def wake(self, room_id: RoomId) -> None:
        """Something is stored for the room."""
        has_task = room_id in self._woken
        self._woken[room_id] = True
        if not has_task:
            self._tasks.create_task(self._work(room_id), name=f"room {room_id}")

    async def _work(self, room_id: RoomId) -> None:
        try:
            while self._woken[room_id]:
                self._woken[room_id] = False
                await self._empty(room_id)
        finally:
            del self._woken[room_id]

    async def _empty(self, room_id: RoomId) -> None:
        await self._answer_invitation(room_id)
        while message := await self._insist(lambda: self._inbox.next_message(room_id)):
            await self._act(message)

    async def _answer_invitation(self, room_id: RoomId) -> None:
        """Answer the one that stands: while one is tried, it may be withdrawn, and renewed by somebody else."""
        latest: WaitingInvite | None = None
        clock = asyncio.get_running_loop().time
        settled_at_s = clock() + INVITATION_SETTLES_WITHIN_S

        async def answer() -> None:
            nonlocal latest
            latest = await self._inbox.next_invite(room_id)
            if latest is None:
                return
            try:
                await self._answer(latest.invite)
            except Forbidden as error:
                if clock() < settled_at_s:
                    raise _NotKnownYet(str(error)) from error
                raise

        # Not given up: whoever invites a bot expects it to come, and does not invite it twice. What is done on coming
        # uses the database as well, and has no other occasion.
        await self._try(lambda: self._insist(answer), math.inf, room_id=room_id)
        if (answered := latest) is not None:
            await self._insist(lambda: self._inbox.mark_answered(answered))

    async def _act(self, message: RoomMessage) -> None:
        about = {"room_id": message.room_id, "event_id": message.event_id}
        failed = await self._try(lambda: self._obey(message), PATIENCE_S, **about)
        await self._insist(lambda: self._inbox.mark_handled(message.event_id, failed=failed))

    async def _obey(self, message: RoomMessage) -> None:
        if not message.was_encrypted and await self._is_encrypted(message.room_id):
            raise _InTheClear
        await self._handle(message)

    async def _try(self, act: Callable[[], Awaitable[None]], patience_s: float, **told: str) -> str | None:
        """Act, again where that may help; gives the kind of error that made us give up, None for a success."""
        try:
            await patiently(act, patience_s=patience_s, backoff=self._backoff, **told)
        except _InTheClear:
            log.warning("a command in the clear is not obeyed in an encrypted room", **told)
            return IN_THE_CLEAR
        except HomeserverError as error:
            log.warning("given up", problem=sentence(error), **told)
            return type(error).__name__
        except Exception as error:
            log.exception("given up: an error that nobody foresaw", **told)
            return type(error).__name__
        return None

    async def _insist(self, use: Callable[[], Awaitable[Result]]) -> Result:
        return await until_stored(use, backoff=self._backoff, where="inbox")
