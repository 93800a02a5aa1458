"""When the words of a text were said, whatever a server tells of it."""

from __future__ import annotations

import time

import pytest

from transcripts.recognition.recogniser import Word
from transcripts.recognition.word_times import Piece, timed_words, written_words


def pieces(*parts: tuple[str, float, float]) -> list[Piece]:
    """Pieces of a text with their times."""
    return [Piece(text, start_s, end_s, 0.9) for text, start_s, end_s in parts]


def times(words: tuple[Word, ...]) -> list[tuple[str, float, float]]:
    """Words and times, rounded."""
    return [(word.text, round(word.start_s, 2), round(word.end_s, 2)) for word in words]


def test_words_without_punctuation_get_that_of_the_text() -> None:
    """OpenAI's own list has none, and may part a word at its apostrophe."""
    heard = pieces(("Bonjour", 0.1, 0.5), ("c", 0.9, 1.0), ("est", 1.0, 1.2), ("lundi", 1.2, 1.6), ("n'est", 2, 2.2))
    heard += pieces(("ce", 2.2, 2.3), ("pas", 2.3, 2.6))

    words = timed_words("Bonjour, c’est lundi, n’est-ce pas ?", heard, 3.0, 0.5)

    assert times(words) == [
        (" Bonjour,", 0.1, 0.5),
        (" c’est", 0.9, 1.2),
        (" lundi,", 1.2, 1.6),
        (" n’est-ce", 2.0, 2.3),
        (" pas ?", 2.3, 2.6),
    ]
    assert {word.probability for word in words} == {0.9}


def test_words_that_the_list_lacks_are_put_between_those_it_has() -> None:
    """And what the list has besides is not said."""
    heard = pieces(("un", 1.0, 1.2), ("hein", 1.3, 1.5), ("quatre", 4.0, 4.4))

    words = timed_words("un deux trois quatre.", heard, 5.0, 0.5)

    assert times(words) == [(" un", 1.0, 1.2), (" deux", 1.2, 2.6), (" trois", 2.6, 4.0), (" quatre.", 4.0, 4.4)]
    assert [word.probability for word in words] == [0.9, 0.5, 0.5, 0.9]


def test_words_at_the_edges_stay_close_to_the_others() -> None:
    """Not stretched over the silence before and after."""
    words = timed_words("euh bon voilà", pieces(("bon", 10.0, 10.2)), 28.0, 0.5)

    assert times(words) == [(" euh", 9.7, 10.0), (" bon", 10.0, 10.2), (" voilà", 10.2, 10.5)]


def test_a_segment_s_words_are_spread_over_it() -> None:
    """By their letters."""
    words = timed_words("aa bb. cccc", pieces((" aa bb.", 1.0, 3.0), (" cccc", 8.0, 9.0)), 10.0, 0.5)

    assert times(words) == [(" aa", 1.0, 2.0), (" bb.", 2.0, 3.0), (" cccc", 8.0, 9.0)]


@pytest.mark.parametrize("heard", [[], pieces(("αβγ", 1.0, 2.0)), pieces(("", 1.0, 2.0))])
def test_without_times_words_are_spread_over_the_window(heard: list[Piece]) -> None:
    """Also where what has times is another text."""
    assert times(timed_words("aa bb", heard, 4.0, 0.5)) == [(" aa", 0.0, 2.0), (" bb", 2.0, 4.0)]


def test_times_never_run_backwards_nor_out_of_the_window() -> None:
    """Whatever the pieces say."""
    heard = pieces(("un", 2.0, 9.0), ("deux", 1.5, 1.6), ("trois", 29.0, 30.0))

    assert times(timed_words("un deux trois", heard, 3.0, 0.5)) == [
        (" un", 2.0, 3.0),
        (" deux", 2.0, 2.0),
        (" trois", 3.0, 3.0),
    ]


def test_what_has_no_letter_goes_with_a_word() -> None:
    """The one before it, or the first."""
    assert written_words("« Oui », dit-il : — 3 % ?") == [" « Oui »,", " dit-il : —", " 3 % ?"]
    assert written_words("… !") == []
    assert timed_words("…", [], 1.0, 0.5) == ()


def test_an_endless_loop_takes_no_endless_time() -> None:
    """Alignment takes quadratic time and more; too long a text is spread."""
    began_s = time.process_time()

    words = timed_words("ah " * 2600, pieces(("ha" * 2500, 0.0, 28.0)), 28.0, 0.5)

    assert len(words) == 2600
    assert time.process_time() - began_s < 5
