"""One speaker in another's microphone: bleed injected into a meeting, and the words that a transcript has twice for it.

Words count as doubled where two speakers have the same word at the same time, and only one of them said it: people do
repeat each other, so what the reference has from both is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from tests.evaluation.meetings import Meeting, Segment
from tests.evaluation.normalisation import words

SAME_TIME_S: Final = 1.0
"""Words this close are at the same time: a reference does not say when each word of a segment was said."""


def with_bleed(meeting: Meeting, level_db: float) -> Meeting:
    """The meeting with every track heard in each of the others, so many decibels from its own level (negative)."""
    gain = 10 ** (level_db / 20)
    length = max(map(len, meeting.sound))
    own = [np.pad(sound.astype(np.float32), (0, length - len(sound))) for sound in meeting.sound]
    together = np.sum(own, axis=0)
    heard = [sound + gain * (together - sound) for sound in own]
    return Meeting(meeting.reference, tuple(np.clip(np.rint(sound), -32768, 32767).astype(np.int16) for sound in heard))


@dataclass(frozen=True, slots=True)
class _SpokenWord:
    speaker: str
    text: str
    start_s: float
    end_s: float

    def is_at_the_time_of(self, other: _SpokenWord) -> bool:
        return self.start_s < other.end_s + SAME_TIME_S and other.start_s < self.end_s + SAME_TIME_S


def doubled(reference: Iterable[Segment], heard: Iterable[Segment], language: str) -> int:
    """How many words of the reference a transcript has from their speaker and, at the same time, from another too.

    The transcript's speakers must go by the reference's names.
    """
    said, found = list(_words(reference, language)), list(_words(heard, language))
    return sum(_is_doubled(word, said, found) for word in said)


def _is_doubled(word: _SpokenWord, said: Iterable[_SpokenWord], found: Iterable[_SpokenWord]) -> bool:
    speakers = {one.speaker for one in found if one.text == word.text and one.is_at_the_time_of(word)}
    genuine = {one.speaker for one in said if one.text == word.text and one.is_at_the_time_of(word)}
    return word.speaker in speakers and bool(speakers - genuine)


def _words(segments: Iterable[Segment], language: str) -> Iterator[_SpokenWord]:
    """Each word by itself, a segment's words spread evenly over it."""
    for segment in segments:
        spoken = words(segment.text, language)
        each_s = (segment.end - segment.start) / max(1, len(spoken))
        for number, text in enumerate(spoken):
            start_s = segment.start + number * each_s
            yield _SpokenWord(segment.speaker, text, start_s, start_s + each_s)
