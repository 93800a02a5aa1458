"""What Whisper makes up: words on noise and silence, loops, and the credits of the films it learned from."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from transcripts.recognition.recogniser import Recognition

NO_SPEECH_PROBABILITY: Final = 0.6
"""Above it there is no speech: stopped 108 of 108 clips of noise and none of 132 real utterances (measured)."""
SUSPECT_NO_SPEECH_PROBABILITY: Final = 0.45
"""Above it, words are believed only if the engine does."""
SURE_NO_SPEECH_PROBABILITY: Final = 0.3
"""Up to it, speech was there: of 142 utterances heard one by one, noisy, clipped and 8 kHz ones too, one reached 0.3;
windows stay below 0.21, with hints as well. What hints let pass of noise is above 0.43 (measured)."""
COMPRESSION_RATIO: Final = 2.4
AVERAGE_LOG_PROBABILITY: Final = -1.0
"""These two are Whisper's own bounds for a decoding that went wrong."""

_THANKS: Final = r"(merci|thanks|thank you)( (beaucoup|bien|infiniment|so much|very much|all))?"
CREDITS: Final = (
    r"^\W*sous[- ]?titrages? (st\b|mfp\b|fr\b|société|par\b|réalisé|radio)",  # Sous-titrage ST' 501
    r"^\W*(sous[- ]?titres|transcription|traduction)( et (sous[- ]?titres|traduction))? (réalisée?s?|faite?s?) par\b",
    r"^\W*sous[- ]?titres? (par|de|fr)\b",
    r"amara\.org",
    r"tipeee\.com|opensubtitles|subtitlecat",
    r"\bsous[- ]titres? (de|par) (la )?communauté",
    r"d['’]avoir (regardé|visionné|suivi) (cette|la|ma|notre) vidéo",
    r"^\W*merci (de votre|pour votre) visionnage\W*$",
    r"abonnez[- ]vous( à (la|ma|notre|cette) chaîne|\W*$)",
    r"n['’]oubliez pas de (vous abonner|liker|mettre un pouce)",
    r"à (très )?bientôt pour une (nouvelle|prochaine) vidéo",
    r"cliquez sur la cloche",
    r"^\W*(sub(titles?|titled)|(closed )?caption(s|ed|ing)?|transcri(ption|bed)|translated)( (provided|made))? by\b",
    rf"^\W*{_THANKS} for watching(( this| my| our| the) video)?\W*$",
    r"(please )?(like(,)? (share )?and subscribe|subscribe to (my|our|the) channel)",
    r"^\W*please subscribe\W*$",
    r"see you (in the|in my) next (video|one)\W*$",
    r"©|^\W*copyright\b",
)
_CREDITS: Final = re.compile("|".join(CREDITS), re.IGNORECASE)
LONGEST_CREDITS_WORDS: Final = 15

FILLERS: Final = (
    r"merci( (beaucoup|à tous|à vous))?",
    r"(bye|you|oh|okay|thank you( (so|very) much)?|thanks)",
    r"(au revoir|à bientôt|bonne (journée|soirée))",
    r"(musique|music|applaudissements|applause|rires|laughter)( (douce|de fin|playing))?",
    r"(c['’]est (ça|parti|bon)|je ne sais pas|i don['’]t know)",
)
"""What it also says on noise, and what people do say: believed where the engine believes itself."""
_FILLERS: Final = re.compile(rf"^\W*(?:(?:{'|'.join(FILLERS)})\W*)+$", re.IGNORECASE)


def went_wrong(recognition: Recognition) -> bool:
    """Whether speech deserves another try: the words loop, or the engine hardly believes itself.

    Not where it hardly believes that there was speech either: another try has chance in it, and on noise chance finds
    words that the engine believes.
    """
    if recognition.no_speech_probability > NO_SPEECH_PROBABILITY:
        return False
    if _is_disbelieved(recognition, SUSPECT_NO_SPEECH_PROBABILITY):
        return False
    return (
        recognition.compression_ratio > COMPRESSION_RATIO
        or recognition.average_log_probability < AVERAGE_LOG_PROBABILITY
    )


def is_doubtful(recognition: Recognition) -> bool:
    """Whether it is not certain that there was speech and that these were the words."""
    return (
        recognition.no_speech_probability > SURE_NO_SPEECH_PROBABILITY
        or recognition.average_log_probability < AVERAGE_LOG_PROBABILITY
    )


def is_invented(recognition: Recognition) -> bool:
    """Whether nobody said this: no speech was there, words go round in a loop, or they are a film's credits."""
    if recognition.no_speech_probability > NO_SPEECH_PROBABILITY or recognition.compression_ratio > COMPRESSION_RATIO:
        return True
    if _is_disbelieved(recognition, SUSPECT_NO_SPEECH_PROBABILITY):
        return True
    text = "".join(word.text for word in recognition.words)
    if not any(map(str.isalnum, text)):
        return True
    if len(recognition.words) > LONGEST_CREDITS_WORDS:
        return False
    if _CREDITS.search(text):
        return True
    return bool(_FILLERS.match(text)) and _is_disbelieved(recognition, SURE_NO_SPEECH_PROBABILITY)


def _is_disbelieved(recognition: Recognition, no_speech_probability: float) -> bool:
    return (
        recognition.no_speech_probability > no_speech_probability
        and recognition.average_log_probability < AVERAGE_LOG_PROBABILITY
    )
