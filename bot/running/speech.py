"""The speech process: owns the recognition model; follows meetings from their first word to their transcripts."""

from __future__ import annotations

import asyncio

import structlog

from bot.durable.jobs import transcriptions
from bot.durable.workflows import TRANSCRIPTIONS, taking_part
from bot.process.identity import Identity
from bot.process.notifying import READY, notify
from bot.process.stopping import until_stopped
from bot.store.database import Database
from bot.store.register import Register
from bot.work.transcriber import Transcriber
from config.models import Settings
from transcripts.diarization import pyannote
from transcripts.recognition import engines
from transcripts.recognition.hearing import Hearing
from transcripts.storage.archive import open_archive
from transcripts.storage.shared_spool import open_spool

log = structlog.get_logger()


async def run(settings: Settings, name: str | None = None) -> None:
    """Follow meetings until told to stop. Models are loaded first: a broken one shows at start, not in a meeting.

    Raises:
        ModelUnavailable: The model that recognises speech cannot be had or loaded; the message says what to do.
        EngineNotYetThere: The server that recognises speech does not answer; started again, this may find it there.
        DiarizationUnavailable: That which tells voices apart; likewise.
    """
    identity = Identity.of("speech", name)
    async with Database.opened(settings) as database:
        await database.migrate()
        recogniser = await asyncio.to_thread(engines.load, settings.speech)
        voices = await asyncio.to_thread(pyannote.load, settings.diarization)
        async with Hearing(recogniser) as hearing:
            transcriber = Transcriber(
                settings,
                Register(database.engine),
                open_spool(settings.storage, identity.name),
                open_archive(settings.storage),
                hearing,
                voices,
            )
            jobs = transcriptions(transcriber.work)
            async with taking_part(identity, database, (TRANSCRIPTIONS,)):
                try:
                    log.info("speech ready", model=settings.speech.model)
                    notify(READY)
                    await until_stopped()
                finally:
                    await jobs.leave_off()
