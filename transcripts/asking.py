"""Asking for words: which windows of a meeting are heard when, in which language, and with which hints.

A window is heard as soon as it will not change any more. The first of a track tells its language; who says too little
for that speaks what the others do, and is heard when somebody has told.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from transcripts.assembling.speakers import clean_name
from transcripts.recognition.asked import Urgency
from transcripts.recognition.language import ENOUGH_SPEECH_S, Evidence, settle
from transcripts.recognition.recogniser import DecodingOptions, Hints
from transcripts.sound import seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from transcripts.followed_track import FollowedTrack
    from transcripts.recognition.heard_words import WindowKey
    from transcripts.recognition.hearing import Hearing
    from transcripts.recognition.meeting_words import MeetingWords

ROUNDS_LEFT: Final = 4
"""So many windows for each worker may be left when all hang up at once: on two slow cores they take eight seconds. Who
hangs up before is heard meanwhile; to leave fewer costs windows heard in vain."""
QUIET_S: Final = 20.0
"""Whoever has said nothing for this long may have said their last: their open window may be heard early."""
HEARD_IN_VAIN: Final = 0.1
"""What may be spent on windows that have grown since, as a share of what speech takes (a window for each 30 s)."""


class Asking:
    """Asks for the words of one meeting."""

    def __init__(
        self,
        tracks: Mapping[str, FollowedTrack],
        words: MeetingWords,
        hearing: Hearing,
        *,
        title: str,
        languages: Sequence[str],
    ) -> None:
        """Nothing is asked for yet.

        Args:
            tracks: those of the meeting, as they come to be known.
            words: what was heard of it.
            hearing: recognises speech.
            title: what the meeting is called.
            languages: those that it may be held in.
        """
        self._tracks = tracks
        self._words = words
        self._hearing = hearing
        self._title = title
        self._allowed = languages
        self._is_over = False

    def hurry(self) -> None:
        """The call is over, and somebody waits for its transcript."""
        self._is_over = True

    def ask(self) -> None:
        """Ask for what is worth hearing by now."""
        for track in self._tracks.values():
            self._ask(track)
        if not self._is_over:
            self._ask_early()

    async def hear_out(self) -> None:
        """Have all heard that is left; what failed is not tried again."""
        await self._settle_languages()
        await self._hear_all()

    def languages(self) -> dict[str, str]:
        """The language of each track, as far as can be told by now."""
        known = self._words.languages
        evidence = [Evidence(track.speech_s, known.get(track.name, {})) for track in self._tracks.values()]
        return dict(zip(self._tracks, settle(evidence, self._allowed), strict=True))

    @property
    def windows(self) -> list[tuple[FollowedTrack, WindowKey]]:
        """All that there are by now, each with its track."""
        return [(track, key) for track in self._tracks.values() for key in track.windows]

    def _ask(self, track: FollowedTrack) -> None:
        """Have those windows heard that will not change any more: one that tells the language, then all others."""
        unheard = [key for key in track.final_windows if self._is_wanted(track, key)]
        if not unheard:
            return
        urgency = Urgency.OVER if self._is_over else Urgency.CLOSED
        longest = max(unheard, key=lambda key: key.samples)
        if self._knows_language(track) or (track.speech_s < ENOUGH_SPEECH_S and self._words.languages):
            language = self.languages()[track.name]
            self._hear(track, unheard, (language,), urgency)
        elif seconds(longest.samples) >= ENOUGH_SPEECH_S and not any(map(self._words.is_in_hand, track.windows)):
            self._hear(track, [longest], self._allowed, urgency, then=partial(self._ask, track))

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
            languages = (self.languages()[track.name],) if self._knows_language(track) else self._allowed
            self._hear(track, [key], languages, Urgency.OPEN)

    def _can_afford_one_more(self) -> bool:
        """Whether what was heard in vain by now is within its bound."""
        in_vain = self._words.times_heard - sum(key in self._words.heard for _, key in self.windows)
        speech_s = sum(track.speech_s for track in self._tracks.values())
        return in_vain <= HEARD_IN_VAIN * speech_s / 30

    async def _hear_all(self) -> None:
        """Have everything heard that was not, or was taken for another language; return when nothing is left."""
        languages, heard = self.languages(), self._words.heard

        def left(track: FollowedTrack) -> list[WindowKey]:
            language = languages[track.name]
            unheard = [key for key in track.windows if key not in heard or heard[key].language != language]
            return [key for key in unheard if key not in self._words.failures]

        while unheard := [(track, keys) for track in self._tracks.values() if (keys := left(track))]:
            for track, keys in unheard:
                self._hear(track, keys, (languages[track.name],), Urgency.OVER)
            await self._words.until_done()

    def _hear(
        self,
        track: FollowedTrack,
        keys: Iterable[WindowKey],
        languages: Sequence[str],
        urgency: Urgency,
        then: Callable[[], None] = lambda: None,
    ) -> None:
        options = DecodingOptions(tuple(languages), self._hints(), several_voices=track.is_shared)
        for key in keys:
            self._words.hear(key, track.sound_of(key), options, urgency, then)

    def _hints(self) -> Hints:
        """In an order that does not depend on when one looks: words do, on the order of the hints."""
        names = {clean_name(track.stored.name) for track in self._tracks.values() if track.stored.is_a_person}
        return Hints(tuple(sorted(names - {""})), self._title)

    def _knows_language(self, track: FollowedTrack) -> bool:
        return len(self._allowed) == 1 or track.name in self._words.languages

    async def _settle_languages(self) -> None:
        """Find out the languages that are not known: of those who say little only where nobody says more."""
        speaking = [track for track in self._tracks.values() if track.windows]
        telling = [track for track in speaking if track.speech_s >= ENOUGH_SPEECH_S] or speaking
        unknown = [track for track in telling if not self._knows_language(track)]
        for track in unknown:
            longest = max(track.windows, key=lambda key: key.samples)
            self._hear(track, [longest], self._allowed, Urgency.OVER)
        if unknown:
            await self._words.until_done()
