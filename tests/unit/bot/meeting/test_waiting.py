"""The rough time that a room is told it will wait."""

from __future__ import annotations

import pytest

from bot.meeting.waiting import Unheard, about, wait_s
from bot.room.wording import ENGLISH, FRENCH


def test_a_call_takes_as_long_as_it_has_taken_so_far() -> None:
    """Ten minutes of speech were left, six after a minute: the rest takes a minute and a half."""
    assert wait_s([Unheard(1000.0, 600.0), Unheard(1060.0, 360.0)]) == pytest.approx(90)


@pytest.mark.parametrize("latest", [Unheard(1000.0, 600.0), Unheard(1060.0, 600.0), Unheard(1060.0, 700.0)])
def test_nothing_is_told_while_nothing_becomes_less(latest: Unheard) -> None:
    """Rather nothing than a number out of the air: others have their turn, or nobody is there to hear it."""
    assert wait_s([Unheard(1000.0, 600.0), latest]) is None


def test_a_wait_is_told_also_where_nobody_followed_the_call() -> None:
    """The speech process comes late: at first nothing is known to wait, then all of it does, and becomes less."""
    late = [(1000.0, 0.0), (1060.0, 0.0), (1120.0, 1200.0), (1180.0, 1200.0), (1240.0, 900.0)]
    assert wait_s([Unheard(*one) for one in late]) == pytest.approx(180)


def test_all_heard_is_no_wait() -> None:
    """What is left then is to put it together."""
    assert wait_s([Unheard(1000.0, 600.0), Unheard(1060.0, 0.0)]) == 0


@pytest.mark.parametrize(
    ("seconds", "french", "english"),
    [
        (0, "moins d’une minute", "less than a minute"),
        (59.9, "moins d’une minute", "less than a minute"),
        (60, "environ 1\u00a0min", "about 1\u00a0min"),
        (100, "environ 2\u00a0min", "about 2\u00a0min"),
        (8 * 60, "environ 10\u00a0min", "about 10\u00a0min"),
        (12 * 60, "environ 10\u00a0min", "about 10\u00a0min"),
        (24 * 60, "environ 20\u00a0min", "about 20\u00a0min"),
        (40 * 60, "environ 45\u00a0min", "about 45\u00a0min"),
        (58 * 60, "environ 1\u00a0h", "about 1\u00a0h"),
        (80 * 60, "environ 1\u00a0h\u00a030", "about 1\u00a0h\u00a030"),
        (175 * 60, "environ 3\u00a0h", "about 3\u00a0h"),
        (3.2 * 3600, "environ 3\u00a0h", "about 3\u00a0h"),
        (9.6 * 3600, "environ 10\u00a0h", "about 10\u00a0h"),
    ],
)
def test_a_rough_time_is_told_as_people_say_it(seconds: float, french: str, english: str) -> None:
    """Rounded to the next time that anyone would say, and never nought."""
    assert about(seconds, FRENCH) == french
    assert about(seconds, ENGLISH) == english
