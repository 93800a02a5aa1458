"""Open questions are those that nobody could answer, or that somebody says are open."""

from __future__ import annotations

import pytest

from tests.unit.transcripts.minutes.dialogues import texts

OPEN = [
    ("fr", "Claire: Reste à savoir qui paie le déménagement.", "Reste à savoir qui paie le déménagement."),
    ("fr", "Claire: On ne sait pas encore quand la convention sera signée.",
     "On ne sait pas encore quand la convention sera signée."),
    ("fr",
     "Claire: La date n'est pas encore fixée pour les entretiens.",
     "La date n'est pas encore fixée pour les entretiens."),
    ("fr", "Claire: Quand est-ce que le câblage sera livré ?\nMarc: Je ne sais pas.",
     "Quand est-ce que le câblage sera livré?"),
    ("fr", "Claire: Combien de cartons avons-nous encore ?\nMarc: Bonne question, il faudra vérifier.",
     "Combien de cartons avons-nous encore?"),
    ("fr", "Claire: Bonjour.\nMarc: Bonjour.\nClaire: Et qui paie le déménagement des archives ?",
     "Qui paie le déménagement des archives?"),
    ("en",
     "Anna: We still need to find out who pays for the room.",
     "We still need to find out who pays for the room."),
    ("en", "Anna: We don't know yet when the grant is paid.", "We don't know yet when the grant is paid."),
    ("en",
     "Anna: When will the new version be delivered?\nPeter: I don't know.",
     "When will the new version be delivered?"),
    ("en", "Anna: Is the venue large enough for everyone?\nPeter: Good question, I have to check.",
     "Is the venue large enough for everyone?"),
]  # fmt: skip
ANSWERED = [
    ("fr", "Claire: Combien d'agents sont inscrits ?\nMarc: Dix-huit pour la première session."),
    ("fr", "Claire: Qui s'occupe du câblage et des salles ?\nMarc: C'est Julien, au service technique."),
    ("fr", "Claire: Est-ce que tout le monde m'entend ?\nMarc: Oui."),
    ("fr", "Claire: On sait pas encore quand la convention sera signée.\nMarc: Si, le douze mars."),
    ("en", "Anna: What are the main problems they found?\nPeter: Mostly the documentation."),
    ("en", "Anna: Where are we with the budget?\nPeter: We have spent forty percent of it."),
    ("en", "Anna: Can everyone hear me?\nPeter: I don't know."),
]


@pytest.mark.parametrize(("language", "lines", "text"), OPEN)
def test_what_nobody_could_answer_is_an_open_question(language: str, lines: str, text: str) -> None:
    """By its own words, by the answer, or by there being none."""
    assert texts(lines, language, "question") == [text]


@pytest.mark.parametrize(("language", "lines"), ANSWERED)
def test_what_was_answered_is_none(language: str, lines: str) -> None:
    """Also by somebody who knows better."""
    assert texts(lines, language, "question") == []
