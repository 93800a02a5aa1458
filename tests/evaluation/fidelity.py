"""How far a transcript is from what was said: cpWER, tcpWER and tcORC-WER, as meeteval computes them.

All texts are reduced to the words that a listener hears first. The three differ in what they forgive: cpWER asks who
said what in which order, tcpWER also when (within a collar), tcORC-WER when, but not who. So tcpWER − tcORC-WER is what
attributing words to speakers costs (von Neumann et al., “MeetEval”, CHiME 2023).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from meeteval.io import SegLST
from meeteval.wer import (
    cp_word_error_rate,
    time_constrained_minimum_permutation_word_error_rate,
    time_constrained_orc_wer,
)

from tests.evaluation.meetings import Segment
from tests.evaluation.normalisation import words
from transcripts.assembling.turns import Turn
from transcripts.recognition.recogniser import Word

COLLAR_S: Final = 5.0
"""By how much a word's time may be wrong."""
PHRASE_PAUSE_S: Final = 0.8
"""Words that are further apart are compared by times of their own."""


@dataclass(frozen=True, slots=True)
class Errors:
    """Word errors, of one meeting or summed over several."""

    reference_words: int = 0
    cp: int = 0
    tcp: int = 0
    tcorc: int = 0

    @property
    def cpwer(self) -> float:
        """In percent."""
        return self._percent(self.cp)

    @property
    def tcpwer(self) -> float:
        """In percent."""
        return self._percent(self.tcp)

    @property
    def tcorcwer(self) -> float:
        """In percent."""
        return self._percent(self.tcorc)

    @property
    def attribution(self) -> float:
        """What attributing the words to speakers costs, in points."""
        return self.tcpwer - self.tcorcwer

    def __add__(self, other: Errors) -> Errors:
        """Those of both."""
        return Errors(
            self.reference_words + other.reference_words,
            self.cp + other.cp,
            self.tcp + other.tcp,
            self.tcorc + other.tcorc,
        )

    def _percent(self, errors: int) -> float:
        if self.reference_words:
            return 100 * errors / self.reference_words
        return float("inf") if errors else 0.0


def errors(reference: Iterable[Segment], heard: Iterable[Segment], language: str) -> Errors:
    """Compare what was said with what was heard, each by speaker and time."""
    expected, found = _comparable(reference, language), _comparable(heard, language)
    count = sum(len(segment["words"].split()) for segment in expected)
    if not expected:
        extra = sum(len(segment["words"].split()) for segment in found)
        return Errors(0, extra, extra, extra)
    said, understood = SegLST(expected), SegLST(found)
    return Errors(
        count,
        int(cp_word_error_rate(said, understood).errors),
        int(time_constrained_minimum_permutation_word_error_rate(said, understood, collar=COLLAR_S).errors),
        int(time_constrained_orc_wer(said, understood, collar=COLLAR_S).errors),
    )


def heard_in(turns: Iterable[Turn]) -> list[Segment]:
    """The words of a transcript as segments, each without a pause."""
    return [segment for turn in turns for segment in phrases(turn.speaker, turn.words)]


def phrases(speaker: str, spoken: Sequence[Word]) -> list[Segment]:
    """One speaker's words as segments, each without a pause."""
    ordered = sorted(spoken, key=lambda word: word.start_s)
    ends = [n for n, (word, following) in enumerate(pairwise(ordered), start=1) if _pauses(word, following)]
    bounds = pairwise([0, *ends, len(ordered)])
    return [_segment(speaker, ordered[begin:end]) for begin, end in bounds if end > begin]


def _pauses(word: Word, following: Word) -> bool:
    return following.start_s - word.end_s >= PHRASE_PAUSE_S


def _segment(speaker: str, spoken: Sequence[Word]) -> Segment:
    text = " ".join("".join(word.text for word in spoken).split())
    return Segment(speaker, spoken[0].start_s, max(word.end_s for word in spoken), text)


def _comparable(segments: Iterable[Segment], language: str) -> list[dict[str, Any]]:
    comparable = [
        {
            "session_id": "meeting",
            "speaker": segment.speaker,
            "start_time": segment.start,
            "end_time": max(segment.end, segment.start),
            "words": " ".join(words(segment.text, language)),
        }
        for segment in sorted(segments, key=lambda segment: segment.start)
    ]
    return [segment for segment in comparable if segment["words"]]
