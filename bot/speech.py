"""The speech process: owns the recognition model; turns the sound of a meeting into its transcript."""

from __future__ import annotations

import asyncio
from dataclasses import asdict

import structlog

from bot.database import open_engine, prepare
from bot.durable import TRANSCRIPTIONS, taking_part
from bot.jobs import storage_problem, transcriptions
from bot.register import Meeting, Register
from bot.stopping import until_stopped
from config.models import Settings
from transcripts import whisper
from transcripts.archive import open_archive
from transcripts.recognition import Recogniser, RecognitionFailed
from transcripts.shared_spool import open_spool
from transcripts.spool import MeetingId
from transcripts.transcribe import transcribe

log = structlog.get_logger()


async def run(settings: Settings) -> None:
    """Transcribe until told to stop. The model is loaded first: a broken one shows at start, not in a meeting.

    Raises:
        ModelUnavailable: The model cannot be had or loaded; the message says what to do.
    """
    database = prepare(settings.storage.folder)
    engine = open_engine(database)
    try:
        recogniser = await asyncio.to_thread(whisper.load, settings.speech)
        jobs = transcriptions(Transcriber(settings, Register(engine), recogniser).work)
        async with taking_part("speech", database, (TRANSCRIPTIONS,)):
            log.info("speech ready", model=settings.speech.model)
            await until_stopped()
            await jobs.leave_off()
    finally:
        await engine.dispose()


class Transcriber:
    """Transcribes meetings, each as one job."""

    def __init__(self, settings: Settings, register: Register, recogniser: Recogniser) -> None:
        self._settings = settings
        self._register = register
        self._recogniser = recogniser
        self._spool = open_spool(settings.storage)
        self._archive = open_archive(settings.storage)

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
