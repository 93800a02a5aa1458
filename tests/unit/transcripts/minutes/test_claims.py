"""A claim stands only on words that were said: whoever wrote it, whatever it says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.transcripts.minutes.dialogues import dialogue
from transcripts.minutes.claims import Claim, Kind, verified

TURNS = dialogue(
    """
    Claire: Bonjour. On part sur « l'offre B » : 1 200 € par mois, c’est décidé !
    Marc: Très bien. Je vous envoie le contrat avant vendredi. Je vous envoie aussi la facture.
    Sophie: Oui.
    """,
    "fr",
).turns


def claim(quote: str, *, turn: int = 1, kind: Kind = "action", text: str = "Marc envoie le contrat.") -> Claim:
    """A claim as a model may make it, with a time and a speaker that are wrong."""
    return Claim(kind, text, turn, quote, 99.0, "Nobody")


def test_time_and_speaker_are_those_of_the_words() -> None:
    """Whatever the claim said of them."""
    (found,) = verified([claim("Je vous envoie le contrat")], TURNS)

    assert found.speaker == "Marc"
    assert found.start_s == TURNS[1].words[2].start_s
    assert found.quote == "Je vous envoie le contrat"


@pytest.mark.parametrize(
    "quote",
    [
        "on part sur «\u00a0l’offre B\u00a0»\u00a0: 1\u202f200\u00a0€ par mois, c'est décidé\u202f!",
        "ON PART SUR  « l'offre b »: 1 200 € par mois",
        "« On part sur « l'offre B » »",
        "…part sur « l'offre",
    ],
)
def test_a_quote_is_found_however_it_is_set(quote: str) -> None:
    """Spaces, apostrophes, case and punctuation at its edges do not count."""
    (found,) = verified([claim(quote, turn=0)], TURNS)

    assert found.quote.lower().startswith(("on part", "part"))


@pytest.mark.parametrize(
    "quote",
    [
        "",
        "   ",
        "« »",
        "…",
        "Je vous envoie le budget",
        "contrat avant vendre",
        "envoie",
        "x" * 100_000,
        "Je vous " * 5_000,
    ],
)
def test_a_quote_that_does_not_stand_there_is_dropped(quote: str) -> None:
    """Nothing, other words, half words, a single word of many, absurd lengths."""
    assert verified([claim(quote)], TURNS) == ()


@pytest.mark.parametrize("turn", [-1, 0, 3, 10**9])
def test_a_claim_on_another_turn_or_none_is_dropped(turn: int) -> None:
    """Its words must stand in the turn that it names."""
    assert verified([claim("Je vous envoie le contrat", turn=turn)], TURNS) == ()


@pytest.mark.parametrize("text", ["", " \n", "!?", "x" * 601])
def test_a_claim_that_says_nothing_or_far_too_much_is_dropped(text: str) -> None:
    """A sentence is to be read."""
    assert verified([claim("Je vous envoie le contrat", text=text)], TURNS) == ()


def test_a_turn_of_one_word_may_be_quoted() -> None:
    """A decision may rest on a yes."""
    (found,) = verified([claim("oui", turn=2, kind="decision")], TURNS)

    assert (found.speaker, found.quote) == ("Sophie", "Oui.")


def test_claims_on_the_same_words_are_one() -> None:
    """With who and by when from either; those of another kind or on other words stand."""
    first = claim("Je vous envoie le contrat avant vendredi")
    again = replace(claim("le contrat avant vendredi."), who="Marc", due="avant vendredi")
    other_words, other_kind = claim("Je vous envoie aussi la facture"), claim("envoie le contrat", kind="key_point")

    found = verified([first, again, other_words, other_kind], TURNS)

    assert [(one.kind, one.who, one.due) for one in found] == [
        ("key_point", None, None),
        ("action", "Marc", "avant vendredi"),
        ("action", None, None),
    ]


def test_who_and_by_when_must_have_been_said() -> None:
    """A speaker may be named without; a date never."""
    said = replace(claim("Je vous envoie le contrat"), who="Sophie", due="vendredi")
    unsaid = replace(claim("Je vous envoie aussi la facture"), who="Julien", due="lundi")

    assert [(one.who, one.due) for one in verified([said, unsaid], TURNS)] == [("Sophie", "vendredi"), (None, None)]


def test_claims_are_in_order_of_kind_and_time() -> None:
    """As they are read."""
    kinds: list[Kind] = ["question", "action", "decision", "key_point"]
    unordered = [
        claim(quote, kind=kind) for kind in kinds for quote in ("aussi la facture", "Je vous envoie le contrat")
    ]

    found = verified(unordered, TURNS)

    assert [one.kind for one in found] == [kind for kind in reversed(kinds) for _ in range(2)]
    assert all(a.start_s < b.start_s for a, b in zip(found[::2], found[1::2], strict=True))


def test_no_turns_hold_no_claims() -> None:
    """An empty meeting."""
    assert verified([claim("Je vous envoie le contrat")], ()) == ()
