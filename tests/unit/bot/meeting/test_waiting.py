"""The rough time that a room is told it will wait."""

from __future__ import annotations

import pytest

from bot.meeting.waiting import about, wait_s
from bot.room.wording import ENGLISH, FRENCH


def test_alone_in_the_queue_a_call_takes_its_own_time() -> None:
    """An hour at a tenth of its length is six minutes."""
    assert wait_s([3600.0], [0.1], workers=1) == pytest.approx(360)


def test_what_is_ahead_is_waited_for() -> None:
    """Those before it, then itself."""
    assert wait_s([600.0, 1200.0, 60.0], [0.5], workers=1) == pytest.approx(930)


def test_with_two_workers_a_call_begins_when_the_first_of_them_is_free() -> None:
    """Behind ten minutes and two, it begins after the two, and a third worker would change nothing about its own."""
    assert wait_s([600.0, 120.0, 60.0], [1.0], workers=2) == pytest.approx(180)
    assert wait_s([600.0, 120.0, 60.0], [1.0], workers=3) == pytest.approx(60)


def test_a_short_call_is_done_before_a_long_one_that_is_ahead_of_it() -> None:
    """What is told is when this call is done, not when the queue is empty."""
    assert wait_s([3600.0, 60.0], [1.0], workers=2) == pytest.approx(60)


def test_one_odd_transcription_does_not_change_what_is_expected() -> None:
    """The median of the rates counts: once, the model was being downloaded."""
    assert wait_s([100.0], [0.1, 9.0, 0.1, 0.2, 0.1], workers=1) == pytest.approx(10)


def test_before_any_transcription_was_finished_nothing_is_told() -> None:
    """Rather nothing than a number out of the air."""
    assert wait_s([100.0], [], workers=1) is None


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
