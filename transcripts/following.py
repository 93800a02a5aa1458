"""A meeting followed from its first word to its transcript: what is said is recognised while people talk.

What was stored is the truth. The utterances that the recorder settles, packed in their order, are the same windows
whoever looks and whenever; which words were heard in them stands in a journal beside the sound. So a process that is
killed goes on where it was, and the transcript does not depend on how the call was followed.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from transcripts.asking import Asking
from transcripts.assembling.composing import Surroundings, compose
from transcripts.assembling.transcript import Stats, Transcript
from transcripts.diarization.following_noticing import FollowedNoticing
from transcripts.diarization.following_voices import FollowedVoices
from transcripts.followed_track import FollowedTrack, is_shared
from transcripts.listening.rest import listen_to_rest
from transcripts.recognition.heard_words import FILE, HeardWords
from transcripts.recognition.meeting_words import MeetingWords
from transcripts.recognition.recogniser import RecognitionFailed
from transcripts.sound import seconds
from transcripts.storage.spool import BrokenTrack, StoredTrack, TrackUnreadable

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from transcripts.diarization.voices import Diarizer
    from transcripts.recognition.hearing import Hearing
    from transcripts.storage.spool import MeetingId, Spool


class Follower:
    """Follows one meeting. Owned by one task, which calls `leave_off` when it is done, whatever came of it."""

    def __init__(
        self,
        meeting: MeetingId,
        title: str,
        spool: Spool,
        hearing: Hearing,
        *,
        languages: Sequence[str],
        voices: Diarizer | None = None,
        notice: bool = True,
    ) -> None:
        """Nothing is looked at yet.

        Args:
            meeting: whose sound in the spool.
            title: what its transcript is called.
            spool: where the sound lies.
            hearing: recognises speech, that of all meetings of this process.
            languages: those that the meeting may be held in.
            voices: tells voices at a shared microphone apart; None: they stay under one name.
            notice: whether a shared microphone is noticed although nobody said that it is one.
        """
        self._meeting = meeting
        self._title = title
        self._spool = spool
        self._hearing = hearing
        self._allowed = languages
        self._diarizer = voices
        self._notices = notice and voices is not None
        self._journal = HeardWords(spool.folder(meeting) / FILE)
        self._tracks: dict[str, FollowedTrack] = {}
        self._words = MeetingWords(meeting, hearing, self._journal)
        self._asking = Asking(self._tracks, self._words, hearing, title=title, languages=languages)

    @property
    def unheard_s(self) -> float:
        """Seconds of speech that wait for being recognised, in windows that may still grow too."""
        return seconds(sum(key.samples for _, key in self._asking.windows if key not in self._words.heard))

    async def look(self, shared_names: Collection[str] = ()) -> None:
        """Take up what the spool holds by now; returns when it is handed over, not when it is recognised.

        Args:
            shared_names: participants of whom it was said that several people share their microphone.

        Raises:
            OSError: the spool cannot be read.
        """
        for stored in await self._stored():
            track = self._track(stored, shared_names)
            track.take_up(stored)
            track.follow_voices()
        self._asking.ask()

    async def finish(self, ended_s: float | None, shared_names: Collection[str] = ()) -> Transcript:
        """All sound is there: hear out the rest and put it together, without minutes.

        Args:
            ended_s: when the call ended, in seconds of the meeting; None where nobody knows.
            shared_names: as for `look`.

        Raises:
            RecognitionFailed: not one window could be recognised, though there are some; trying again may help.
            OSError: the spool cannot be read.
        """
        stored = await self._stored()
        self._asking.hurry()
        self._hearing.hurry(self._meeting)
        self._words.try_again()
        heard_before = self._words.times_heard
        await self._listen_to_rest(stored, shared_names)
        self._words.drop_all_but({key for _, key in self._asking.windows})
        telling_apart = [asyncio.create_task(self._tell_apart(track)) for track in self._tracks.values()]
        try:
            await self._asking.hear_out()
            await asyncio.gather(*telling_apart)
        finally:
            for task in telling_apart:
                task.cancel()
        return await asyncio.to_thread(self._compose, ended_s, self._words.times_heard - heard_before)

    async def leave_off(self) -> None:
        """Nothing more is wanted: let go of what waits or is being heard."""
        for track in self._tracks.values():
            track.leave_off()
        await self._words.leave_off()

    async def forget(self) -> None:
        """Nobody may know what was heard: not even the journal."""
        await self.leave_off()
        await asyncio.to_thread(self._journal.erase)

    # What the spool holds

    async def _stored(self) -> list[StoredTrack]:
        await self._words.recall()
        found = await asyncio.to_thread(self._spool.tracks, self._meeting)
        return [track for track in found if isinstance(track, StoredTrack)]

    def _track(self, stored: StoredTrack, shared_names: Collection[str]) -> FollowedTrack:
        track = self._tracks.setdefault(stored.path.stem, FollowedTrack(stored))
        if self._notices and track.noticing is None and self._diarizer is not None and stored.is_a_person:
            track.noticing = FollowedNoticing(self._diarizer)
        self._look_for_voices(track, said=is_shared(stored, shared_names))
        return track

    def _look_for_voices(self, track: FollowedTrack, *, said: bool = False) -> None:
        """Tell voices apart from now on where several people share the microphone: it was said, or is noticed."""
        track.is_shared = track.is_shared or said or (track.noticing is not None and track.noticing.several)
        if track.is_shared and self._diarizer is not None and track.voices is None:
            track.voices = FollowedVoices(self._diarizer)

    async def _listen_to_rest(self, found: Sequence[StoredTrack], shared_names: Collection[str]) -> None:
        """Listen to what no recorder has listened to."""
        rest = await asyncio.to_thread(listen_to_rest, found)
        for stored, speech in zip(found, rest, strict=True):
            track = self._track(stored, shared_names)
            if isinstance(speech, TrackUnreadable):
                track.failure = str(speech)
            else:
                track.take_up(replace(stored, speech=speech))
        self._asking.ask()

    # What comes of it

    async def _tell_apart(self, track: FollowedTrack) -> None:
        if track.noticing is not None and not track.is_shared:
            await track.noticing.finish(track.stored)
            self._look_for_voices(track)
        if track.voices is not None and track.windows:
            track.spans = await track.voices.finish(track.stored)

    def _compose(self, ended_s: float | None, heard_after_the_call: int) -> Transcript:
        languages, words = self._asking.languages(), self._words
        windows = [key for _, key in self._asking.windows]
        if words.failures and not any(key in words.heard for key in windows):
            raise RecognitionFailed(next(iter(words.failures.values())))
        # By arrival, not as they came to be known: voices are numbered in this order.
        tracks = sorted(self._tracks.values(), key=lambda track: (track.stored.started_s, track.name))
        heard = [track.heard(words.heard, words.failures, languages[track.name]) for track in tracks]
        broken = [track for track in self._spool.tracks(self._meeting) if isinstance(track, BrokenTrack)]
        began_at = self._spool.began_at(self._meeting) or time.time()
        about = Surroundings(self._meeting, self._title, began_at, self._spool.stays(self._meeting), ended_s)
        stats = Stats(
            tracks=len(heard) + len(broken),
            windows=len(windows),
            audio_s=round(sum(seconds(track.stored.samples) for track in heard), 2),
            speech_s=round(sum(track.speech_s for track in heard), 2),
            cpu_s=round(sum(words.heard[key].cpu_s for key in windows if key in words.heard), 2),
            times_heard=words.times_heard,
            heard_after_the_call=heard_after_the_call,
        )
        return compose(about, heard, broken, self._allowed, stats)
