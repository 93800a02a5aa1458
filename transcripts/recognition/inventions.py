"""What Whisper makes up: words on noise and silence, loops, and the credits of the films it learned from."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from transcripts.recognition.recogniser import Recognition

NO_SPEECH_PROBABILITY: Final = 0.6
"""Above it there is no speech: stopped 108 of 108 clips of noise and none of 132 real utterances (measured)."""
COMPRESSION_RATIO: Final = 2.4
AVERAGE_LOG_PROBABILITY: Final = -1.0
"""These two are Whisper's own bounds for a decoding that went wrong."""

CREDITS: Final = (
    r"^\W*sous[- ]?titrages? (st\b|mfp\b|fr\b|société|par\b)",  # Sous-titrage ST' 501
    r"^\W*sous[- ]?titres (réalisés|faits|par)\b",
    r"amara\.org",
    r"merci d['’]avoir (regardé|visionné) (cette|la|ma|notre) vidéo",
    r"abonnez[- ]vous à (la|ma|notre) chaîne",
    r"^\W*subtitles? (by|provided)\b",
    r"^\W*(thanks|thank you)( so much)? for watching\W*$",
    r"like and subscribe",
)
_CREDITS: Final = re.compile("|".join(CREDITS), re.IGNORECASE)
LONGEST_CREDITS_WORDS: Final = 15


def went_wrong(recognition: Recognition) -> bool:
    """Whether speech deserves another try: the words loop, or the engine hardly believes itself."""
    return recognition.no_speech_probability <= NO_SPEECH_PROBABILITY and (
        recognition.compression_ratio > COMPRESSION_RATIO
        or recognition.average_log_probability < AVERAGE_LOG_PROBABILITY
    )


def is_invented(recognition: Recognition) -> bool:
    """Whether nobody said this: no speech was there, words go round in a loop, or they are a film's credits."""
    if recognition.no_speech_probability > NO_SPEECH_PROBABILITY or recognition.compression_ratio > COMPRESSION_RATIO:
        return True
    return len(recognition.words) <= LONGEST_CREDITS_WORDS and bool(
        _CREDITS.search("".join(word.text for word in recognition.words))
    )
