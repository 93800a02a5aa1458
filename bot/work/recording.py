"""The recorder's job: record one call for as long as it goes on, whatever happens to servers and disks meanwhile."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import TypeVar

import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot.durable.jobs import OUT_OF_THE_CALL, STORAGE_AWAY, storage_problem
from bot.process.stopping import bounded
from bot.store.register import Meeting, Register
from bot.work.recording_trouble import Trouble, WatchedSink
from bridge.livekit.ids import CallId
from bridge.livekit.recorder import RecorderError, SoundNotWritten, record
from bridge.livekit.tokens import CallLimits, recorder_token
from config.models import Settings
from transcripts.bucket import StorageAway
from transcripts.spool import MeetingId, Spool

log = structlog.get_logger()
T = TypeVar("T")

TRY_AGAIN_S = 5.0
"""What keeps a call from being recorded may be mended while it goes on: a full disk, a server that is away."""
SHARE_EVERY_S = 2.0
"""What another machine has of the sound is older by this, and the difference is lost with this machine's disk."""
LAST_SHARED_WITHIN_S = 3.0
"""When this process is told to stop."""
LEFTOVERS_EVERY_S = 10.0
"""How often this recorder looks whether it still has sound of a meeting that it does not record any more."""
NOT_BEGUN = "not_begun"
"""The problem of a call that was over before any recorder was there."""


class Recorder:
    """Records calls, each as one job."""

    def __init__(self, settings: Settings, register: Register, spool: Spool) -> None:
        self._settings = settings
        self._register = register
        self._spool = spool
        self._sharing: defaultdict[MeetingId, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._in_hand: set[MeetingId] = set()

    async def work(self, meeting_id: MeetingId) -> str | None:
        """Record one meeting until its call is over (a `Work`). Again after a crash, it adds to what is there."""
        trouble = Trouble(meeting_id)
        async with self._shared(meeting_id):
            while (meeting := await self._known(meeting_id)) and meeting.transcribed and not meeting.ended_at:
                problem = await self._record(meeting, trouble)
                if not problem:
                    return problem
                await trouble.began(problem)
                await asyncio.sleep(TRY_AGAIN_S)
        if meeting is not None and meeting.transcribed and meeting.recording_began_at is None:
            log.error("call was over before it could be recorded")
            return NOT_BEGUN
        return trouble.problem

    async def keep_sharing_leftovers(self) -> None:
        """See to what this recorder, or its earlier life, wrote and could not share before it let go of the work."""
        while True:
            try:
                await self.share_leftovers()
            except (OSError, SQLAlchemyError) as error:
                log.warning("sound that is still kept here was not seen to", cause=type(error).__name__)
            await asyncio.sleep(LEFTOVERS_EVERY_S)

    async def share_leftovers(self) -> None:
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
        return meeting.finished_at is None or self._settings.storage.keep_sound

    async def _known(self, meeting_id: MeetingId) -> Meeting | None:
        """The meeting as it is now."""
        return await _once_it_answers(partial(self._register.get, meeting_id))

    async def _record(self, meeting: Meeting, trouble: Trouble) -> str | None:
        """Record for as long as it works; returns what keeps it from going on, empty when the call is over."""
        limits = CallLimits.of(self._settings.calls)
        token = recorder_token(self._settings.livekit, CallId(meeting.id), limits=limits)
        began_at = await _once_it_answers(partial(self._register.begin_recording, meeting.id))
        try:
            sound = await asyncio.to_thread(self._spool.writer, meeting.id, began_at.timestamp())
            try:
                async with trouble.mended_by(WatchedSink(sound)) as watched:
                    end = await record(self._settings.livekit.url, token, watched)
            finally:
                await asyncio.to_thread(sound.close)
        except SoundNotWritten as error:
            log.error("sound cannot be written", cause=str(error))  # noqa: TRY400 (the cause says all)
            return storage_problem(error.errno)
        except OSError as error:
            log.error("sound cannot be written", cause=error.strerror)  # noqa: TRY400 (the cause says all)
            return storage_problem(error.errno)
        except RecorderError as error:
            log.error("call cannot be recorded", cause=str(error))  # noqa: TRY400 (the cause says all)
            return OUT_OF_THE_CALL
        if end.broken:
            log.warning("some tracks were not recorded to their end", tracks=len(end.broken))
        return None if end.reason == "replaced" else ""

    @asynccontextmanager
    async def _shared(self, meeting_id: MeetingId) -> AsyncIterator[None]:
        """Bring the sound to where the speech process finds it: while it is recorded, and the rest at the end."""
        trouble = Trouble(meeting_id)
        self._in_hand.add(meeting_id)
        sharing = asyncio.create_task(self._keep_sharing(meeting_id, trouble))
        try:
            yield
            async with self._sharing[meeting_id]:  # what a thread is bringing now must not come after the rest
                sharing.cancel()
            await self._share_the_rest(meeting_id, trouble)
        except asyncio.CancelledError:  # this process ends, and whoever goes on may be on another machine
            await bounded("last sound shared", self._share(meeting_id), LAST_SHARED_WITHIN_S)
            raise
        finally:
            sharing.cancel()
            self._in_hand.discard(meeting_id)

    async def _share(self, meeting_id: MeetingId) -> None:
        async with self._sharing[meeting_id]:
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
        async with self._sharing[meeting_id]:
            if self._is_wanted(await self._register.get(meeting_id)):
                await asyncio.to_thread(self._spool.drop_local, meeting_id)
            # Looked at again: who has no use for it any more may have erased it just before the last of it was shared.
            if not self._is_wanted(await self._register.get(meeting_id)):
                await asyncio.to_thread(self._spool.erase, meeting_id)


async def _once_it_answers(ask: Callable[[], Awaitable[T]]) -> T:
    """What the database says, however late: a recording that ended for it would not be begun again."""
    while True:
        try:
            return await ask()
        except SQLAlchemyError as error:
            log.warning("waiting for the database", cause=type(error).__name__)
            await asyncio.sleep(TRY_AGAIN_S)


async def _kept_here(error: StorageAway, trouble: Trouble) -> None:
    if trouble.problem != STORAGE_AWAY:  # said once: the storage may be away for hours
        log.warning("sound cannot be shared; it is kept here", cause=str(error))
    await trouble.began(STORAGE_AWAY)
