"""The voices of one shared microphone, followed as its sound comes: so that little is left to do at the end."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import structlog

from transcripts.sound import SAMPLE_RATE_HZ

if TYPE_CHECKING:
    from transcripts.diarization.voices import Diarizer, VoicesOfTrack, VoiceSpan
    from transcripts.storage.spool import StoredTrack

log = structlog.get_logger()

PUSHED_AT_ONCE_S: Final = 30.0
"""So that nothing waits for long when it is no longer wanted."""


class FollowedVoices:
    """One track's voices. What fails is logged once: from then on there are none."""

    def __init__(self, diarizer: Diarizer) -> None:
        self._diarizer = diarizer
        self._voices: VoicesOfTrack | None = None
        self._pushed_samples = 0
        self._pushing: asyncio.Task[None] | None = None
        self.failed = False

    def take_up(self, track: StoredTrack) -> None:
        """Listen to what is settled of the track and was not listened to, beside whatever else goes on."""
        if self._pushing is None or self._pushing.done():
            until = min(track.samples, track.speech.settled_samples)
            if until - self._pushed_samples >= SAMPLE_RATE_HZ and not self.failed:
                self._pushing = asyncio.create_task(self._push(track, until))

    async def finish(self, track: StoredTrack) -> tuple[VoiceSpan, ...]:
        """Who spoke when, in seconds of the track, which is over; nobody where that cannot be told."""
        if self._pushing is not None:
            await self._pushing
        await self._push(track, track.samples)
        if self._voices is None or self.failed:
            return ()
        try:
            return await asyncio.to_thread(self._voices.finish)
        except Exception:
            log.exception("voices of a shared microphone cannot be told apart")
            self.failed = True
            return ()

    def leave_off(self) -> None:
        """Nobody wants to know any more."""
        if self._pushing is not None:
            self._pushing.cancel()

    async def _push(self, track: StoredTrack, until: int) -> None:
        step = round(PUSHED_AT_ONCE_S * SAMPLE_RATE_HZ)
        try:
            if self._voices is None and until:
                self._voices = await asyncio.to_thread(self._diarizer.begin)
            while self._pushed_samples < until and self._voices is not None and not self.failed:
                end = min(until, self._pushed_samples + step)
                sound = await asyncio.to_thread(track.own_sound, self._pushed_samples, end)
                await asyncio.to_thread(self._voices.push, sound)
                self._pushed_samples = end
        except Exception:
            log.exception("voices of a shared microphone cannot be told apart")
            self.failed = True
