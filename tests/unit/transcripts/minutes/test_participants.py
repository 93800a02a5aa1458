"""People are called and named by their first names."""

from __future__ import annotations

import pytest

from transcripts.minutes.participants import Participants

TEAM = Participants(["Marc Dupont", "Sophie", "Jean-Paul", "Claire (2)", "Salle 3 — voix 1"])


@pytest.mark.parametrize(
    ("text", "speaker"),
    [
        ("Marc, tu peux envoyer la note ?", "Marc Dupont"),
        ("Tu peux envoyer la note, Sophie ?", "Sophie"),
        ("Merci Claire, tu t'en charges.", "Claire (2)"),
        ("Jean-Paul, à toi.", "Jean-Paul"),
        ("Je note que Sophie envoie la note.", None),
        ("Le marc de café, je le jette.", None),
        ("Marcel, tu viens ?", None),
    ],
)
def test_a_name_set_off_by_commas_is_called(text: str, speaker: str | None) -> None:
    """And one within the sentence is not."""
    assert TEAM.called(text, "Nadia") == speaker


def test_nobody_calls_upon_themselves() -> None:
    """A name at the beginning may be the speaker's own."""
    assert TEAM.called("Sophie, de la compta.", "Sophie") is None


def test_a_first_name_of_two_people_is_nobody_s() -> None:
    """Better nobody than the wrong one."""
    assert list(Participants(["Marc Dupont", "Marc Petit"]).named("Marc envoie la note.")) == []


def test_nobody_is_named_where_nobody_has_a_name() -> None:
    """Labels of digits and signs."""
    assert list(Participants(["1", "—"]).named("Marc envoie la note.")) == []
