"""Whose word is whose on a microphone that several people share."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from transcripts.diarization.voices import VoiceSpan
    from transcripts.recognition.recogniser import Word

VOICE: Final = {"fr": "voix", "en": "voice"}


def by_voice(words: Sequence[Word], spans: Sequence[VoiceSpan]) -> dict[int | None, tuple[Word, ...]]:
    """The words of each voice, by the voice's number; all of them under None where there are not two voices.

    A word is said by the voice that speaks during most of its later half, as the recogniser counts the pause before a
    word as part of it; where several do so all the time, by the one who began first, and where nobody seems to speak,
    by the one who does so next to it.

    Args:
        words: of one track.
        spans: who speaks when, on the same clock as the words.
    """
    voices = _parted(spans)
    if len(voices) < 2:  # noqa: PLR2004 (two voices are what this is about)
        return {None: tuple(words)} if words else {}
    said: dict[int | None, list[Word]] = {}
    for word in words:
        middle_s = (word.start_s + word.end_s) / 2
        voice = max(voices, key=lambda number: voices[number].nearness_s(middle_s, word.end_s))
        said.setdefault(voice, []).append(word)
    return {voice: tuple(words) for voice, words in said.items()}


def voice_label(label: str, number: int, language: str) -> str:
    """What the voice of this number, from 1, is called: `Salle 3 — voix 1`."""
    return f"{label} — {VOICE.get(language, VOICE['en'])} {number}"


@dataclass(slots=True)
class _Voice:
    """When one voice speaks, in order."""

    starts_s: list[float] = field(default_factory=list)
    ends_s: list[float] = field(default_factory=list)

    def nearness_s(self, start_s: float, end_s: float) -> tuple[float, float]:
        """How long it speaks within a time, or, below zero, how far it is from it; then, how early it began to."""
        first = bisect_left(self.ends_s, start_s)
        until = bisect_left(self.starts_s, end_s, lo=first)
        if until > first:
            together_s = sum(min(self.ends_s[n], end_s) - max(self.starts_s[n], start_s) for n in range(first, until))
            return together_s, -self.starts_s[first]
        before_s, after_s = self.ends_s[first - 1 : first], self.starts_s[first : first + 1]
        apart_s = min([start_s - end for end in before_s] + [start - end_s for start in after_s])
        return -apart_s, 0.0


def _parted(spans: Iterable[VoiceSpan]) -> dict[int, _Voice]:
    voices: dict[int, _Voice] = {}
    for span in sorted(spans, key=lambda span: span.start_s):
        voice = voices.setdefault(span.voice, _Voice())
        voice.starts_s.append(span.start_s)
        voice.ends_s.append(span.end_s)
    return voices
