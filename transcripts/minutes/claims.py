"""Minutes as a value: claims, each with the turn whose words it rests on; what rests on no words is dropped."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal, get_args

from transcripts.minutes.quotes import Quotable, has_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transcripts.assembling.turns import Turn

Kind = Literal["key_point", "decision", "action", "question"]
"""`question`: one that was left open."""
Writer = Literal["rules", "model"]
Fallback = Literal["timeout", "refused", "away", "nonsense"]
"""Why the rules wrote minutes that a language model was asked for."""

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
LONGEST_TEXT: Final = 600
"""Characters of what is to be one sentence; what is longer is no claim."""
LONGEST_DETAIL: Final = 80
"""Characters of `who` and `due`."""
NEARBY_TURNS: Final = 5
"""`who` and `due` may be said so many turns before or after the words quoted: “Until when?” “Friday.”"""


@dataclass(frozen=True, slots=True)
class Claim:
    """One thing that the minutes say, in the meeting's language, and the words that it rests on."""

    kind: Kind
    text: str
    """What the minutes say: one sentence."""
    turn: int
    """The index, among the transcript's turns, of the one it rests on."""
    quote: str
    """The words of that turn that it rests on, as they stand there."""
    start_s: float
    """When these words begin, in seconds of the meeting."""
    speaker: str
    """Who said them."""
    who: str | None = None
    """Of an action: who is to do it, as far as that was said."""
    due: str | None = None
    """Of an action: by when, in the words that were used."""


@dataclass(frozen=True, slots=True)
class Minutes:
    """What a meeting came to."""

    claims: tuple[Claim, ...]
    """By kind in the order of `Kind`, then by time."""
    writer: Writer = "rules"
    fallback: Fallback | None = None


def verified(claims: Sequence[Claim], turns: Sequence[Turn]) -> tuple[Claim, ...]:
    """The claims whose quote stands in their turn, in order; time and speaker are those of the words quoted.

    The quote becomes the turn's own words. A quote of one word out of several proves nothing and is dropped with its
    claim, as is a text that is empty or longer than any sentence. Of what else a claim says, `who` must be a speaker
    or stand nearby in the transcript, and `due` stand there: otherwise it is not said. Claims of one kind on the same
    words are one.
    """
    book = _Book(turns)
    found = sorted(
        (found for claim in claims if (found := _resting(claim, book)) is not None),
        key=lambda found: (KINDS.index(found.claim.kind), found.claim.turn, found.first),
    )
    merged: list[_Found] = []
    for one in found:
        if merged and one.shares_words_with(merged[-1]):
            merged[-1] = merged[-1].with_details_of(one)
        else:
            merged.append(one)
    return tuple(
        sorted((one.claim for one in merged), key=lambda claim: (KINDS.index(claim.kind), claim.start_s, claim.turn))
    )


@dataclass(frozen=True, slots=True)
class _Found:
    """A claim and the places of its first and last word in its turn."""

    claim: Claim
    first: int
    last: int

    def shares_words_with(self, earlier: _Found) -> bool:
        return (self.claim.kind, self.claim.turn) == (
            earlier.claim.kind,
            earlier.claim.turn,
        ) and self.first <= earlier.last

    def with_details_of(self, other: _Found) -> _Found:
        claim = replace(self.claim, who=self.claim.who or other.claim.who, due=self.claim.due or other.claim.due)
        return replace(self, claim=claim, last=max(self.last, other.last))


class _Book:
    """The turns, each made ready to be quoted when it first is."""

    def __init__(self, turns: Sequence[Turn]) -> None:
        self._turns = turns
        self._quotable: dict[int, Quotable] = {}
        self.speakers = {turn.speaker for turn in turns}

    def turn(self, index: int) -> Quotable | None:
        if not 0 <= index < len(self._turns):
            return None
        if index not in self._quotable:
            self._quotable[index] = Quotable(self._turns[index])
        return self._quotable[index]

    def is_said_near(self, words: str, index: int) -> bool:
        near = range(max(0, index - NEARBY_TURNS), min(len(self._turns), index + NEARBY_TURNS + 1))
        return any(turn is not None and turn.find(words) is not None for turn in map(self.turn, near))


def _resting(claim: Claim, book: _Book) -> _Found | None:
    turn, text = book.turn(claim.turn), " ".join(claim.text.split())
    if turn is None or claim.kind not in KINDS or len(text) > LONGEST_TEXT or not has_words(text):
        return None
    place = turn.find(claim.quote)
    if place is None or (place[0] == place[1] and len(turn) > 1):
        return None
    who = claim.who if claim.who in book.speakers else _said(claim.who, claim.turn, book)
    held = replace(
        claim,
        text=text,
        quote=turn.words(*place),
        start_s=turn.start_s(place[0]),
        speaker=turn.speaker,
        who=who if claim.kind == "action" else None,
        due=_said(claim.due, claim.turn, book) if claim.kind == "action" else None,
    )
    return _Found(held, *place)


def _said(detail: str | None, near: int, book: _Book) -> str | None:
    """A detail of an action on one line, if it was said near the words that the action rests on."""
    line = " ".join((detail or "").split())
    return line if 0 < len(line) <= LONGEST_DETAIL and book.is_said_near(line, near) else None
