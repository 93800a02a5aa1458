"""The recorder's job: record one call for as long as it goes on, whatever happens to servers and disks meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import structlog

from bot.durable.jobs import OUT_OF_THE_CALL, storage_problem
from bot.process.stopping import bounded
from bot.store.insisting import insist
from bot.store.register import Meeting, Register
from bot.work.listening import Listening
from bot.work.recording_trouble import Trouble, WatchedSink
from bot.work.sharing import Sharing
from bridge.livekit.calls import Calls
from bridge.livekit.ids import CallId
from bridge.livekit.recorder import RecorderError, SoundNotWritten, record
from bridge.livekit.tokens import CallLimits, recorder_token
from config.models import Settings
from transcripts.storage.meeting_writer import MeetingWriter
from transcripts.storage.spool import MeetingId, Spool

log = structlog.get_logger()

TRY_AGAIN_S = 5.0
"""What keeps a call from being recorded may be mended while it goes on: a full disk, a server that is away."""
CLOSED_WITHIN_S = 10.0
"""When this process is told to stop: listening to the last of it takes 3 s at most, and a disk its time."""
NOT_BEGUN = "not_begun"
"""The problem of a call that was over before any recorder was there."""


class Recorder:
    """Records calls, each as one job."""

    def __init__(self, settings: Settings, register: Register, spool: Spool, calls: Calls) -> None:
        self._settings = settings
        self._register = register
        self._calls = calls
        self._spool = spool
        self._listening = Listening()
        self.sharing = Sharing(register, spool, keep_sound=settings.storage.keep_sound)

    async def work(self, meeting_id: MeetingId) -> str | None:
        """Record one meeting until its call is over (a `Work`). Again after a crash, it adds to what is there."""
        trouble = Trouble(meeting_id)
        async with self.sharing.during(meeting_id):
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

    async def _known(self, meeting_id: MeetingId) -> Meeting | None:
        """The meeting as it is now, however late the database says so: a recording is not ended by its absence."""
        return await insist(partial(self._register.get, meeting_id), where="recording")

    async def _record(self, meeting: Meeting, trouble: Trouble) -> str | None:
        """Record for as long as it works; returns what keeps it from going on, empty when the call is over."""
        limits = CallLimits.of(self._settings.calls)
        token = recorder_token(self._settings.livekit, CallId(meeting.id), limits=limits)
        published = partial(self._calls.sound_published, CallId(meeting.id))
        began_at = await insist(partial(self._register.begin_recording, meeting.id), where="recording")
        try:
            sound = await asyncio.to_thread(self._spool.writer, meeting.id, began_at.timestamp())
            async with (
                _closed_at_the_end(sound),
                self._listening.during(sound),
                trouble.mended_by(WatchedSink(sound)) as watched,
            ):
                end = await record(self._settings.livekit.url, token, watched, published=published)
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
async def _closed_at_the_end(sound: MeetingWriter) -> AsyncIterator[None]:
    """Close it whatever comes; a disk that fails then is told, unless this process is to end: nothing is in its way."""
    try:
        yield
    except asyncio.CancelledError:
        await bounded("sound closed", asyncio.to_thread(sound.close), CLOSED_WITHIN_S)
        raise
    except Exception:
        await asyncio.to_thread(sound.close)
        raise
    await asyncio.to_thread(sound.close)
