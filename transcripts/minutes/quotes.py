"""Whether words stand in a turn: a quote is compared without regard to case, spaces, apostrophes, edge punctuation."""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from transcripts.assembling.turns import Turn

_APOSTROPHES: Final = str.maketrans("’‘ʼ′`´", "''''''")
_CLOSING: Final = "?!;:»"
"""French sets a space before these, and recognisers do or do not."""


class Quotable:
    """A turn whose words can be found by a quote of them. A word here is what stands between two spaces."""

    def __init__(self, turn: Turn) -> None:
        self.speaker = turn.speaker
        self._words: list[str] = []
        self._start_s: list[float] = []
        for word in turn.words:
            parts = word.text.split()
            if parts and self._words and not word.text[0].isspace():
                self._words[-1] += parts.pop(0)  # a recogniser may give `aujourd` and `'hui`
            self._words += parts
            self._start_s += [word.start_s] * len(parts)
        self._plain, self._begins = _joined(self._words)

    def __len__(self) -> int:
        return len(self._words)

    def find(self, quote: str) -> tuple[int, int] | None:
        """The places of the first and the last word of a quote; None where it does not stand in the turn."""
        wanted, _ = _joined(quote.split())
        wanted = _without_edges(wanted)
        if not wanted or len(wanted) > len(self._plain):
            return None
        at = self._plain.find(wanted)
        while at >= 0:
            end = at + len(wanted)
            if not self._plain[at - 1 : at].isalnum() and not self._plain[end : end + 1].isalnum():
                return bisect_right(self._begins, at) - 1, bisect_right(self._begins, end - 1) - 1
            at = self._plain.find(wanted, at + 1)
        return None

    def words(self, first: int, last: int) -> str:
        """The words from one place to another, as they stand."""
        return " ".join(self._words[first : last + 1])

    def start_s(self, place: int) -> float:
        """When a word begins, in seconds of the meeting."""
        return self._start_s[place]


def stands_in(text: str, quote: str) -> bool:
    """Whether the words of a text are words of a quote, in a row; punctuation counts nowhere."""
    return f" {_bare(text)} " in f" {_bare(quote)} "


def _bare(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).translate(_APOSTROPHES).casefold()
    return " ".join("".join(letter if letter.isalnum() else " " for letter in plain).split())


def has_words(text: str) -> bool:
    """Whether there is anything but spaces and punctuation."""
    return any(character.isalnum() for character in text)


def _joined(words: list[str]) -> tuple[str, list[int]]:
    """The words in the form in which they are compared, and where each of them begins in it."""
    begins: list[int] = []
    parts: list[str] = []
    length = 0
    for word in words:
        plain = unicodedata.normalize("NFKC", word).translate(_APOSTROPHES).casefold()
        if parts and not plain.startswith(tuple(_CLOSING)) and not parts[-1].endswith("«"):
            plain = f" {plain}"
        begins.append(length)
        parts.append(plain)
        length += len(plain)
    return "".join(parts), begins


def _without_edges(text: str) -> str:
    first = next((n for n, character in enumerate(text) if character.isalnum()), len(text))
    last = next((n for n in range(len(text), 0, -1) if text[n - 1].isalnum()), 0)
    return text[first:last]
