"""Minutes as a value: claims, each with the turn whose words it rests on; what rests on no words is dropped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transcripts.assembling.turns import Turn

Kind = Literal["key_point", "decision", "action", "question"]
"""`question`: one that was left open."""
Writer = Literal["rules", "model"]
Fallback = Literal["timeout", "refused", "away", "nonsense"]
"""Why the rules wrote minutes that a language model was asked for."""


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
    """The claims whose quote stands in their turn, in order; time and speaker are those of the words quoted."""
    raise NotImplementedError
