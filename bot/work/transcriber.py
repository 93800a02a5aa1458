"""The speech process's job: follow one meeting while it is recorded, and keep its transcript soon after it is over."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import partial

import structlog

from bot.durable.jobs import storage_problem
from bot.store.insisting import insist
from bot.store.register import Meeting, Register
from bot.store.storing import stored
from bridge.matrix.backoff import Backoff
from config.models import Settings
from transcripts.assembling.transcript import Transcript
from transcripts.diarization.voices import Diarizer
from transcripts.following import Follower
from transcripts.minutes import writing as minutes
from transcripts.recognition.hearing import Hearing
from transcripts.recognition.recogniser import RecognitionFailed
from transcripts.storage.archive import Archive
from transcripts.storage.spool import MeetingId, Spool

log = structlog.get_logger()

LOOK_EVERY_S = 1.0
FETCH_EVERY_S = 2.5
"""How often a spool that is shared is asked for what is new."""
NOTE_EVERY_S = 10.0
"""How often the register is told how much waits for being recognised, and asked who shares a microphone."""
AGAIN = Backoff(first_s=2.0, most_s=30.0)
"""When a look that failed is tried again while the call goes on: nothing is lost until then."""


class Transcriber:
    """Follows meetings, each as one job, and hears them all with the same ears."""

    def __init__(
        self,
        settings: Settings,
        register: Register,
        spool: Spool,
        archive: Archive,
        hearing: Hearing,
        voices: Diarizer | None = None,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._settings = settings
        self._register = register
        self._spool = spool
        self._archive = archive
        self._hearing = hearing
        self._voices = voices
        self._now = now

    async def work(self, meeting_id: MeetingId) -> str | None:
        """Follow one meeting to its end (a `Work`); its transcript is then in the archive.

        Let go of in the middle, it keeps what it has fetched and heard, for whoever goes on here.
        """
        try:
            # Where it is there, it was made before this process, or the one before it, could say so.
            is_made = await stored(partial(self._archive.is_readable, meeting_id))
            problem = "" if is_made else await self._transcribe(meeting_id)
        except OSError as error:
            log.error("transcript cannot be stored", cause=error.strerror)  # noqa: TRY400 (the cause says all)
            problem = storage_problem(error.errno)
        except Exception:
            log.exception("transcription failed")
            problem = "failed"
        await asyncio.to_thread(self._spool.drop_fetched, meeting_id)
        return problem

    async def _transcribe(self, meeting_id: MeetingId) -> str:
        looking = _Looking(self._register, self._spool, self._new_follower, meeting_id)
        try:
            while (meeting := await insist(partial(self._register.get, meeting_id), where="following")) is not None:
                if not meeting.transcribed:
                    await looking.forget(meeting)
                    return ""
                if meeting.recorded_at is not None or meeting.finished_at is not None:
                    await self._finish(meeting, looking)
                    return ""
                await looking.look(meeting)
        finally:
            await looking.leave_off()
        return "unknown_meeting"

    def _new_follower(self, meeting: Meeting) -> Follower:
        return Follower(
            meeting.id,
            meeting.title,
            self._spool,
            self._hearing,
            languages=self._settings.speech.languages,
            voices=self._voices,
            notice=self._settings.diarization.notice,
        )

    async def _finish(self, meeting: Meeting, looking: _Looking) -> None:
        transcript = await looking.finish(meeting)
        tail_s = (self._now() - (meeting.recorded_at or self._now())).total_seconds()
        began_s = time.monotonic()
        transcript = replace(transcript, minutes=await minutes.write(transcript, self._settings.summary))
        minutes_s = time.monotonic() - began_s
        if await stored(partial(self._archive.is_readable, meeting.id)):
            # Whoever took this one for dead was faster, and the sound that it was made from may be erased by now.
            log.warning("transcript was made by another process meanwhile")
            return
        await stored(partial(self._archive.write, transcript))
        await insist(partial(self._register.note_transcribed, meeting.id, tail_s + minutes_s), where="following")
        log.info(
            "transcript ready",
            tail_s=round(tail_s, 2),
            minutes_s=round(minutes_s, 2),
            failed_tracks=len(transcript.failed_tracks),
            **asdict(transcript.stats),
        )


class _Looking:
    """One meeting's follower, and what it needs of the register and of a spool that is shared."""

    def __init__(
        self,
        register: Register,
        spool: Spool,
        new_follower: Callable[[Meeting], Follower],
        meeting: MeetingId,
    ) -> None:
        self._register = register
        self._spool = spool
        self._new_follower = new_follower
        self._meeting = meeting
        self._follower: Follower | None = None
        self._clock = asyncio.get_running_loop().time
        self._fetched_at_s = -FETCH_EVERY_S
        self._noted_at_s = -NOTE_EVERY_S
        self._noted_unheard_s: float | None = None
        self._shared_names: tuple[str, ...] = ()
        self._failures = 0

    async def look(self, meeting: Meeting) -> None:
        """Take up what is new, and wait a little; longer where that fails."""
        try:
            await self._look(meeting)
        except OSError as error:
            await self._wait(error)  # what is being heard, and the voices that were followed so far, are not let go of
        except Exception as error:  # noqa: BLE001 (whatever it is, nothing is lost by beginning anew)
            await self.leave_off()
            await self._wait(error)
        else:
            self._failures = 0
            await asyncio.sleep(LOOK_EVERY_S)

    async def finish(self, meeting: Meeting) -> Transcript:
        """All of its sound is there: hear it out; once more where recognition fails."""
        await stored(partial(self._spool.fetch, meeting.id))
        noting = asyncio.create_task(self._keep_noting())
        try:
            try:
                return await self._finish(meeting)
            except RecognitionFailed as error:
                log.warning("recognition failed and is tried once more", cause=str(error))
                return await self._finish(meeting)
        finally:
            noting.cancel()

    async def forget(self, meeting: Meeting) -> None:
        """It is not to be transcribed any more: there are no words of it, nor of what another process heard here."""
        await self._followed_by(meeting).forget()

    async def leave_off(self) -> None:
        """Let go of it."""
        follower, self._follower = self._follower, None
        if follower is not None:
            await follower.leave_off()

    async def _wait(self, error: Exception) -> None:
        self._failures += 1
        wait_s = AGAIN.wait_s(self._failures)
        log.warning("meeting cannot be followed just now", again_in_s=round(wait_s, 1), exc_info=error)
        await asyncio.sleep(wait_s)

    async def _look(self, meeting: Meeting) -> None:
        if self._clock() - self._fetched_at_s >= FETCH_EVERY_S:
            await asyncio.to_thread(self._spool.fetch, meeting.id)
            self._fetched_at_s = self._clock()
        follower = self._followed_by(meeting)
        await follower.look(self._shared_names)
        if self._clock() - self._noted_at_s >= NOTE_EVERY_S:
            asking = partial(self._register.shared_microphones, meeting.id)
            self._shared_names = await insist(asking, where="following")
            await insist(partial(self._note, follower), where="following")

    async def _finish(self, meeting: Meeting) -> Transcript:
        shared_names = await insist(partial(self._register.shared_microphones, meeting.id), where="following")
        return await self._followed_by(meeting).finish(_ended_s(meeting), shared_names)

    def _followed_by(self, meeting: Meeting) -> Follower:
        if self._follower is None:
            self._follower = self._new_follower(meeting)
        return self._follower

    async def _keep_noting(self) -> None:
        while True:
            await asyncio.sleep(NOTE_EVERY_S)
            if self._follower is not None:
                await insist(partial(self._note, self._follower), where="following")

    async def _note(self, follower: Follower) -> None:
        self._noted_at_s = self._clock()
        if (unheard_s := round(follower.unheard_s, 1)) != self._noted_unheard_s:
            await self._register.note_unheard(self._meeting, unheard_s)
            self._noted_unheard_s = unheard_s


def _ended_s(meeting: Meeting) -> float | None:
    """When the call was over, on the meeting's clock."""
    if meeting.ended_at is None or meeting.recording_began_at is None:
        return None
    return (meeting.ended_at - meeting.recording_began_at).total_seconds()
