"""French is set as French is; times and durations read naturally."""

from __future__ import annotations

import pytest

from transcripts.rendering.typography import duration, set_text, time_stamp


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Est-ce que ça va ?", "Est-ce que ça va\u202f?"),
        ("Est-ce que ça va?", "Est-ce que ça va\u202f?"),
        ("Quoi ?! Non;", "Quoi\u202f?! Non\u202f;"),
        ("l'ordre du jour d'aujourd'hui", "l’ordre du jour d’aujourd’hui"),
        ("Trois points: le budget", "Trois points\u00a0: le budget"),
        ('Il dit « oui » et "non"', 'Il dit «\u00a0oui\u00a0» et "non"'),
        ("42% soit 310 000 euros", "42\u00a0% soit 310\u202f000 euros"),
        ("à 10:30 sur https://a.fr/?b=c;d", "à 10:30 sur https://a.fr/?b=c;d"),
        ("  deux\n lignes ", "deux lignes"),
        ("", ""),
    ],
)
def test_french_is_set_with_its_spaces(text: str, expected: str) -> None:
    """And setting it twice changes nothing more."""
    assert set_text(text, "fr") == expected
    assert set_text(expected, "fr") == expected


def test_english_is_left_as_it_is() -> None:
    """But for line breaks."""
    assert set_text("Well: don't you think?\nYes!", "en") == "Well: don't you think? Yes!"


@pytest.mark.parametrize(
    ("seconds", "stamp", "lasted"),
    [
        (0, "00:00", "0\u00a0s"),
        (59.4, "00:59", "59\u00a0s"),
        (59.6, "00:59", "1\u00a0min\u00a000\u00a0s"),
        (125, "02:05", "2\u00a0min\u00a005\u00a0s"),
        (3600, "1:00:00", "1\u00a0h\u00a000\u00a0min"),
        (36_061, "10:01:01", "10\u00a0h\u00a001\u00a0min"),
        (-1, "00:00", "0\u00a0s"),
    ],
)
def test_times_and_durations(seconds: float, stamp: str, lasted: str) -> None:
    """A stamp never runs ahead of the moment; a duration is rounded."""
    assert time_stamp(seconds) == stamp
    assert duration(seconds) == lasted
