"""Sentences end where a reader would end them, whatever the recogniser made of the punctuation."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.fakes.speech import spread
from tests.unit.transcripts.minutes.dialogues import dialogue
from transcripts.assembling.turns import Turn
from transcripts.minutes.sentences import plain, sentences


def split(text: str) -> list[str]:
    """The sentences of one turn."""
    return [sentence.text for sentence in sentences([Turn("Claire", "fr", spread(text, 0.0, 10.0))])]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Bonjour. Ça va ? Oui !", ["Bonjour.", "Ça va ?", "Oui !"]),
        ("M. Dupont et Mme. Martin viennent. Bien.", ["M. Dupont et Mme. Martin viennent.", "Bien."]),
        ("C'est 3.5 pour cent. Voilà.", ["C'est 3.5 pour cent.", "Voilà."]),
        ("Je voulais… euh… dire merci. Bien.", ["Je voulais… euh… dire merci.", "Bien."]),
        ("sans point du tout", ["sans point du tout"]),
        ("Well... Okay.", ["Well...", "Okay."]),
    ],
)
def test_a_sentence_ends_at_its_full_stop(text: str, parts: list[str]) -> None:
    """Not at an abbreviation, nor within a number or a hesitation."""
    assert split(text) == parts


def test_a_long_pause_ends_a_sentence_where_a_capital_follows() -> None:
    """The recogniser forgot the stop."""
    words = (*spread("On garde le bureau", 0.0, 2.0), *spread("Ensuite le budget", 5.0, 6.0))

    assert [one.text for one in sentences([Turn("Claire", "fr", words)])] == ["On garde le bureau", "Ensuite le budget"]


def test_words_without_any_stop_are_parted_somewhere() -> None:
    """Nobody reads a sentence of three hundred words."""
    assert max(len(part.split()) for part in split("et puis encore, " * 100)) <= 63


def test_where_there_is_no_punctuation_pauses_part_the_sentences() -> None:
    """Some recognisers give none; a pause within a sentence that has commas ends nothing."""
    long = (
        "nous avons parlé de la cantine et des travaux puis de la rentrée et du personnel qui manque dans deux classes"
    )
    commas = long.replace(" et ", ", et ")

    def parts(first: str) -> int:
        words = (*spread(first, 0.0, 8.0), *spread("ensuite nous verrons le budget", 8.5, 10.0))
        return len(sentences([Turn("Claire", "fr", words)]))

    assert (parts(long), parts(commas)) == (2, 1)


def test_a_sentence_that_was_broken_into_goes_on_in_the_next_turn() -> None:
    """All of it is its text; the longest piece is what can be quoted."""
    talk = dialogue(
        """
        Claire: Nous avons consommé la moitié de l'enveloppe,
        Marc: D'accord.
        Claire: soit trois cent mille euros. Voilà.
        """,
        "fr",
    )

    first = sentences(talk.turns)[0]

    assert first.text == "Nous avons consommé la moitié de l'enveloppe, soit trois cent mille euros."
    assert (first.turn, first.quote) == (0, "Nous avons consommé la moitié de l'enveloppe,")


def test_a_sentence_knows_how_sure_the_recogniser_was() -> None:
    """One word in doubt shows."""
    words = spread("le budget est voté", 0.0, 2.0)
    words = (replace(words[0], probability=0.1), *words[1:])

    (sentence,) = sentences([Turn("Claire", "fr", words)])

    assert sentence.probability == pytest.approx(0.7)
    assert sentence.least == pytest.approx(0.1)


@pytest.mark.parametrize("text", ["L’Été à İzmir\u00a0!", "Straße ẞ", "\u202fA\tB"])
def test_plain_text_keeps_every_place(text: str) -> None:
    """What is found in it can be cut out of the text."""
    assert len(plain(text)) == len(text)


def test_words_that_bring_no_space_belong_to_the_one_before() -> None:
    """Recognisers give `aujourd` and `'hui`."""
    words = spread("Je viens aujourd demain", 0.0, 4.0)
    glued = (*words[:3], replace(words[3], text="'hui."))

    assert [one.text for one in sentences([Turn("Claire", "fr", glued)])] == ["Je viens aujourd'hui."]
