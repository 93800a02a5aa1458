"""Folding: a listener's words read within the turn that they accompany, not as turns that break it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from transcripts.assembling.gaps import Gap
from transcripts.assembling.turns import LONGEST_TURN_S, Turn

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


@dataclass(frozen=True, slots=True)
class Accompanied:
    """A turn, and what its listeners said meanwhile, in order."""

    turn: Turn
    listeners: tuple[Turn, ...] = ()

    def pieces(self) -> Iterator[Turn]:
        """The turn parted where a listener's words come in, and these words: read one after the other."""
        rest = self.turn.words
        for said in self.listeners:
            heard = sum(word.start_s < said.start_s for word in rest)
            while 0 < heard < len(rest) and not rest[heard].text[:1].isspace():
                heard += 1  # `aujourd` and `'hui` are two words of the recogniser's, and one of the reader's
            if heard:
                yield Turn(self.turn.speaker, self.turn.language, rest[:heard])
            yield said
            rest = rest[heard:]
        if rest:
            yield Turn(self.turn.speaker, self.turn.language, rest)


def folded(passages: Iterable[Turn | Gap]) -> Iterator[Accompanied | Gap]:
    """The passages in reading order, with listeners' words folded in; where the turn is not there, they stand alone."""
    read: list[Accompanied | Gap] = []
    for passage in passages:
        if isinstance(passage, Gap):
            read.append(passage)
            continue
        host = _host(read, passage) if passage.listening else None
        if host is None:
            read.append(Accompanied(passage))
        else:
            index, accompanied = host
            read[index] = Accompanied(accompanied.turn, (*accompanied.listeners, passage))
    yield from read


def _host(read: list[Accompanied | Gap], said: Turn) -> tuple[int, Accompanied] | None:
    for index in reversed(range(len(read))):
        passage = read[index]
        if isinstance(passage, Gap) or said.start_s - passage.turn.start_s > 2 * LONGEST_TURN_S:
            return None
        if passage.turn.speaker != said.speaker and passage.turn.end_s >= said.start_s:
            return index, passage
    return None
