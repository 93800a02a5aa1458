"""Stretches of time without others."""

from __future__ import annotations

import pytest

from tests.faults.spans import Span, length, without


@pytest.mark.parametrize(
    ("others", "left"),
    [
        ([], [Span(0, 10)]),
        ([Span(2, 3)], [Span(0, 2), Span(3, 10)]),
        ([Span(-5, 4), Span(9, 20)], [Span(4, 9)]),
        ([Span(2, 4), Span(3, 6)], [Span(0, 2), Span(6, 10)]),
        ([Span(0, 10)], []),
        ([Span(10, 12)], [Span(0, 10)]),
    ],
)
def test_what_is_left_of_a_span_without_others(others: list[Span], left: list[Span]) -> None:
    """Cut out of the middle, at the ends, overlapping, all of it, beside it."""
    assert list(without([Span(0, 10)], others)) == left
    assert length(left) == 10 - length(without([Span(0, 10)], left))
