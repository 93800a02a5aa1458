"""The voices of one shared microphone, followed as its sound comes: so that little is left to do at the end."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Final

from transcripts.diarization.background import BackgroundWork
from transcripts.sound import SAMPLE_RATE_HZ

if TYPE_CHECKING:
    from transcripts.diarization.voices import Diarizer, VoicesOfTrack, VoiceSpan
    from transcripts.storage.spool import StoredTrack

PUSHED_AT_ONCE_S: Final = 30.0
"""So that nothing waits for long when it is no longer wanted."""


class FollowedVoices:
    """One track's voices. What fails is logged once: from then on there are none."""

    def __init__(self, diarizer: Diarizer) -> None:
        self._diarizer = diarizer
        self._voices: VoicesOfTrack | None = None
        self._pushed_samples = 0
        self._background = BackgroundWork("voices of a shared microphone cannot be told apart")

    @property
    def failed(self) -> bool:
        """Whether there are none because something failed."""
        return self._background.failed

    def take_up(self, track: StoredTrack) -> None:
        """Listen to what is settled of the track and was not listened to, beside whatever else goes on."""
        until = min(track.samples, track.speech.settled_samples)
        if until - self._pushed_samples >= SAMPLE_RATE_HZ:
            self._background.begin(partial(self._push, track, until))

    async def finish(self, track: StoredTrack) -> tuple[VoiceSpan, ...]:
        """Who spoke when, in seconds of the track, which is over; nobody where that cannot be told."""
        return await self._background.then(partial(self._finish, track)) or ()

    def leave_off(self) -> None:
        """Nobody wants to know any more."""
        self._background.leave_off()

    async def _finish(self, track: StoredTrack) -> tuple[VoiceSpan, ...]:
        await self._push(track, track.samples)
        return () if self._voices is None else await asyncio.to_thread(self._voices.finish)

    async def _push(self, track: StoredTrack, until: int) -> None:
        step = round(PUSHED_AT_ONCE_S * SAMPLE_RATE_HZ)
        if self._voices is None and until:
            self._voices = await asyncio.to_thread(self._diarizer.begin)
        while self._pushed_samples < until and self._voices is not None:
            end = min(until, self._pushed_samples + step)
            sound = await asyncio.to_thread(track.own_sound, self._pushed_samples, end)
            await asyncio.to_thread(self._voices.push, sound)
            self._pushed_samples = end
