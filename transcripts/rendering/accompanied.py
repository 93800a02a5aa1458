"""A turn as it is read: who speaks, and their words, with what listeners said meanwhile in brackets."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from transcripts.assembling.folding import Accompanied
from transcripts.rendering.file_wording import file_wording
from transcripts.rendering.typography import colon, quoted, set_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transcripts.assembling.turns import Turn

_WAITING: Final = re.compile(r"[\s,;:]+$")


@dataclass(frozen=True, slots=True)
class Piece:
    """Words to be read in a row, in the typography of the language that they were said in."""

    text: str
    aside: bool
    """Whether they are a listener's: then they are in brackets, with the listener's name."""


def pieces(read: Accompanied, language: str) -> Iterator[Piece]:
    """The words of a turn and of its listeners, in order; `language` is the reader's."""
    for part in read.pieces():
        said = set_text(part.text, part.language)
        if part in read.listeners:
            yield Piece(f"({part.speaker}{colon(language)}{quoted(_closed(said), language)})", aside=True)
        else:
            yield Piece(said, aside=False)


def who(turn: Turn, language: str) -> str:
    """The speaker's name, with a mark in words where somebody else goes on meanwhile."""
    return f"{turn.speaker} ({file_wording(language).overlapped})" if turn.overlapped else turn.speaker


def halves(read: Accompanied) -> Iterator[Accompanied]:
    """The turn in two, each with the listeners of its own time; of a single word and its listeners, each by itself."""
    words = read.turn.words
    if len(words) == 1:
        yield from map(Accompanied, read.pieces())
        return
    middle = len(words) // 2
    before = sum(listener.start_s <= words[middle].start_s for listener in read.listeners)
    yield Accompanied(replace(read.turn, words=words[:middle]), read.listeners[:before])
    yield Accompanied(replace(read.turn, words=words[middle:]), read.listeners[before:])


def _closed(said: str) -> str:
    """What is quoted, without a comma at its end that waits for more."""
    return _WAITING.sub("", said) or said
