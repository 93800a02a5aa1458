"""Noticing, on a track that is followed, that several people speak into its microphone although nobody said so."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from transcripts.diarization.background import BackgroundWork
from transcripts.diarization.noticing import Noticing

if TYPE_CHECKING:
    from transcripts.diarization.voices import Diarizer
    from transcripts.storage.spool import StoredTrack


class FollowedNoticing:
    """Listens to a track's utterances as they are settled. What fails is logged once: then nothing is noticed."""

    def __init__(self, diarizer: Diarizer) -> None:
        self._noticing = Noticing(diarizer.voiceprints)
        self._heard_until = 0
        self._background = BackgroundWork("nobody will notice it where a microphone is shared")

    @property
    def several(self) -> bool:
        """Whether several voices are plain by now."""
        return self._noticing.several

    def take_up(self, track: StoredTrack) -> None:
        """Listen to what has been said since, beside whatever else goes on."""
        self._background.begin(partial(self._listen, track))

    async def finish(self, track: StoredTrack) -> None:
        """The track is over: listen to the rest of it."""
        await self._background.then(partial(self._listen, track))

    def leave_off(self) -> None:
        """Nobody wants to know any more."""
        self._background.leave_off()

    async def _listen(self, track: StoredTrack) -> None:
        for start, end in track.speech.utterances:
            if start < self._heard_until:
                continue
            if self.several:
                return
            await asyncio.to_thread(self._hear, track, start, end)
            self._heard_until = end

    def _hear(self, track: StoredTrack, start: int, end: int) -> None:
        self._noticing.push(track.own_sound(start, end))
