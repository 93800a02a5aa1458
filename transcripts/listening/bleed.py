"""Bleed: one participant's voice in another's microphone, told by level, 20 ms by 20 ms, while the sound comes.

A frame is somebody else's when it is well below what its own speaker speaks at, and another track was much louder at
about the same moment; where nothing is known of its speaker, when somebody else spoke much louder. Two microphones of
one participant hear the same voice: there the louder one counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from transcripts.listening.levels import LEVEL_FRAMES_PER_SECOND, SILENCE_DBFS, Levels, SpeechLevel
from transcripts.listening.placed_levels import NEARBY_FRAMES, PlacedLevels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

BELOW_OWN_SPEECH_DB: Final = 12.0
LOUDER_ELSEWHERE_DB: Final = 8.0
SAME_VOICE_DB: Final = 3.0
"""Of two microphones of one participant, the second is heard where it is louder than the first by more than this."""
WORD_FRAMES: Final = 3
"""60 ms before and after: the soft sounds of a word go with its loud ones, whoever else talks at the time."""
MEDIAN_FRAMES: Final = 7
HALF_MEDIAN: Final = MEDIAN_FRAMES // 2
PATIENCE_FRAMES: Final = 2 * LEVEL_FRAMES_PER_SECOND
"""When so much of a track has come, others that have not are waited for no longer: stalled, or their clock jumped."""
KEPT_FRAMES: Final = 10 * LEVEL_FRAMES_PER_SECOND
"""Levels are kept for tracks that lag; one that lags more is heard as if it were alone."""


@dataclass(frozen=True, slots=True)
class Decided:
    """What was decided of a track's frames, from the frame `first` on."""

    first: int
    muted: NDArray[np.bool_]
    own: NDArray[np.bool_]
    """Where no other track was much louder: whoever speaks there is the track's own speaker."""

    @property
    def end(self) -> int:
        """The first frame after them."""
        return self.first + len(self.muted)


class BleedGate:
    """The tracks of one call."""

    def __init__(self) -> None:
        self._tracks: list[GatedTrack] = []

    def open_track(self, microphone_of: str | None, first_frame: int = 0) -> GatedTrack:
        """Take in a track.

        Args:
            microphone_of: whose microphone it is; None where it is none.
            first_frame: which frame of the track is the first to come.
        """
        track = GatedTrack(self, microphone_of, first_frame)
        self._tracks.append(track)
        return track

    def beside(self, track: GatedTrack) -> Iterator[tuple[GatedTrack, bool]]:
        """The other tracks, each with whether it was there before."""
        before = True
        for other in self._tracks:
            if other is track:
                before = False
            else:
                yield other, before

    def forget_ended(self) -> None:
        """Let go of tracks that have ended so long ago that no other asks for them."""
        waiting = [track.undecided_from for track in self._tracks if not track.has_ended]
        earliest = min(waiting, default=0) - 2 * NEARBY_FRAMES
        self._tracks = [track for track in self._tracks if not track.is_decided or track.levels.ends_at > earliest]


class GatedTrack:
    """One track; its frames are counted from its beginning.

    Attributes:
        levels: its levels, as they come.
        speech_level: how loud its own speaker speaks.
        microphone_of: whose microphone it is.
        has_ended: whether no more levels come.
    """

    def __init__(self, gate: BleedGate, microphone_of: str | None, first_frame: int) -> None:
        self.levels = PlacedLevels(first_frame)
        self.speech_level = SpeechLevel()
        self.microphone_of = microphone_of
        self.has_ended = False
        self._gate = gate
        self._began = first_frame
        self._decided = first_frame

    def end(self) -> None:
        """No more levels come: it waits for nobody, and nobody for it."""
        self.has_ended = True

    @property
    def undecided_from(self) -> int:
        """Its first undecided frame, on the meeting's clock."""
        return self.levels.starts_at + self._decided

    @property
    def is_decided(self) -> bool:
        """Whether it has ended and every frame is decided."""
        return self.has_ended and self._decided == self.levels.end

    def decide(self) -> Decided:
        """Decide what can be; no frame is decided twice."""
        first, end = self._decided, self._decidable()
        self._decided = end
        self.levels.keep_from(min(first, end - KEPT_FRAMES))
        if first == end:
            return Decided(first, np.zeros(0, bool), np.zeros(0, bool))
        wide_first, wide_end = first - HALF_MEDIAN, end + HALF_MEDIAN
        own = self._own_around(wide_first, wide_end)
        loudest, same_voice = self._elsewhere(wide_first, wide_end)
        dominated = loudest.anywhere > own + LOUDER_ELSEWHERE_DB
        muted = same_voice | self._is_of_others(own, loudest)
        muted[: max(0, self._began - wide_first)] = False  # there is nothing before its beginning
        muted[len(muted) - max(0, wide_end - self.levels.end) :] = False
        by_median = sliding_window_view(muted, MEDIAN_FRAMES).sum(axis=1) > HALF_MEDIAN
        return Decided(first, by_median, ~(dominated | same_voice)[HALF_MEDIAN:-HALF_MEDIAN])

    def _own_around(self, first: int, end: int) -> Levels:
        """Its own level, the loudest of a word's frames around each."""
        levels = self.levels.between(first - WORD_FRAMES, end + WORD_FRAMES)
        return np.asarray(sliding_window_view(levels, 2 * WORD_FRAMES + 1).max(axis=1), np.float32)

    def _decidable(self) -> int:
        """Up to which frame the others are known for long enough, or have been waited for."""
        if self.has_ended:
            return self.levels.end
        until = self.levels.end - HALF_MEDIAN - WORD_FRAMES
        for other, _ in self._gate.beside(self):
            if not other.has_ended:
                until = min(until, other.levels.ends_at - self.levels.starts_at - NEARBY_FRAMES - HALF_MEDIAN)
        return max(self._decided, until, self.levels.end - PATIENCE_FRAMES)

    def _is_of_others(self, own: Levels, loudest: _Loudest) -> NDArray[np.bool_]:
        """Where it is well below what its speaker speaks at, and another track much louder.

        Who was never heard alone is not known to speak softly: what is much louder in another microphone was said
        there. A film is not said by anybody, and who only speaks while it runs would not be heard at all.
        """
        speech_dbfs = self.speech_level.dbfs
        if speech_dbfs is None:
            return loudest.in_microphones > own + LOUDER_ELSEWHERE_DB
        return (loudest.anywhere > own + LOUDER_ELSEWHERE_DB) & (own < speech_dbfs - BELOW_OWN_SPEECH_DB)

    def _elsewhere(self, first: int, end: int) -> tuple[_Loudest, NDArray[np.bool_]]:
        """How loud the loudest other was, and where another microphone of the same person is heard instead."""
        first_at, end_at = first + self.levels.starts_at, end + self.levels.starts_at
        loudest = _Loudest(*(np.full(end - first, SILENCE_DBFS, np.float32) for _ in range(2)))
        same_voice = np.zeros(end - first, bool)
        for other, was_before in self._gate.beside(self):
            nearby = other.levels.nearby_at(first_at, end_at)
            if nearby is None:
                continue
            if self.microphone_of is not None and other.microphone_of == self.microphone_of:
                lead_db = -SAME_VOICE_DB if was_before else SAME_VOICE_DB
                louder = (nearby > self.levels.nearby(first, end) + lead_db) & (nearby > SILENCE_DBFS)
                same_voice |= louder & other.levels.is_there_at(first_at, end_at)
            else:
                loudest.take(other.levels.outstanding_at(first_at, end_at), other.microphone_of is not None)
        return loudest, same_voice


@dataclass(frozen=True, slots=True)
class _Loudest:
    """How loud the loudest other track was; a noise that never ends, as of a car, is not counted: it is no voice."""

    anywhere: Levels
    in_microphones: Levels

    def take(self, levels: Levels, is_a_microphone: bool) -> None:
        np.maximum(self.anywhere, levels, out=self.anywhere)
        if is_a_microphone:
            np.maximum(self.in_microphones, levels, out=self.in_microphones)
