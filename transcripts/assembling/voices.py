"""Whose word is whose on a microphone that several people share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transcripts.diarization.voices import VoiceSpan
    from transcripts.recognition.recogniser import Word

VOICE: Final = {"fr": "voix", "en": "voice"}


def by_voice(words: Sequence[Word], spans: Sequence[VoiceSpan]) -> dict[int | None, tuple[Word, ...]]:
    """The words of each voice, by the voice's number; all of them under None where there are not two voices.

    A word is said by the voice that speaks during most of its later half, as the recogniser counts the pause before a
    word as part of it; where nobody seems to speak, by the one who does so next to it.

    Args:
        words: of one track.
        spans: who speaks when, on the same clock as the words.
    """
    if len({span.voice for span in spans}) < 2:  # noqa: PLR2004 (two voices are what this is about)
        return {None: tuple(words)} if words else {}
    parted: dict[int | None, list[Word]] = {}
    for word in words:
        middle_s = (word.start_s + word.end_s) / 2
        voice = max(spans, key=lambda span: _nearness_s(span, middle_s, word.end_s)).voice
        parted.setdefault(voice, []).append(word)
    return {voice: tuple(said) for voice, said in parted.items()}


def voice_label(label: str, number: int, language: str) -> str:
    """What the voice of this number, from 1, is called: `Salle 3 — voix 1`."""
    return f"{label} — {VOICE.get(language, VOICE['en'])} {number}"


def _nearness_s(span: VoiceSpan, start_s: float, end_s: float) -> float:
    """How long a span and a time overlap; below zero, how far they are from each other."""
    return min(span.end_s, end_s) - max(span.start_s, start_s)
