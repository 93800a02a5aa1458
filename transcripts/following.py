"""A meeting followed from its first word to its transcript: what is said is recognised while people talk.

What was stored is the truth. The utterances that the recorder settles, packed in their order, are the same windows
whoever looks and whenever; which words were heard in them stands in a journal beside the sound. So a process that is
killed goes on where it was, and the transcript does not depend on how the call was followed.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from transcripts.assembling.composing import Surroundings, compose
from transcripts.assembling.speakers import clean_name
from transcripts.assembling.transcript import Stats, Transcript
from transcripts.diarization.following_noticing import FollowedNoticing
from transcripts.diarization.following_voices import FollowedVoices
from transcripts.followed_track import FollowedTrack, is_shared
from transcripts.listening.rest import listen_to_rest
from transcripts.recognition.asked import Urgency
from transcripts.recognition.heard_words import FILE, HeardWords
from transcripts.recognition.language import ENOUGH_SPEECH_S, Evidence, settle
from transcripts.recognition.meeting_words import MeetingWords
from transcripts.recognition.recogniser import DecodingOptions, Hints, RecognitionFailed
from transcripts.sound import seconds
from transcripts.storage.spool import BrokenTrack, StoredTrack, TrackUnreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from transcripts.diarization.voices import Diarizer
    from transcripts.recognition.heard_words import WindowKey
    from transcripts.recognition.hearing import Hearing
    from transcripts.storage.spool import MeetingId, Spool

ROUNDS_LEFT: Final = 4
"""So many windows for each worker may be left when all hang up at once: on two slow cores they take eight seconds. Who
hangs up before is heard meanwhile; to leave fewer costs windows heard in vain."""
QUIET_S: Final = 20.0
"""Whoever has said nothing for this long may have said their last: their open window may be heard early."""
HEARD_IN_VAIN: Final = 0.1
"""What may be spent on windows that have grown since, as a share of what speech takes (a window for each 30 s)."""


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
        self._known_words: MeetingWords | None = None
        self._tracks: dict[str, FollowedTrack] = {}
        self._is_over = False

    @property
    def unheard_s(self) -> float:
        """Seconds of speech that wait for being recognised, in windows that may still grow too."""
        if self._known_words is None:
            return 0.0
        return seconds(sum(key.samples for _, key in self._windows() if key not in self._words.heard))

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
        self._ask_for_final()
        self._ask_early()

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
        self._is_over = True
        self._hearing.hurry(self._meeting)
        self._words.try_again()
        heard_before = self._words.times_heard
        await self._listen_to_rest(stored, shared_names)
        self._words.drop_all_but({key for _, key in self._windows()})
        telling_apart = [asyncio.create_task(self._tell_apart(track)) for track in self._tracks.values()]
        try:
            await self._settle_languages()
            await self._hear_all()
            await asyncio.gather(*telling_apart)
        finally:
            for task in telling_apart:
                task.cancel()
        return await asyncio.to_thread(self._compose, ended_s, self._words.times_heard - heard_before)

    async def leave_off(self) -> None:
        """Nothing more is wanted: let go of what waits or is being heard."""
        for track in self._tracks.values():
            track.leave_off()
        if self._known_words is not None:
            await self._known_words.leave_off()

    async def forget(self) -> None:
        """Nobody may know what was heard: not even the journal."""
        await self.leave_off()
        await asyncio.to_thread(self._journal.erase)

    # What the spool holds

    async def _stored(self) -> list[StoredTrack]:
        if self._known_words is None:
            known = await asyncio.to_thread(self._journal.read)
            self._known_words = MeetingWords(self._meeting, self._hearing, self._journal, known)
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
        self._ask_for_final()

    # What is heard of it

    @property
    def _words(self) -> MeetingWords:
        if self._known_words is None:
            raise RuntimeError("nobody has looked yet")
        return self._known_words

    def _windows(self) -> list[tuple[FollowedTrack, WindowKey]]:
        return [(track, key) for track in self._tracks.values() for key in track.windows]

    def _ask_for_final(self) -> None:
        for track in self._tracks.values():
            self._ask(track)

    def _ask(self, track: FollowedTrack) -> None:
        """Have those windows heard that will not change any more: one that tells the language, then all others."""
        unheard = [key for key in track.final_windows if self._is_wanted(track, key)]
        if not unheard:
            return
        urgency = Urgency.OVER if self._is_over else Urgency.CLOSED
        longest = max(unheard, key=lambda key: key.samples)
        if self._knows_language(track) or (track.speech_s < ENOUGH_SPEECH_S and self._words.languages):
            language = self._languages()[track.name]
            for key in unheard:
                self._hear(track, key, (language,), urgency)
        elif seconds(longest.samples) >= ENOUGH_SPEECH_S and not any(map(self._words.is_in_hand, track.windows)):
            self._hear(track, longest, self._allowed, urgency, then=partial(self._ask, track))

    def _is_wanted(self, track: FollowedTrack, key: WindowKey) -> bool:
        """Also what was heard in the wrong way: as one voice, before somebody said that there are several."""
        if self._words.is_in_hand(key):
            return False
        heard = self._words.heard.get(key)
        return heard is None or (track.is_shared and not heard.several_voices and not self._is_over)

    def _ask_early(self) -> None:
        """Where much would be left if the call ended now, and a worker is idle, hear whom was quiet for longest."""
        unheard = [
            (track.quiet_since_s, track, key)
            for track in self._tracks.values()
            if (key := track.open_window) is not None and key not in self._words.heard
        ]
        if len(unheard) <= ROUNDS_LEFT * self._hearing.at_once or not self._hearing.is_idle:
            return
        now_s = max(track.stored.ended_s for track in self._tracks.values())
        quiet = [
            (since_s, track, key)
            for since_s, track, key in unheard
            if now_s - since_s >= QUIET_S and seconds(key.samples) >= ENOUGH_SPEECH_S
        ]
        if quiet and self._can_afford_one_more():
            _, track, key = min(quiet, key=lambda one: one[0])
            languages = (self._languages()[track.name],) if self._knows_language(track) else self._allowed
            self._hear(track, key, languages, Urgency.OPEN)

    def _can_afford_one_more(self) -> bool:
        """Whether what was heard in vain by now is within its bound."""
        in_vain = self._words.times_heard - sum(key in self._words.heard for _, key in self._windows())
        speech_s = sum(track.speech_s for track in self._tracks.values())
        return in_vain <= HEARD_IN_VAIN * speech_s / 30

    async def _hear_all(self) -> None:
        """Have everything heard that was not, or was taken for another language; return when nothing is left."""
        languages, heard = self._languages(), self._words.heard
        while left := [
            (track, key)
            for track, key in self._windows()
            if key not in self._words.failures and (key not in heard or heard[key].language != languages[track.name])
        ]:
            for track, key in left:
                self._hear(track, key, (languages[track.name],), Urgency.OVER)
            await self._words.until_done()

    def _hear(
        self,
        track: FollowedTrack,
        key: WindowKey,
        languages: Sequence[str],
        urgency: Urgency,
        then: Callable[[], None] = lambda: None,
    ) -> None:
        options = DecodingOptions(tuple(languages), self._hints(), several_voices=track.is_shared)
        self._words.hear(key, track.sound_of(key), options, urgency, then)

    def _hints(self) -> Hints:
        """In an order that does not depend on when one looks: words do, on the order of the hints."""
        names = {clean_name(track.stored.name) for track in self._tracks.values() if track.stored.is_a_person}
        return Hints(tuple(sorted(names - {""})), self._title)

    # In which language

    def _knows_language(self, track: FollowedTrack) -> bool:
        return len(self._allowed) == 1 or track.name in self._words.languages

    def _languages(self) -> dict[str, str]:
        """The language of each track, as far as can be told by now."""
        known = self._words.languages
        evidence = [Evidence(track.speech_s, known.get(track.name, {})) for track in self._tracks.values()]
        return dict(zip(self._tracks, settle(evidence, self._allowed), strict=True))

    async def _settle_languages(self) -> None:
        """Find out the languages that are not known: of those who say little only where nobody says more."""
        speaking = [track for track in self._tracks.values() if track.windows]
        telling = [track for track in speaking if track.speech_s >= ENOUGH_SPEECH_S] or speaking
        unknown = [track for track in telling if not self._knows_language(track)]
        for track in unknown:
            longest = max(track.windows, key=lambda key: key.samples)
            self._hear(track, longest, self._allowed, Urgency.OVER)
        if unknown:
            await self._words.until_done()

    # What comes of it

    async def _tell_apart(self, track: FollowedTrack) -> None:
        if track.noticing is not None and not track.is_shared:
            await track.noticing.finish(track.stored)
            self._look_for_voices(track)
        if track.voices is not None and track.windows:
            track.spans = await track.voices.finish(track.stored)

    def _compose(self, ended_s: float | None, heard_after_the_call: int) -> Transcript:
        languages, words = self._languages(), self._words
        windows = [key for _, key in self._windows()]
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
