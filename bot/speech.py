"""The speech process: owns the recognition model; turns the sound of a meeting into its transcript."""

from __future__ import annotations

import asyncio
from dataclasses import asdict

import structlog

from bot.database import Database
from bot.durable import TRANSCRIPTIONS, taking_part
from bot.identity import Identity
from bot.jobs import storage_problem, transcriptions
from bot.notifying import READY, notify
from bot.register import Meeting, Register
from bot.stopping import until_stopped
from config.models import Settings
from transcripts import whisper
from transcripts.archive import Archive
from transcripts.recognition import Recogniser, RecognitionFailed
from transcripts.spool import MeetingId, Spool
from transcripts.transcribe import transcribe

log = structlog.get_logger()


async def run(settings: Settings, name: str | None = None) -> None:
    """Transcribe until told to stop. The model is loaded first: a broken one shows at start, not in a meeting.

    Raises:
        ModelUnavailable: The model cannot be had or loaded; the message says what to do.
    """
    database = Database.open(settings)
    try:
        await database.migrate()
        recogniser = await asyncio.to_thread(whisper.load, settings.speech)
        jobs = transcriptions(Transcriber(settings, Register(database.engine), recogniser).work)
        async with taking_part(Identity.of("speech", name), database, (TRANSCRIPTIONS,)):
            try:
                log.info("speech ready", model=settings.speech.model)
                notify(READY)
                await until_stopped()
            finally:
                await jobs.leave_off()
    finally:
        await database.dispose()


class Transcriber:
    """Transcribes meetings, each as one job."""

    def __init__(self, settings: Settings, register: Register, recogniser: Recogniser) -> None:
        self._settings = settings
        self._register = register
        self._recogniser = recogniser
        self._spool = Spool(settings.storage.spool)
        self._archive = Archive(settings.storage.transcripts)

    async def work(self, meeting_id: MeetingId) -> str | None:
        """Transcribe one meeting (a `Work`); its transcript is then in the archive."""
        meeting = await self._register.get(meeting_id)
        if meeting is None:
            return "unknown_meeting"
        try:
            try:
                await asyncio.to_thread(self._transcribe, meeting)
            except RecognitionFailed as error:
                log.warning("recognition failed and is tried once more", cause=str(error))
                await asyncio.to_thread(self._transcribe, meeting)
        except OSError as error:
            log.error("transcript cannot be stored", cause=error.strerror)  # noqa: TRY400 (the cause says all)
            return storage_problem(error.errno)
        except Exception:
            log.exception("transcription failed")
            return "failed"
        return ""

    def _transcribe(self, meeting: Meeting) -> None:
        transcript = transcribe(meeting.id, meeting.title, self._spool, self._recogniser, self._settings.speech)
        self._archive.write(transcript)
        log.info("transcribed", **asdict(transcript.stats), failed_tracks=len(transcript.failed_tracks))
