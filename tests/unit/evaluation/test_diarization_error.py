"""The diarization error rate against values worked out by hand."""

from __future__ import annotations

import pytest

from tests.evaluation.diarization_error import Diarization, compare
from tests.evaluation.meetings import Segment

SAID = (Segment("Claire", 0.0, 4.0, ""), Segment("Marc", 3.0, 6.0, ""))  # 7 s, one of them by both


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        pytest.param(((0.0, 4.0, "voix 2"), (3.0, 6.0, "voix 1")), Diarization(7, 0, 0, 0, 2, 2), id="perfect"),
        pytest.param(((0.0, 6.0, "voix 1"),), Diarization(7, 1, 0, 2, 2, 1), id="two voices taken for one"),
        pytest.param(((0.0, 4.0, "a"), (3.0, 6.0, "b"), (8.0, 9.5, "c")), Diarization(7, 0, 1.5, 0, 2, 3), id="noise"),
        pytest.param((), Diarization(7, 7, 0, 0, 2, 0), id="nothing found"),
    ],
)
def test_errors_are_told_apart(found: tuple[tuple[float, float, str], ...], expected: Diarization) -> None:
    """Overlap counts for each voice; nothing is forgiven at the borders."""
    result = compare(SAID, [Segment(voice, start, end, "") for start, end, voice in found])
    assert result == expected


def test_a_collar_forgives_on_either_side_of_a_change() -> None:
    """A quarter of a second late is right within that, and wrong within less."""
    late = [Segment("a", 0.25, 4.25, ""), Segment("b", 3.25, 6.25, "")]

    assert compare(SAID, late, collar_s=0.25).der == 0
    assert compare(SAID, late).der > 0
    assert compare(SAID, late, collar_s=0.2).der > 0


def test_the_rate_is_over_what_was_spoken() -> None:
    """In percent."""
    assert Diarization(8, 1, 0.5, 0.5, 2, 2).der == 25.0
