"""Hints: the names and the title of a meeting as words that Whisper is told beforehand, so that it spells them right.

Whisper takes them for what was said just before. Two things follow: they may steer it (names are typed by anybody, so
they are cleaned, cut and counted here), and on noise it may say them again, as if they had been heard (`echoes`).
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from transcripts.recognition.recogniser import Hints, Recognition

MOST_NAMES: Final = 20
LONGEST_NAME: Final = 40
LONGEST_TITLE: Final = 100
LONGEST_PHRASE: Final = 300
"""In characters, about 100 tokens: what Whisper is told takes room from what it may say (448 tokens for both)."""
ECHO_SHARE: Final = 0.7
"""From this share on, the words of a window are the hints and little else."""

_SPECIAL_TOKENS: Final = re.compile(r"<\|.*?\|>|<\||\|>")
_NOT_IN_NAMES: Final = re.compile(r"[^\w\s'’.\-]|_", re.UNICODE)
_WORDS: Final = re.compile(r"\w+", re.UNICODE)


def phrase(hints: Hints) -> str:
    """The hints as one short text: the title, then the names; empty where there is nothing to tell."""
    title = _clean(hints.title, LONGEST_TITLE)
    names = list(dict.fromkeys(name for name in (_clean(name, LONGEST_NAME) for name in hints.names) if name))
    parts = [f"{title}."] if title else []
    if names:
        parts.append(f"{', '.join(names[:MOST_NAMES])}.")
    return _cut(" ".join(parts), LONGEST_PHRASE)


def echoes(recognition: Recognition, told: str) -> bool:
    """Whether what was heard is (nearly) only what had been told beforehand."""
    known = set(_words(told))
    heard = [word for part in recognition.words for word in _words(part.text)]
    return bool(heard) and sum(word in known for word in heard) >= ECHO_SHARE * len(heard)


def _clean(text: str, longest: int) -> str:
    """Letters, digits and what names are written with: no control characters, none of Whisper's own tokens."""
    text = unicodedata.normalize("NFC", _SPECIAL_TOKENS.sub(" ", text))
    return _cut(" ".join(_NOT_IN_NAMES.sub(" ", text).split()).strip(" .-"), longest)


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest + 1].rpartition(" ")[0] or text[:longest]


def _words(text: str) -> list[str]:
    return _WORDS.findall(text.casefold())
