"""Leaving alone what could not be had."""

from __future__ import annotations

from bridge.matrix.encryption.pauses import Pauses
from tests.fakes.clocks import Clock


def test_what_keeps_failing_is_left_alone_for_longer_and_longer() -> None:
    """Up to an hour, and not a day."""
    clock = Clock()
    pauses = Pauses[str](clock)
    lengths_s = []
    for _ in range(10):
        pauses.failed("far.test")
        began_s = clock.now_s
        while "far.test" in pauses:
            clock.passes(1)
        lengths_s.append(clock.now_s - began_s)
    assert 30 <= lengths_s[0] <= 61
    assert 1_800 <= lengths_s[-1] <= 3_601


def test_only_what_has_failed_is_left_alone() -> None:
    """And the first failure in a row is known as such."""
    pauses = Pauses[str](Clock())
    assert "far.test" not in pauses
    assert [pauses.failed("far.test"), pauses.failed("far.test")] == [True, False]
    assert "far.test" in pauses
    assert "near.test" not in pauses
    pauses.over("far.test")
    pauses.over("near.test")
    assert "far.test" not in pauses
    assert pauses.failed("far.test")
