"""Memory that has an end."""

from __future__ import annotations

from bridge.matrix.encryption.bounded import Bounded


def test_what_was_set_longest_ago_is_forgotten() -> None:
    """Setting it again makes it new; reading it does not."""
    memory: Bounded[str, int] = Bounded(2)
    memory["a"] = 1
    memory["b"] = 2
    memory["a"] = 3
    assert memory["b"] == 2
    memory["c"] = 4
    assert dict(memory) == {"a": 3, "c": 4}


def test_a_default_counts_as_set() -> None:
    """It is how something is remembered if it is not known."""
    memory: Bounded[int, int] = Bounded(3)
    for number in range(10):
        assert memory.setdefault(number, number) == number
    assert memory.setdefault(9, 0) == 9
    assert list(memory) == [7, 8, 9]
