"""A cleaned sentence says what was said, without what only speech needs."""

from __future__ import annotations

import pytest

from transcripts.minutes.cleaning import cleaned
from transcripts.minutes.talk import CUES


@pytest.mark.parametrize(
    ("language", "said", "written"),
    [
        ("fr", "euh donc, alors je, je vais appeler la région", "Je vais appeler la région."),
        ("fr", "Bon ben on garde le, le bureau, quoi.", "On garde le bureau."),
        ("fr", "D'accord, alors nous ferons tout le cinq,", "Nous ferons tout le cinq."),
        ("fr", "nous nous occupons de la salle.", "Nous nous occupons de la salle."),
        ("fr", "je vais je vais rappeler demain.", "Je vais rappeler demain."),
        ("fr", "Dernier point, la formation commence lundi.", "La formation commence lundi."),
        ("fr", "Qui vient ?", "Qui vient?"),
        ("fr", "Il faudra l'indiquer sur le.", "Il faudra l'indiquer sur le…"),
        ("fr", "Tu viens à la ?", "Tu viens à la?"),
        ("en", "We will write to the", "We will write to the…"),
        ("fr", "Oui.", "Oui."),
        ("fr", "", ""),
        ("en", "So, um, I, I will uh call them", "I will call them."),
        ("en", "Well okay, then we keep the office.", "We keep the office."),
        ("en", "Great. Perfect, the report is done", "The report is done."),
        ("en", "So we keep the office until...", "We keep the office until…"),
        ("en", "That that is fine.", "That that is fine."),
    ],
)
def test_fillers_false_starts_and_openers_go(language: str, said: str, written: str) -> None:
    """And a capital and a full stop come; what carries meaning stays."""
    assert cleaned(said, CUES[language]) == written


@pytest.mark.parametrize(
    ("language", "said", "written"),
    [
        ("fr", "On part sur mardi ?", "On part sur mardi."),
        ("fr", "On arrête la migration, ok pour tout le monde ?", "On arrête la migration."),
        ("en", "We stop the migration, okay with everyone?", "We stop the migration."),
    ],
)
def test_a_question_that_was_agreed_to_is_written_as_a_statement(language: str, said: str, written: str) -> None:
    """Without what asked for consent."""
    assert cleaned(said, CUES[language], as_statement=True) == written
