"""Gaps: when the call went on and no recorder was in it, and where a reader meets that among the turns."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from transcripts.assembling.turns import Turn
    from transcripts.storage.sidecar import Stay

SHORTEST_GAP_S: Final = 0.5
"""Less is no more than a word. A stay that is shorter does not part two gaps: sound takes about as long to arrive."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A time of the call that was not recorded, in seconds of the meeting."""

    start_s: float
    end_s: float

    @property
    def lasted_s(self) -> float:
        """How long it was."""
        return self.end_s - self.start_s

    @property
    def middle_s(self) -> float:
        """Words that stand before this were heard before the gap.

        None was heard within it. But its edges are known to a second or two only, so some may seem to have been.
        """
        return (self.start_s + self.end_s) / 2


def gaps(stays: Iterable[Stay], ended_s: float | None) -> tuple[Gap, ...]:
    """What was missed: between the stays, and after the last one until the call ended, where that is known.

    Before the first stay nothing counts as missed. After one that is `over` nothing was: the call was closed, or the
    recorder put out of it on purpose. Stays may overlap, as when one recorder takes another's place, and come in any
    order.
    """
    missed: list[Gap] = []
    last: Stay | None = None  # the one of those so far that lasted longest
    for stay in sorted(stays, key=lambda stay: stay.joined_s):
        if last is not None and not last.over:
            _add(missed, Gap(last.left_s, stay.joined_s))
        if last is None or stay.left_s >= last.left_s:
            last = stay
    if last is not None and not last.over and ended_s is not None:
        _add(missed, Gap(last.left_s, ended_s))
    return tuple(gap for gap in missed if gap.lasted_s >= SHORTEST_GAP_S)


def in_reading_order(turns: Iterable[Turn], gaps: Sequence[Gap]) -> Iterator[Turn | Gap]:
    """The turns with the gaps among them; a turn that spans a gap is parted there."""
    middles_s = [gap.middle_s for gap in gaps]
    parts = (part for turn in turns for part in _parted(turn, middles_s))
    places: list[tuple[float, Turn | Gap]] = [*zip(middles_s, gaps, strict=True)]
    places += ((part.start_s, part) for part in parts)
    return (passage for _, passage in sorted(places, key=lambda place: place[0]))


def _add(missed: list[Gap], gap: Gap) -> None:
    if gap.lasted_s <= 0:
        return
    if missed and gap.start_s - missed[-1].end_s < SHORTEST_GAP_S:
        gap = Gap(missed.pop().start_s, gap.end_s)
    missed.append(gap)


def _parted(turn: Turn, at_s: Sequence[float]) -> Iterator[Turn]:
    for _, words in groupby(turn.words, key=lambda word: bisect_right(at_s, word.start_s)):
        yield replace(turn, words=tuple(words))
