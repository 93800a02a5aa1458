"""Texts reduced to the words that a listener hears, so that spelling conventions do not count as errors.

Whisper writes `42 %` where the reference says `quarante-deux pour cent`; both become the same five words.
"""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from typing import Final

from num2words import num2words

DIGIT_GROUPS: Final = {
    "fr": re.compile(r"(?<=\d)[ .\u00a0\u202f](?=\d{3}(?!\d))"),
    "en": re.compile(r"(?<=\d)[ ,\u00a0\u202f](?=\d{3}(?!\d))"),
}
ORDINAL: Final = {
    "fr": re.compile(r"\b(\d+)(?:ers?|res?|èmes?|emes?|nde?s?|es?)\b"),
    "en": re.compile(r"\b(\d+)(?:st|nd|rd|th)\b"),
}
CLOCK: Final = {"fr": re.compile(r"\b(\d{1,2}) ?(?:h|:) ?(\d{2})?\b"), "en": re.compile(r"\b(\d{1,2}):(\d{2})\b")}
NUMBER: Final = {"fr": re.compile(r"\d+(?:,\d+)?"), "en": re.compile(r"\d+(?:\.\d+)?")}
SYMBOLS: Final = {
    "fr": {"%": " pour cent ", "€": " euros ", "$": " dollars ", "&": " et "},
    "en": {"%": " percent ", "€": " euros ", "$": " dollars ", "&": " and "},
}
SAME_WORD: Final = {
    "fr": {"ok": "okay", "mr": "monsieur", "mme": "madame"},
    "en": {"ok": "okay", "mr": "mister"},
}


def words(text: str, language: str) -> list[str]:
    """The words of a text, lower-case, without punctuation, numbers spelt out (`fr` and `en`; others as English)."""
    rules = language if language in NUMBER else "en"
    plain = unicodedata.normalize("NFC", text).lower().replace("per cent", "percent")
    plain = DIGIT_GROUPS[rules].sub("", plain)
    plain = re.sub(r"([€$]) ?(\d+(?:[.,]\d+)*)", r"\2 \1", plain)
    for symbol, said in SYMBOLS[rules].items():
        plain = plain.replace(symbol, said)
    plain = ORDINAL[rules].sub(lambda found: _ordinal(int(found[1]), rules), plain)
    plain = CLOCK[rules].sub(lambda found: _clock(found[1], found[2], rules), plain)
    plain = NUMBER[rules].sub(lambda found: _number(found[0], rules), plain)
    return [SAME_WORD[rules].get(word, word) for word in re.findall(r"[^\W_]+", plain.replace("œ", "oe"))]


def _number(digits: str, language: str) -> str:
    return f" {num2words(Decimal(digits.replace(',', '.')), lang=language)} "


def _ordinal(number: int, language: str) -> str:
    return f" {num2words(number, to='ordinal', lang=language)} "


def _clock(hours: str, minutes: str | None, language: str) -> str:
    said_minutes = "" if not minutes or int(minutes) == 0 else _number(str(int(minutes)), language)
    if language == "fr":
        unit = "heure" if int(hours) == 1 else "heures"
        said_hours = "une" if int(hours) == 1 else _number(hours, language)
        return f" {said_hours} {unit} {said_minutes} "
    return f" {_number(hours, language)} {said_minutes} "
