"""Utterances: where speech begins and ends in a track, found from voice activity, frame by frame as it comes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from transcripts.sound import ACTIVITY_FRAME_SAMPLES, SAMPLE_RATE_HZ

if TYPE_CHECKING:
    from transcripts.sound import Probabilities

SMOOTHING_FRAMES: Final = 5
"""A breath or a plosive is found over about 160 ms, not in a single frame."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """Speech without a long pause, with its margins; `end_sample` is the first sample after it."""

    start_sample: int
    end_sample: int

    @property
    def samples(self) -> int:
        """How long it is."""
        return self.end_sample - self.start_sample


@dataclass(frozen=True, slots=True)
class CuttingRules:
    """When speech counts as begun and as ended. The defaults are measured; others cost words."""

    speech: float = 0.5
    """From this probability on, a frame is speech."""
    silence: float = 0.35
    """Speech goes on until a frame is below this."""
    pause_s: float = 0.6
    """A pause this long ends an utterance."""
    lead_s: float = 0.4
    """Kept before it: 0.15 s cuts onsets, which are found up to 0.35 s late in a telephone's sound."""
    tail_s: float = 0.3
    """Kept after it: with 0.4 s, no fewer words are wrong, and there are a tenth more windows (measured)."""
    shortest_s: float = 0.1
    """Anything shorter is a click."""
    longest_s: float = 27.0
    """Whoever speaks on without a pause is cut at the quietest moment before this, margins not counted."""


class UtteranceCutter:
    """Cuts one track into utterances; feed it every frame from the first that begins at `from_sample` or later."""

    def __init__(self, rules: CuttingRules | None = None, *, from_sample: int = 0) -> None:
        self._rules = rules or CuttingRules()
        self._pause_frames = _frames(self._rules.pause_s)
        self._longest_frames = _frames(self._rules.longest_s)
        self._lead_samples = round(self._rules.lead_s * SAMPLE_RATE_HZ)
        self._tail_samples = round(self._rules.tail_s * SAMPLE_RATE_HZ)
        self._frame = -(-from_sample // ACTIVITY_FRAME_SAMPLES)
        self._speech: list[float] = []  # the probabilities since the utterance began; empty in silence
        self._spoken = 0  # how many of them reach to the end of speech so far
        self._free_from_sample = from_sample  # what lies before belongs to an earlier utterance

    def push(self, probabilities: Probabilities) -> list[Utterance]:
        """The utterances that end within these frames."""
        ended: list[Utterance] = []
        for probability in probabilities.tolist():
            self._frame += 1
            if self._speech or probability >= self._rules.speech:
                ended.extend(self._hear(probability))
        return ended

    def close(self) -> list[Utterance]:
        """The utterance that the end of the track ends, if any."""
        return self._end()

    @property
    def settled_samples(self) -> int:
        """No utterance that is still to come begins before this sample."""
        begin_frame = self._frame - len(self._speech)
        return max(self._free_from_sample, begin_frame * ACTIVITY_FRAME_SAMPLES - self._lead_samples)

    def _hear(self, probability: float) -> list[Utterance]:
        in_speech = self._spoken == len(self._speech)
        self._speech.append(probability)
        if probability >= (self._rules.silence if in_speech else self._rules.speech):
            self._spoken = len(self._speech)
        if len(self._speech) - self._spoken >= self._pause_frames:
            return self._end()
        if len(self._speech) >= self._longest_frames:
            return self._cut()
        return []

    def _end(self) -> list[Utterance]:
        begin_frame = self._frame - len(self._speech)
        spoken_frames, self._speech, self._spoken = self._spoken, [], 0
        if spoken_frames < _frames(self._rules.shortest_s):
            return []
        first = begin_frame * ACTIVITY_FRAME_SAMPLES - self._lead_samples
        last = (begin_frame + spoken_frames) * ACTIVITY_FRAME_SAMPLES + self._tail_samples
        return [self._utterance(first, min(last, self._frame * ACTIVITY_FRAME_SAMPLES))]

    def _cut(self) -> list[Utterance]:
        smooth = np.convolve(self._speech, np.ones(SMOOTHING_FRAMES) / SMOOTHING_FRAMES, mode="same")
        half = len(self._speech) // 2
        quietest = half + int(np.argmin(smooth[half:-SMOOTHING_FRAMES]))
        begin_frame = self._frame - len(self._speech)
        first = begin_frame * ACTIVITY_FRAME_SAMPLES - self._lead_samples
        cut = self._utterance(first, (begin_frame + quietest) * ACTIVITY_FRAME_SAMPLES)
        self._speech = self._speech[quietest:]
        self._spoken = max(0, self._spoken - quietest)
        return [cut]

    def _utterance(self, first_sample: int, end_sample: int) -> Utterance:
        utterance = Utterance(max(first_sample, self._free_from_sample), end_sample)
        self._free_from_sample = end_sample
        return utterance


def _frames(seconds: float) -> int:
    return max(1, round(seconds * SAMPLE_RATE_HZ / ACTIVITY_FRAME_SAMPLES))
