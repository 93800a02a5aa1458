"""Sentences: what a speaker says from one full stop to the next, with the words as they stand and when they were said.

A recogniser's punctuation is a guess: a stop may be missing where somebody paused, or stand after an abbreviation. And
a sentence that somebody else broke into goes on in the speaker's next turn.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transcripts.assembling.turns import Turn
    from transcripts.recognition.recogniser import Word

PAUSE_S: Final = 1.2
"""A pause that ends a sentence where the next word has a capital."""
GOES_ON_WITHIN_S: Final = 4.0
"""A sentence that was broken into is taken up again within this time …"""
GOES_ON_TURNS: Final = 3
"""… and so many turns."""
LONGEST_WORDS: Final = 60
"""More words without a stop are no sentence: the recogniser has forgotten it, and the next comma or pause is one …"""
MOST_WORDS: Final = 120
"""… and any word ends it here."""
MISHEARD: Final = 0.55
"""Below this mean probability of its words a sentence makes no sense, most often …"""
UNSURE: Final = 0.7
"""… and below this one too, where …"""
UNSURE_OF_A_WORD: Final = 0.25
"""… the least sure quarter of it is below this. Read off whisper-base on the recorded meetings."""
BARE_WORDS: Final = 20
"""After so many words without any punctuation the recogniser gives none, and …"""
BARE_PAUSE_S: Final = 0.4
"""… a pause is what there is to tell sentences by."""
_STOP: Final = re.compile(r"[.!?…]+['’\"»)\]]*$")
_PUNCTUATED: Final = re.compile(r"[.!?…,;:]['’\"»)\]]*$")
_ABBREVIATION: Final = re.compile(r"\W*(?:[A-Z]|(?i:mm|mmes?|mlles?|dr|mr|mrs|ms|prof|cf|vs|approx|e\.g|i\.e))\.$")
_OPEN: Final = re.compile(r"[,;:–—-]['’\"»)]*$|[\w'’]$|…$|\.\.\.$")


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of one speaker; `text` is all of it, also where it runs over two turns."""

    turn: int
    """The index of the turn that holds it, or the longest piece of it."""
    first: int
    """The index, among the turn's words, of the first word of that piece …"""
    after: int
    """… and of the first one after it."""
    speaker: str
    language: str
    text: str
    quote: str
    """The piece, as it stands in the turn."""
    start_s: float
    end_s: float
    probability: float
    """How sure the recogniser was of its words, on average, from 0 to 1 …"""
    least: float
    """… and of the quarter of them that it was least sure of: one word misheard can make nonsense of a sentence."""
    plain: str
    """The text in lower case with straight apostrophes, letter by letter as long as the text."""

    @property
    def words(self) -> int:
        """How many words it has."""
        return sum(any(letter.isalnum() for letter in word) for word in self.text.split())

    def goes_on_with(self, following: Sentence) -> bool:
        """Whether the other one follows it in the same turn, so that both can be quoted in one go."""
        return (self.turn, self.after) == (following.turn, following.first)

    @property
    def is_doubtful(self) -> bool:
        """Whether it is more likely misheard than not."""
        return self.probability < MISHEARD or (self.probability < UNSURE and self.least < UNSURE_OF_A_WORD)

    @property
    def asks(self) -> bool:
        """Whether it ends with a question mark."""
        return self.text.rstrip("'’\"»)] ").endswith("?")


@dataclass(frozen=True, slots=True)
class _Piece:
    """Words of a turn, from one index up to another, which is not included."""

    turn: int
    first: int
    words: tuple[Word, ...]

    @property
    def text(self) -> str:
        return " ".join("".join(word.text for word in self.words).split())


def sentences(turns: Sequence[Turn]) -> list[Sentence]:
    """The sentences of all turns, by when they begin."""
    pieces = [_pieces(index, turn) for index, turn in enumerate(turns)]
    whole: list[tuple[_Piece, ...]] = []
    open_of: dict[str, int] = {}
    """By speaker, the place in `whole` of a sentence that has not ended."""
    for index, turn in enumerate(turns):
        for n, piece in enumerate(pieces[index]):
            before = open_of.pop(turn.speaker, None) if n == 0 else None
            if before is not None and _goes_on(whole[before][-1], piece):
                whole[before] = (*whole[before], piece)
                place = before
            else:
                place = len(whole)
                whole.append((piece,))
            if n == len(pieces[index]) - 1 and _OPEN.search(piece.text):
                open_of[turn.speaker] = place
    made = (_sentence(parts, turns[parts[0].turn]) for parts in whole)
    return sorted((one for one in made if one.text), key=lambda one: (one.start_s, one.turn, one.first))


def plain(text: str) -> str:
    """A text in lower case with straight apostrophes and plain spaces, letter by letter as long as the text."""
    return "".join(_plain_letter(letter) for letter in text)


def _plain_letter(letter: str) -> str:
    if letter in "’‘ʼ":
        return "'"
    if letter.isspace():
        return " "
    lower = letter.lower()
    return lower if len(lower) == 1 else letter


def _pieces(index: int, turn: Turn) -> list[_Piece]:
    pieces: list[_Piece] = []
    begin = bare = 0
    for n, (word, following) in enumerate(pairwise(turn.words), start=1):
        bare = 0 if _PUNCTUATED.search(word.text) else bare + 1
        if _ends(word, following, n - begin) or (bare >= BARE_WORDS and _paused(word, following)):
            pieces.append(_Piece(index, begin, turn.words[begin:n]))
            begin, bare = n, 0
    pieces.append(_Piece(index, begin, turn.words[begin:]))
    return pieces


def _paused(word: Word, following: Word) -> bool:
    """Whether there is a pause between two words, which are no halves of one."""
    return following.text[:1].isspace() and following.start_s - word.end_s >= BARE_PAUSE_S


def _ends(word: Word, following: Word, length: int) -> bool:
    """Whether a sentence of so many words ends between these two."""
    if not following.text[:1].isspace() or not following.text.strip():
        return False
    text, begins_high = word.text.strip(), following.text.lstrip(" \"'«(-")[:1].isupper()
    if _STOP.search(text) and not _ABBREVIATION.match(text):
        return begins_high or following.text.strip()[:1].isdigit() or text[-1] in "?!" or not text.endswith("…")
    paused = following.start_s - word.end_s >= PAUSE_S
    if length >= MOST_WORDS:
        return True
    return (paused and begins_high) or (length >= LONGEST_WORDS and (paused or text.endswith((",", ";", ":"))))


def _goes_on(before: _Piece, piece: _Piece) -> bool:
    return (
        piece.turn - before.turn <= GOES_ON_TURNS
        and piece.words[0].start_s - before.words[-1].end_s <= GOES_ON_WITHIN_S
        and piece.text[:1].islower()
    )


def _sentence(parts: tuple[_Piece, ...], turn: Turn) -> Sentence:
    longest = max(parts, key=lambda part: len(part.words))
    words = [word for part in parts for word in part.words]
    text = " ".join(part.text for part in parts if part.text)
    sure = sorted(word.probability for word in words)
    quarter = max(1, len(sure) // 4)
    return Sentence(
        turn=longest.turn,
        first=longest.first,
        after=longest.first + len(longest.words),
        speaker=turn.speaker,
        language=turn.language,
        text=text,
        quote=longest.text,
        start_s=words[0].start_s,
        end_s=max(word.end_s for word in words),
        probability=sum(sure) / len(sure),
        least=sum(sure[:quarter]) / quarter,
        plain=plain(text),
    )
