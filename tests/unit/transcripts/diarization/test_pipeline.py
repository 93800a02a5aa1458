"""Spans of one voice are joined over short pauses, as pyannote does with a whole file."""

from __future__ import annotations

from transcripts.diarization.pipeline import joined
from transcripts.diarization.voices import VoiceSpan


def test_short_pauses_of_a_voice_are_filled() -> None:
    """Also where somebody else speaks in the pause, and where a block ends within a span; longer pauses stay."""
    spans = [VoiceSpan(0, 0.0, 1.0), VoiceSpan(1, 1.0, 1.3), VoiceSpan(0, 1.2, 300.0), VoiceSpan(0, 300.0, 301.0)]

    assert set(joined([*spans, VoiceSpan(0, 301.5, 302.0)], 0.3)) == {
        VoiceSpan(0, 0.0, 301.0),
        VoiceSpan(1, 1.0, 1.3),
        VoiceSpan(0, 301.5, 302.0),
    }
