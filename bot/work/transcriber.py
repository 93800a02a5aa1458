"""The speech process's job: turn the stored sound of one meeting into its transcript."""

from __future__ import annotations

import asyncio
import time
from dataclasses import asdict
from functools import partial

import structlog

from bot.durable.jobs import storage_problem
from bot.store.register import Meeting, Register
from bot.store.storing import stored
from config.models import Settings
from transcripts.recognition.recogniser import Recogniser, RecognitionFailed
from transcripts.storage.archive import Archive
from transcripts.storage.spool import MeetingId, Spool
from transcripts.transcribe import transcribe

log = structlog.get_logger()


class Transcriber:
    """Transcribes meetings, each as one job."""

    def __init__(
        self, settings: Settings, register: Register, spool: Spool, archive: Archive, recogniser: Recogniser
    ) -> None:
        self._settings = settings
        self._register = register
        self._spool = spool
        self._archive = archive
        self._recogniser = recogniser

    async def work(self, meeting_id: MeetingId) -> str | None:
        """Transcribe one meeting (a `Work`); its transcript is then in the archive."""
        meeting = await self._register.get(meeting_id)
        if meeting is None:
            return "unknown_meeting"
        began_s = time.monotonic()
        try:
            if await stored(partial(self._archive.is_readable, meeting_id)):
                return ""  # made before this process, or the one before it, could say so
            await stored(partial(self._spool.fetch, meeting_id))
            try:
                await self._transcribe(meeting)
            except RecognitionFailed as error:
                log.warning("recognition failed and is tried once more", cause=str(error))
                await self._transcribe(meeting)
        except OSError as error:
            log.error("transcript cannot be stored", cause=error.strerror)  # noqa: TRY400 (the cause says all)
            return storage_problem(error.errno)
        except Exception:
            log.exception("transcription failed")
            return "failed"
        finally:
            await asyncio.to_thread(self._spool.drop_fetched, meeting_id)
        await self._register.note_transcribed(meeting_id, time.monotonic() - began_s)
        return ""

    async def _transcribe(self, meeting: Meeting) -> None:
        transcript = await asyncio.to_thread(
            transcribe,
            meeting.id,
            meeting.title,
            self._spool,
            self._recogniser,
            self._settings.speech,
            ended_s=_ended_s(meeting),
        )
        await stored(partial(self._archive.write, transcript))
        log.info("transcribed", **asdict(transcript.stats), failed_tracks=len(transcript.failed_tracks))


def _ended_s(meeting: Meeting) -> float | None:
    """When the call was over, on the meeting's clock."""
    if meeting.ended_at is None or meeting.recording_began_at is None:
        return None
    return (meeting.ended_at - meeting.recording_began_at).total_seconds()
