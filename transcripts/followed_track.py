"""One track of a meeting that is followed: its speech, packed into windows as it is settled, and its voices."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from transcripts.assembling.composing import HeardTrack
from transcripts.assembling.speakers import clean_name
from transcripts.listening.utterances import Utterance
from transcripts.recognition.heard_words import WindowKey
from transcripts.recognition.placing import cut, placed
from transcripts.recognition.windows import pack
from transcripts.sound import seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from transcripts.diarization.following_noticing import FollowedNoticing
    from transcripts.diarization.following_voices import FollowedVoices
    from transcripts.diarization.voices import VoiceSpan
    from transcripts.recognition.hearing import Heard
    from transcripts.recognition.windows import Window
    from transcripts.sound import Samples
    from transcripts.storage.spool import StoredTrack


@dataclass(slots=True)
class FollowedTrack:
    """A track as far as it is known."""

    stored: StoredTrack
    windows: dict[WindowKey, Window] = field(default_factory=dict)
    """All of its speech so far, in order."""
    failure: str = ""
    is_shared: bool = False
    noticing: FollowedNoticing | None = None
    voices: FollowedVoices | None = None
    spans: tuple[VoiceSpan, ...] = ()

    @property
    def name(self) -> str:
        """What its words are kept under."""
        return self.stored.path.stem

    @property
    def speech_s(self) -> float:
        """How much is said in it, with margins."""
        return seconds(sum(window.samples for window in self.windows.values()))

    @property
    def final_windows(self) -> list[WindowKey]:
        """Those that will not change any more."""
        return list(self.windows) if self.stored.speech.is_complete else list(self.windows)[:-1]

    @property
    def open_window(self) -> WindowKey | None:
        """The one that may still grow."""
        return None if self.stored.speech.is_complete else next(reversed(self.windows), None)

    @property
    def quiet_since_s(self) -> float:
        """When the last of its speech ended, in seconds of the meeting."""
        last = next(reversed(self.windows), None)
        return self.stored.started_s + (seconds(last.end_sample) if last is not None else 0.0)

    def take_up(self, stored: StoredTrack) -> None:
        """What is settled of it by now, packed; what was packed before stays as it is but for the last window."""
        if stored.speech.utterances != self.stored.speech.utterances or not self.windows:
            packed = pack(Utterance(start, end) for start, end in stored.speech.utterances)
            self.windows = {WindowKey.of(self.name, window): window for window in packed}
        self.stored = stored

    def follow_voices(self) -> None:
        """Have what is settled of it listened to by those who care for voices."""
        if self.voices is not None:
            self.voices.take_up(self.stored)
        elif self.noticing is not None and not self.noticing.several:
            self.noticing.take_up(self.stored)

    def leave_off(self) -> None:
        """Nobody wants to know any more whose voice is whose."""
        for follower in (self.noticing, self.voices):
            if follower is not None:
                follower.leave_off()

    def sound_of(self, key: WindowKey) -> Callable[[], Samples]:
        """What cuts this window's sound when that is needed: it holds on to nothing of what is known by now."""
        return partial(self._cut, self.windows[key])

    def heard(self, heard: Mapping[WindowKey, Heard], failures: Mapping[WindowKey, str], language: str) -> HeardTrack:
        """All that is known of it in the end."""
        words = [
            word
            for key, window in self.windows.items()
            if key in heard
            for word in placed(heard[key].recognition, window, self.stored.started_s)
        ]
        failure = self.failure or next((failures[key] for key in self.windows if key in failures), "")
        unseparated = self.is_shared and (self.voices is None or self.voices.failed)
        return HeardTrack(
            self.stored, language, self.speech_s, tuple(words), failure, self.spans, unseparated=unseparated
        )

    def _cut(self, window: Window) -> Samples:
        return cut(window, self.stored)


def is_shared(stored: StoredTrack, names: Collection[str]) -> bool:
    """Whether somebody said that several people speak into this microphone: its participant, or another in the room."""
    name = clean_name(stored.name).casefold()
    return stored.shared_microphone or any(name == clean_name(shared).casefold() for shared in names)
