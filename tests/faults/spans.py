"""Stretches of time, and what is left of them without others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, order=True)
class Span:
    """From a moment to another one."""

    start_s: float
    end_s: float

    def wider(self, by_s: float) -> Span:
        """With so much more on both sides."""
        return Span(self.start_s - by_s, self.end_s + by_s)


def without(spans: Iterable[Span], others: Iterable[Span]) -> tuple[Span, ...]:
    """What of `spans` is in none of `others`."""
    left = list(spans)
    for other in others:
        left = [
            piece
            for span in left
            for piece in (
                Span(span.start_s, min(span.end_s, other.start_s)),
                Span(max(span.start_s, other.end_s), span.end_s),
            )
            if piece.start_s < piece.end_s
        ]
    return tuple(left)


def length(spans: Iterable[Span]) -> float:
    """How long they are together, of those that do not overlap."""
    return sum(span.end_s - span.start_s for span in spans)
