"""The sound of a recorder, brought to where the speech process finds it: during the call, at its end, and later.

Without a bucket there is nothing to bring, and all of this costs a call that does nothing.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot.durable.jobs import STORAGE_AWAY
from bot.process.stopping import bounded
from bot.store.register import Meeting, Register
from bot.work.recording_trouble import Trouble
from transcripts.storage.bucket import StorageAway
from transcripts.storage.spool import MeetingId, Spool

log = structlog.get_logger()

SHARE_EVERY_S = 2.0
"""What another machine has of the sound is older by this, and the difference is lost with this machine's disk."""
TRY_AGAIN_S = 5.0
LAST_SHARED_WITHIN_S = 3.0
"""When this process is told to stop."""
LEFTOVERS_EVERY_S = 10.0
"""How often this recorder looks whether it still has sound of a meeting that it does not record any more."""


class Sharing:
    """Shares what this recorder writes."""

    def __init__(self, register: Register, spool: Spool, *, keep_sound: bool) -> None:
        self._register = register
        self._spool = spool
        self._keep_sound = keep_sound
        self._one_at_a_time: defaultdict[MeetingId, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._in_hand: set[MeetingId] = set()

    @asynccontextmanager
    async def during(self, meeting_id: MeetingId) -> AsyncIterator[None]:
        """Share a meeting's sound while it is recorded in the block, and the rest of it at the end."""
        trouble = Trouble(meeting_id)
        self._in_hand.add(meeting_id)
        sharing = asyncio.create_task(self._keep_sharing(meeting_id, trouble))
        try:
            yield
            async with self._one_at_a_time[meeting_id]:  # what a thread is bringing now must not come after the rest
                sharing.cancel()
            await self._share_the_rest(meeting_id, trouble)
        except asyncio.CancelledError:  # this process ends, and whoever goes on may be on another machine
            await bounded("last sound shared", self._share(meeting_id), LAST_SHARED_WITHIN_S)
            raise
        finally:
            sharing.cancel()
            self._in_hand.discard(meeting_id)

    async def keep_seeing_to_leftovers(self) -> None:
        """See to what this recorder, or its earlier life, wrote and could not share before it let go of the work."""
        while True:
            try:
                await self.see_to_leftovers()
            except (OSError, SQLAlchemyError) as error:
                log.warning("sound that is still kept here was not seen to", cause=type(error).__name__)
            await asyncio.sleep(LEFTOVERS_EVERY_S)

    async def see_to_leftovers(self) -> None:
        """Look once: a call that goes on may be another recorder's by now, and its transcript wants this sound too."""
        for meeting_id in await asyncio.to_thread(self._spool.leftovers):
            meeting = await self._register.get(meeting_id)
            if meeting_id in self._in_hand:
                continue
            if meeting is None or meeting.ended_at is not None or not self._is_wanted(meeting):
                await self._let_go(meeting_id)
            else:
                await self._share(meeting_id)

    def _is_wanted(self, meeting: Meeting | None) -> bool:
        """Whether its sound is to be read yet, or kept."""
        if meeting is None or not meeting.transcribed:
            return False
        return meeting.finished_at is None or meeting.undelivered is not None or self._keep_sound

    async def _share(self, meeting_id: MeetingId) -> None:
        async with self._one_at_a_time[meeting_id]:
            await asyncio.to_thread(self._spool.share, meeting_id)

    async def _keep_sharing(self, meeting_id: MeetingId, trouble: Trouble) -> None:
        while True:
            await asyncio.sleep(SHARE_EVERY_S)
            try:
                await self._share(meeting_id)
                await trouble.ended()
            except StorageAway as error:
                await _kept_here(error, trouble)
            except OSError as error:
                log.warning("sound cannot be shared; it is kept here", cause=error.strerror)

    async def _share_the_rest(self, meeting_id: MeetingId, trouble: Trouble) -> None:
        while True:
            try:
                await self._let_go(meeting_id)
            except StorageAway as error:
                await _kept_here(error, trouble)
            except OSError as error:
                log.warning("sound cannot be shared; it is kept here", cause=error.strerror)
            except SQLAlchemyError as error:
                log.warning("it cannot be told whether the last sound is wanted", cause=type(error).__name__)
            else:
                return
            await asyncio.sleep(TRY_AGAIN_S)

    async def _let_go(self, meeting_id: MeetingId) -> None:
        """Have nothing more of this meeting here: its sound is shared if it is wanted, and otherwise erased."""
        async with self._one_at_a_time[meeting_id]:
            if self._is_wanted(await self._register.get(meeting_id)):
                await asyncio.to_thread(self._spool.drop_local, meeting_id)
            # Looked at again: who has no use for it any more may have erased it just before the last of it was shared.
            if not self._is_wanted(await self._register.get(meeting_id)):
                await asyncio.to_thread(self._spool.erase, meeting_id)


async def _kept_here(error: StorageAway, trouble: Trouble) -> None:
    if trouble.problem != STORAGE_AWAY:  # said once: the storage may be away for hours
        log.warning("sound cannot be shared; it is kept here", cause=str(error))
    await trouble.began(STORAGE_AWAY)
