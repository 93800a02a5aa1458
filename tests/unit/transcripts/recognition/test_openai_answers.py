"""What a server's answer becomes: words with times and how far to trust them, or a clear failure."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.fakes.matrix import HOSTILE
from transcripts.recognition.inventions import is_invented
from transcripts.recognition.openai_answers import read, recognition
from transcripts.recognition.recogniser import Recognition, RecognitionFailed

WINDOW_S = 10.0


def heard(answer: Any) -> Recognition:
    """What an answer says was heard in a window of ten seconds."""
    return recognition(read(answer if isinstance(answer, bytes) else json.dumps(answer).encode()), WINDOW_S)


def segment(text: str, start: float, end: float, **also: Any) -> dict[str, Any]:
    """A segment as Whisper's servers give them."""
    return {"id": 0, "seek": 0, "tokens": [], "temperature": 0, "text": text, "start": start, "end": end, **also}


def said(result: Recognition) -> str:
    """The words as they are put together."""
    return "".join(word.text for word in result.words)


def test_a_whole_answer_becomes_a_recognition() -> None:
    """Words, their times, and the engine's own doubts."""
    result = heard(
        {
            "text": "Bonjour à tous.",
            "language": "french",
            "segments": [segment(" Bonjour à tous.", 0.5, 1.4, avg_logprob=-0.2, no_speech_prob=0.05)],
            "words": [
                {"word": "Bonjour", "start": 0.5, "end": 0.9, "probability": 0.8},
                {"word": "à", "start": 0.9, "end": 1.0},
                {"word": "tous", "start": 1.0, "end": 1.4},
            ],
        }
    )

    assert said(result) == " Bonjour à tous."
    assert [(word.start_s, word.end_s) for word in result.words] == [(0.5, 0.9), (0.9, 1.0), (1.0, 1.4)]
    assert [round(word.probability, 2) for word in result.words] == [0.8, 0.82, 0.82]
    assert (result.no_speech_probability, result.average_log_probability) == (0.05, -0.2)
    assert not is_invented(result)


@pytest.mark.parametrize(
    "answer",
    [
        {"text": "un deux"},
        {"text": "un deux", "words": None, "segments": []},
        {"segments": [segment("un deux", 0, 10)]},
        {"words": [{"word": " un", "start": 0, "end": 4}, {"word": " deux", "start": 4, "end": 10}]},
        {"words": [{"word": "un", "start": 0, "end": 4}, {"word": "deux", "start": 4, "end": 10}]},
    ],
)
def test_whatever_is_left_out_the_words_remain(answer: dict[str, Any]) -> None:
    """Servers differ in what they tell."""
    result = heard(answer)

    assert said(result) == " un deux"
    assert result.words[0].start_s == 0.0
    assert result.words[-1].end_s == pytest.approx(10.0)
    assert not is_invented(result)


def test_a_segment_without_speech_gives_no_words_and_spoils_no_other() -> None:
    """As when credits follow upon speech."""
    credits_line = "Sous-titrage ST' 501"
    result = heard(
        {
            "text": f"On commence. {credits_line}",
            "segments": [
                segment(" On commence.", 0.0, 2.0, avg_logprob=-0.3, no_speech_prob=0.1),
                segment(f" {credits_line}", 2.0, 9.0, avg_logprob=-0.9, no_speech_prob=0.9),
            ],
            "words": [
                {"word": "On", "start": 0.2, "end": 0.5},
                {"word": "commence", "start": 0.5, "end": 1.9},
                {"word": "Sous-titrage", "start": 3.0, "end": 4.0},
                {"word": "ST'", "start": 4.0, "end": 5.0},
                {"word": "501", "start": 5.0, "end": 6.0},
            ],
        }
    )

    assert said(result) == " On commence."
    assert result.no_speech_probability == 0.1


def test_where_no_speech_was_heard_at_all_words_are_invented() -> None:
    """The doubt stays with them."""
    assert is_invented(heard({"text": "Merci.", "segments": [segment("Merci.", 0, 5, no_speech_prob=0.95)]}))
    assert is_invented(heard({"text": ""}))


def test_what_a_server_fills_in_is_not_taken_for_doubt() -> None:
    """It writes -1 where it knows nothing."""
    filled = {"avg_logprob": -1.0, "compression_ratio": -1.0, "no_speech_prob": -1.0}

    result = heard({"text": "Bonjour.", "segments": [segment(" Bonjour.", 0, 2, **filled)]})

    assert (result.no_speech_probability, result.average_log_probability) == (0.0, -0.5)


def test_a_loop_shows_although_the_server_says_nothing_of_it() -> None:
    """Its ratio is reckoned here."""
    assert is_invented(heard({"text": "et puis voilà " * 60}))


def test_control_and_direction_characters_are_left_out() -> None:
    """A word is what is seen of it."""
    assert said(heard({"text": "bon\u202ejour\x00\nà\u200b tous"})) == " bonjour à tous"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html></html>",
        b"null",
        b"[]",
        b"{}",
        b'{"text": null}',
        b'{"text": "a", "words": [{"word": "a", "start": NaN, "end": 1}]}',
        b'{"text": "a", "words": [{"word": "a", "start": 0, "end": 1e999}]}',
        b'{"text": "a", "words": [{"word": "a", "start": 90, "end": 91}]}',
        b'{"text": "a", "words": [{"word": "a", "start": -5, "end": 1}]}',
        b'{"text": "a", "segments": [{"text": "a", "start": 5, "end": 1}]}',
        b'{"text": "a b", "words": [{"word": "a", "start": 5, "end": 6}, {"word": "b", "start": 1, "end": 2}]}',
        b'{"text": "' + b"a " * 5000 + b'"}',
        b'{"text": "a", "words": [' + b",".join([b'{"word": "a", "start": 1, "end": 2}'] * 2001) + b"]}",
    ],
)
def test_a_broken_answer_is_a_failure_and_no_words(body: bytes) -> None:
    """And the failure quotes nothing of it."""
    with pytest.raises(RecognitionFailed, match="the speech server's answer") as failed:
        heard(body)
    assert failed.value.__cause__ is None


@pytest.mark.parametrize("key", ["text", "language", "segments", "words"])
@pytest.mark.parametrize("value", HOSTILE, ids=range(len(HOSTILE)))
def test_whatever_stands_where_a_value_should_be_is_survived(key: str, value: Any) -> None:
    """As words within the window, or as a failure."""
    answer = {"text": "un deux", "words": [{"word": "un", "start": 0, "end": 1}], "segments": []}
    for hostile in ({**answer, key: value}, {**answer, key: [value]}):
        try:
            result = heard(json.dumps(hostile).encode("utf-8", "surrogatepass"))
        except RecognitionFailed:
            continue
        assert all(0.0 <= word.start_s <= word.end_s <= WINDOW_S for word in result.words)
