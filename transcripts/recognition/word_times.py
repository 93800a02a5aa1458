"""When each word of a text was said, from timed pieces of it: a server's list of words, its segments, or the window.

OpenAI's list of words has no punctuation and may part or join words otherwise than the text does, so the text is the
authority on how words are written and the pieces only on when they were said. The two are aligned letter by letter.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Final

from transcripts.recognition.recogniser import Word

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LONGEST_ALIGNED_LETTERS: Final = 2000
"""Twice what is said in 30 s: beyond it nothing is aligned (it takes quadratic time), words are spread evenly."""
ENOUGH_LETTERS: Final = 0.5
"""A word less of whose letters is found was not what the piece there says."""
UNTIMED_WORD_S: Final = 0.3


@dataclass(frozen=True, slots=True)
class Piece:
    """Some of the text, when it was said in seconds of the window, and how probable it is."""

    text: str
    start_s: float
    end_s: float
    probability: float


@dataclass(frozen=True, slots=True)
class _Letter:
    letter: str
    start_s: float
    end_s: float
    probability: float


def timed_words(text: str, pieces: Sequence[Piece], window_s: float, probability: float) -> tuple[Word, ...]:
    """The text's words in order, each with the space before it and its punctuation; times never run backwards.

    Args:
        text: What was said.
        pieces: In order; with none of them, the words are spread over the window.
        window_s: How long the window is; no word is outside of it.
        probability: Of words that no piece tells of.
    """
    words = written_words(text)
    if not words:
        return ()
    letters = [letter for piece in pieces for letter in _letters(piece)]
    spans = _found(words, letters) if letters else {}
    if not spans:
        whole = list(_letters(Piece("".join(words), 0.0, window_s, probability)))
        spans = _found(words, whole)
    return tuple(_in_order(words, spans, window_s, probability))


def written_words(text: str) -> list[str]:
    """The text's words, each with a space before it; what has no letter goes with the word before it (`demain ?`)."""
    words: list[str] = []
    opening = ""
    for part in text.split():
        if any(map(str.isalnum, part)):
            words.append(f"{opening} {part}")
            opening = ""
        elif words:
            words[-1] += f" {part}"
        else:
            opening += f" {part}"
    return words


def letters_of(text: str) -> str:
    """What is compared: letters and digits without case and accents."""
    return "".join(c for c in unicodedata.normalize("NFKD", text).casefold() if c.isalnum())


def _letters(piece: Piece) -> Iterator[_Letter]:
    text = letters_of(piece.text)
    step_s = (piece.end_s - piece.start_s) / max(1, len(text))
    for n, letter in enumerate(text):
        start_s = piece.start_s + n * step_s
        yield _Letter(letter, start_s, start_s + step_s, piece.probability)


def _found(words: Sequence[str], letters: Sequence[_Letter]) -> dict[int, _Letter]:
    """For each word that the letters tell of, by its index: from its first letter's time to its last one's."""
    owners = [index for index, word in enumerate(words) for _ in letters_of(word)]
    wanted = "".join(letters_of(word) for word in words)
    found: dict[int, list[_Letter]] = {}
    for at, letter in _matches(wanted, letters):
        found.setdefault(owners[at], []).append(letter)
    return {
        index: _Letter("", mine[0].start_s, mine[-1].end_s, min(letter.probability for letter in mine))
        for index, mine in found.items()
        if len(mine) >= ENOUGH_LETTERS * len(letters_of(words[index]))
    }


def _matches(wanted: str, letters: Sequence[_Letter]) -> Iterator[tuple[int, _Letter]]:
    there = "".join(letter.letter for letter in letters)
    if there == wanted:
        yield from enumerate(letters)
    elif max(len(there), len(wanted)) <= LONGEST_ALIGNED_LETTERS:
        for block in SequenceMatcher(None, wanted, there, autojunk=False).get_matching_blocks():
            for n in range(block.size):
                yield block.a + n, letters[block.b + n]


def _in_order(words: Sequence[str], spans: dict[int, _Letter], window_s: float, probability: float) -> Iterator[Word]:
    last_start_s = 0.0
    last_end_s = 0.0
    for index, word in enumerate(words):
        span = spans.get(index) or _between(index, len(words), spans, last_end_s, window_s, probability)
        start_s = min(max(span.start_s, last_start_s), window_s)
        end_s = min(max(span.end_s, start_s), window_s)
        yield Word(word, start_s, end_s, span.probability)
        last_start_s, last_end_s = start_s, end_s


def _between(
    index: int, count: int, spans: dict[int, _Letter], from_s: float, window_s: float, probability: float
) -> _Letter:
    """A word that no piece tells of: in its share of the time until the next one of which one does."""
    following = next((later for later in range(index + 1, count) if later in spans), count)
    until_s = spans[following].start_s if following < count else window_s
    share_s = max(0.0, until_s - from_s) / (following - index)
    if following == count or index == 0:
        share_s = min(share_s, UNTIMED_WORD_S)
    start_s = until_s - share_s * (following - index) if index == 0 else from_s
    return _Letter("", start_s, start_s + share_s, probability)
