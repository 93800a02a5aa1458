"""Spelling conventions do not count as errors."""

from __future__ import annotations

import pytest

from tests.evaluation.normalisation import words


@pytest.mark.parametrize(
    ("written", "spoken", "language"),
    [
        ("42 %", "quarante-deux pour cent", "fr"),
        ("310 000 €", "trois cent dix mille euros", "fr"),
        ("310\u202f000 euros", "trois cent dix mille euros", "fr"),
        ("Le 1er juillet", "le premier juillet", "fr"),
        ("un 4ème poste", "un quatrième poste", "fr"),
        ("à 9h", "à neuf heures", "fr"),
        ("à 11 h 30.", "à onze heures trente", "fr"),
        ("3,5 millions", "trois virgule cinq millions", "fr"),
        ("Est-ce que l’on vient\u202f?", "est ce que l'on vient", "fr"),
        ("«\u00a0cœur\u00a0»", "coeur", "fr"),
        ("$250,000", "two hundred and fifty thousand dollars", "en"),
        ("40% of it", "forty per cent of it", "en"),
        ("the 30th", "the thirtieth", "en"),
        ("10:30", "ten thirty", "en"),
        ("OK.", "okay", "en"),
    ],
)
def test_what_sounds_alike_is_alike(written: str, spoken: str, language: str) -> None:
    """As Whisper writes it, and as the reference has it."""
    assert words(written, language) == words(spoken, language)


@pytest.mark.parametrize(("text", "expected"), [("", []), (" … ?! ", []), ("C'est 1.", ["c", "est", "un"])])
def test_only_words_are_left(text: str, expected: list[str]) -> None:
    """Punctuation is none."""
    assert words(text, "fr") == expected
