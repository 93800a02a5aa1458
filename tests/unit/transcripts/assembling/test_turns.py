"""Turns read as a conversation does, and no word is lost on the way."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from tests.fakes.speech import spread
from transcripts.assembling.turns import SpokenTrack, assemble
from transcripts.recognition.recogniser import Word


def says(speaker: str, *utterances: tuple[float, float, str]) -> SpokenTrack:
    """A track from (start, end, text)."""
    words = [word for start_s, end_s, text in utterances for word in spread(text, start_s, end_s)]
    return SpokenTrack(speaker, "fr", tuple(words))


def read(*tracks: SpokenTrack) -> list[str]:
    """The conversation, a line a turn."""
    return [f"{turn.speaker}: {turn.text}" for turn in assemble(tracks)]


def test_turns_follow_each_other_in_time() -> None:
    """Question, answer, thanks."""
    claire = says("Claire", (0, 2, "Qui vient ?"), (5, 6, "Merci."))
    marc = says("Marc", (2.5, 4, "Moi, demain."))

    assert read(marc, claire) == ["Claire: Qui vient ?", "Marc: Moi, demain.", "Claire: Merci."]


def test_pauses_for_breath_do_not_end_a_turn() -> None:
    """As long as nobody else speaks; a long silence does."""
    claire = says("Claire", (0, 2, "D'abord ceci."), (4, 6, "Puis cela."), (20, 22, "Et encore."))

    assert read(claire) == ["Claire: D'abord ceci. Puis cela.", "Claire: Et encore."]


def test_a_listener_does_not_break_the_sentence() -> None:
    """Their words stand after the turn that they accompany."""
    claire = says("Claire", (0, 5, "Le budget est de cent mille euros,"), (6, 9, "soit trois pour cent de plus."))
    marc = says("Marc", (3, 3.6, "D'accord."))

    assert read(claire, marc) == [
        "Claire: Le budget est de cent mille euros, soit trois pour cent de plus.",
        "Marc: D'accord.",
    ]


def test_a_listener_is_marked_as_one() -> None:
    """So that whoever shows the transcript may fold their words into the turn."""
    claire = says("Claire", (0, 5, "Le budget est de cent mille euros,"), (6, 9, "soit trois pour cent de plus."))
    marc = says("Marc", (3, 3.6, "D'accord."), (9.5, 10, "D'accord."))

    assert [(turn.speaker, turn.listening) for turn in assemble([claire, marc])] == [
        ("Claire", False),
        ("Marc", True),
        ("Marc", False),  # an answer: Claire has finished
    ]


def test_what_is_said_at_the_same_time_is_marked() -> None:
    """On the turn that begins while another goes on; taking the floor a little early is no overlap."""
    marc = says("Marc", (0, 8, "Nous ouvrons lundi sans faute et nous fermons mardi."), (20, 22, "Bien."))
    sophie = says("Sophie", (5, 9, "Mais non, lundi est férié chez nous."), (21.8, 24, "Alors à mardi."))

    assert [(turn.speaker, turn.overlapped) for turn in assemble([marc, sophie])] == [
        ("Marc", False),
        ("Sophie", True),
        ("Marc", False),
        ("Sophie", False),
    ]


def test_speaking_in_anothers_pause_is_no_overlap() -> None:
    """Although their turn goes on after it."""
    marc = says("Marc", (0, 2, "Voyons voir."), (4.5, 7, "Ah, le voilà."))
    sophie = says("Sophie", (2.3, 4.2, "Prends ton temps, rien ne presse aujourd'hui."))

    assert not any(turn.overlapped for turn in assemble([marc, sophie]))


def test_an_answer_in_a_pause_is_a_turn_of_its_own() -> None:
    """Short as it is: what follows may rest on it."""
    claire = says("Claire", (0, 2, "Tu m'entends ?"), (3.2, 5, "Alors commençons."))
    marc = says("Marc", (2.3, 2.8, "Oui."))

    assert read(claire, marc) == ["Claire: Tu m'entends ?", "Marc: Oui.", "Claire: Alors commençons."]


def test_finishing_a_sentence_under_another_voice_is_one_turn() -> None:
    """People begin before the other has quite ended."""
    marc = says("Marc", (0, 5.5, "Il manquera soixante mille euros."), (5.5, 7, "En décembre."))
    sophie = says("Sophie", (5, 9, "Attends, est-ce que ce calcul est juste ?"))

    assert read(marc, sophie) == [
        "Marc: Il manquera soixante mille euros. En décembre.",
        "Sophie: Attends, est-ce que ce calcul est juste ?",
    ]


def test_an_interruption_stands_where_it_came() -> None:
    """The speaker's turn is parted at the end of the sentence that was interrupted."""
    marc = says("Marc", (0, 6, "Nous ouvrons lundi sans faute. "), (6, 16, "Ensuite nous fermons le guichet du bas."))
    sophie = says("Sophie", (5, 8, "Mais non, lundi est férié chez nous."))

    assert read(marc, sophie) == [
        "Marc: Nous ouvrons lundi sans faute.",
        "Sophie: Mais non, lundi est férié chez nous.",
        "Marc: Ensuite nous fermons le guichet du bas.",
    ]


def test_a_long_speech_has_paragraphs_that_end_with_sentences() -> None:
    """Each has its own time."""
    sentence = "Voici une phrase de sept mots exactement."
    claire = says("Claire", *[(n * 5.0, n * 5.0 + 4.9, sentence) for n in range(60)])

    turns = assemble([claire])

    assert len(turns) > 4
    assert all(turn.text.endswith(".") and turn.end_s - turn.start_s <= 90 for turn in turns)


def test_a_speech_without_an_end_of_sentence_is_parted_all_the_same() -> None:
    """A recogniser may write no punctuation."""
    turns = assemble([says("Claire", (0, 600, "mot " * 1200))])

    assert all(turn.end_s - turn.start_s <= 91 for turn in turns)
    assert sum(len(turn.words) for turn in turns) == 1200


@pytest.mark.parametrize("seed", range(20))
def test_no_word_is_lost_and_nobody_speaks_backwards(seed: int) -> None:
    """Whatever the overlaps: every word once, each speaker's words in order, turns by start."""
    chance = random.Random(seed)  # noqa: S311 - a test's tracks need no secrecy
    tracks = []
    for speaker in "ABC":
        starts_s = sorted(chance.uniform(0, 300) for _ in range(200))
        words = [
            Word(f" {speaker}{n}{chance.choice(['', '', '.', ','])}", start_s, start_s + chance.uniform(0, 3), 0.9)
            for n, start_s in enumerate(starts_s)
        ]
        tracks.append(SpokenTrack(speaker, "fr", tuple(words)))

    turns = assemble(tracks)

    for track in tracks:
        assert [w for turn in turns if turn.speaker == track.speaker for w in turn.words] == list(track.words)
    assert all(a.start_s <= b.start_s for a, b in pairwise(turns))


def test_nothing_said_is_no_turn() -> None:
    """Also when a recogniser writes blanks."""
    assert read(SpokenTrack("Claire", "fr", (Word("  ", 1.0, 2.0, 0.1),)), SpokenTrack("Marc", "fr", ())) == []
