"""Numbers in digits and in words."""

from __future__ import annotations

import pytest

from transcripts.minutes.spoken_numbers import numbers


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("le vingt-trois mars", {23}),
        ("quatre-vingt-dix-sept, soixante et onze", {97, 71}),
        ("quatre-vingts euros", {80}),
        ("deux mille vingt-six", {2026}),
        ("trois mille cinq cents", {3500}),
        ("cent vingt et un", {121}),
        ("dix-sept et quatre", {17, 4}),
        ("nonante-neuf", {99}),
        ("deux, trois", {2, 3}),
        ("12 000 euros, 3,5 % à 9h30", {12_000, 3, 5, 9, 30}),
        ("12\u202f000 and 1,500", {12_000, 1500}),
        ("twenty-five thousand and three", {25_003}),
        ("two hundred and six", {206}),
        ("et puis rien", set()),
        ("", set()),
        ("9" * 5000, {int("9" * 18)}),
    ],
)
def test_numbers_are_the_same_in_digits_and_in_words(text: str, found: set[int]) -> None:
    """One in several words is one, two beside each other are two."""
    assert numbers(text) == found
