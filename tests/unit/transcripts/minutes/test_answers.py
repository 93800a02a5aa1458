"""What is taken from a model's answer, and what never is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.fakes.matrix import HOSTILE
from tests.fakes.openai_server import completion
from transcripts.minutes.answers import NoAnswer, Refused, claims, clean, content, kept

CLAIM = {"kind": "decision", "text": "On garde juin.", "turn": 2, "quote": "on garde juin", "who": None, "due": None}


def written(*parts: Any) -> str:
    """What a model writes."""
    return json.dumps({"claims": list(parts)})


@pytest.mark.parametrize(
    "text",
    [
        written(CLAIM),
        f"```json\n{written(CLAIM)}\n```",
        f"<think>Un objet {{ou deux}} ?</think>\nVoici :\n{written(CLAIM)} Voilà.",
        json.dumps({"claims": [{**CLAIM, "sure": True}], "notes": []}),
    ],
)
def test_a_model_s_answer_is_found_in_what_it_writes_around_it(text: str) -> None:
    """A fence, thoughts, a greeting."""
    (claim,) = claims(text)

    assert (claim.kind, claim.text, claim.turn, claim.quote) == ("decision", "On garde juin.", 2, "on garde juin")


@pytest.mark.parametrize(
    "text", ["", "Désolé.", "{", "}{", "[]", '{"claims": 3}', '{"claims": {}}', "{" * 100_000 + "}"]
)
def test_what_is_no_list_of_claims_is_no_answer(text: str) -> None:
    """And is not quoted."""
    with pytest.raises(NoAnswer) as failed:
        claims(text)
    assert failed.value.__cause__ is None
    assert "Désolé" not in str(failed.value)


@pytest.mark.parametrize("key", CLAIM)
@pytest.mark.parametrize("value", HOSTILE, ids=range(len(HOSTILE)))
def test_a_claim_that_is_ill_formed_costs_no_other(key: str, value: Any) -> None:
    """Whatever stands in the place of one of its values."""
    found = claims(written({**CLAIM, key: value}, value, CLAIM))

    assert found[-1].text == "On garde juin."
    for claim in found:
        assert len(claim.text) <= 200
        assert claim.text.isprintable()
        assert claim.turn >= 0


@pytest.mark.parametrize(
    ("hostile", "cleaned"),
    [
        ("**Gras** et `code` # titre", "Gras et code titre"),
        ("<b>gras</b> <img src=x onerror=alert(1)>", "b gras /b img src=x onerror=alert(1)"),
        ("[cliquez](https://evil.example/x) ici", "cliquez ( ici"),
        ("voir www.evil.example et matrix.to/#/@a:b", "voir et"),
        ("@marc:agent.tchap.example et #salle:tchap.example !id:x", "et"),
        ("@room tout le monde", "room tout le monde"),
        ("ligne\u2028une\n\tdeux\u202e\x00\x1b[31m", "ligne une deux 31m"),
        ("À 14:30, c’est l’heure ; 3 € : oui ?", "À 14:30, c’est l’heure ; 3 € : oui ?"),
    ],
)
def test_a_text_does_nothing_but_say_its_words(hostile: str, cleaned: str) -> None:
    """No markup, link, mention or control character is left, and ordinary French is."""
    assert clean(hostile) == cleaned


def test_a_long_text_is_cut_at_a_word() -> None:
    """At 200 characters, and one sees it."""
    cut = clean("mot " * 100)

    assert len(cut) <= 200
    assert cut.endswith("mot…")


def test_a_text_with_an_address_gives_way_to_its_quote() -> None:
    """Nobody said a link."""
    (claim,) = claims(written({**CLAIM, "text": "Voir https://evil.example/juin"}))

    assert claim.text == "on garde juin"


def test_a_refusal_is_told_from_nonsense() -> None:
    """The server's filter, the model's own words, and nothing at all."""
    for answer in (completion(None, refusal="I cannot"), completion("", finish_reason="content_filter")):
        with pytest.raises(Refused):
            content(answer.raw)
    for body in (
        completion(None).raw,
        b"<html>",
        b"{}",
        b'{"choices": []}',
        b'{"choices": [{"message": "x"}]}',
        b"\xff",
    ):
        with pytest.raises(NoAnswer):
            content(body)
    assert content(completion("Bonjour").raw) == "Bonjour"


def test_a_choice_is_numbers_each_once() -> None:
    """In the order chosen; anything else is no choice."""
    assert kept('{"keep": [3, 1, 3]}') == [3, 1]
    for text in ('{"keep": ["a"]}', '{"keep": [-1]}', '{"claims": []}', "3, 1"):
        with pytest.raises(NoAnswer):
            kept(text)
