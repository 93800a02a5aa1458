"""The recorder process: joins the calls it is told to and writes their sound to the spool.

A process of its own because native media code may crash, and must never take the front with it.
"""

from __future__ import annotations

import asyncio

import structlog

from bot.database import open_engine, prepare
from bot.durable import RECORDINGS, taking_part
from bot.jobs import recordings, storage_problem
from bot.register import Register
from bot.stopping import until_stopped
from bridge.livekit.ids import CallId
from bridge.livekit.recorder import RecorderError, SoundNotWritten, record
from bridge.livekit.tokens import CallLimits, recorder_token
from config.models import Settings
from transcripts.shared_spool import open_spool
from transcripts.spool import MeetingId

log = structlog.get_logger()


async def run(settings: Settings) -> None:
    """Record until told to stop."""
    database = prepare(settings.storage.folder)
    engine = open_engine(database)
    recorder = Recorder(settings, Register(engine))
    jobs = recordings(recorder.work)
    try:
        async with taking_part("recorder", database, (RECORDINGS,)):
            log.info("recorder ready")
            await until_stopped()
            await jobs.leave_off()
    finally:
        await engine.dispose()


class Recorder:
    """Records calls, each as one job."""

    def __init__(self, settings: Settings, register: Register) -> None:
        self._settings = settings
        self._register = register
        self._spool = open_spool(settings.storage, "recorder")

    async def work(self, meeting_id: MeetingId) -> str | None:
        """Record one meeting until its call is over (a `Work`). Again after a crash, it adds to what is there."""
        meeting = await self._register.get(meeting_id)
        if meeting is None or not meeting.transcribed or meeting.ended_at is not None:
            return ""
        limits = CallLimits.of(self._settings.calls)
        token = recorder_token(self._settings.livekit, CallId(meeting_id), limits=limits)
        try:
            sound = await asyncio.to_thread(self._spool.writer, meeting_id)
            try:
                end = await record(self._settings.livekit.url, token, sound)
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
            return "out_of_the_call"
        if end.broken:
            log.warning("some tracks were not recorded to their end", tracks=len(end.broken))
        return None if end.reason == "replaced" else ""
