"""Whose word is whose where several people share a microphone."""

from __future__ import annotations

import time

import pytest

from transcripts.assembling.voices import by_voice, voice_label
from transcripts.diarization.voices import VoiceSpan
from transcripts.recognition.recogniser import Word

SPANS = (VoiceSpan(0, 0.0, 4.0), VoiceSpan(1, 5.0, 8.0), VoiceSpan(0, 9.0, 12.0))


def word(start_s: float, end_s: float) -> Word:
    """A word said then."""
    return Word(" mot", start_s, end_s, 0.9)


@pytest.mark.parametrize(
    ("start_s", "end_s", "voice"),
    [
        pytest.param(1.0, 1.4, 0, id="within a span"),
        pytest.param(3.0, 6.0, 1, id="begun in the pause before it"),
        pytest.param(4.2, 4.3, 0, id="after somebody, in silence"),
        pytest.param(4.8, 4.9, 1, id="before somebody, in silence"),
        pytest.param(8.4, 8.4, 1, id="of no length"),
        pytest.param(20.0, 20.2, 0, id="after everybody"),
    ],
)
def test_a_word_is_said_by_the_voice_that_is_heard_in_its_later_part(start_s: float, end_s: float, voice: int) -> None:
    """Or by the nearest, where none is."""
    said = word(start_s, end_s)
    assert by_voice([said], SPANS) == {voice: (said,)}


def test_where_two_speak_at_once_the_word_is_of_the_one_who_is_there_longer() -> None:
    """The other one has just begun, or just ended."""
    said = word(2.0, 3.0)
    assert by_voice([said], [VoiceSpan(0, 0.0, 2.6), VoiceSpan(1, 2.4, 6.0)]) == {1: (said,)}


def test_a_voice_that_draws_breath_within_a_word_speaks_before_and_after_it() -> None:
    """Its spans are counted together: some pipelines part them at the shortest pause."""
    said = word(1.0, 3.0)
    spans = [VoiceSpan(0, 0.0, 2.3), VoiceSpan(1, 2.2, 2.6), VoiceSpan(0, 2.7, 4.0)]
    assert by_voice([said], spans) == {0: (said,)}


def test_where_two_speak_all_of_a_word_it_is_of_the_one_who_began_first() -> None:
    """They have the floor; the other throws something in."""
    said = word(2.0, 2.4)
    assert by_voice([said], [VoiceSpan(0, 1.5, 3.0), VoiceSpan(1, 1.0, 2.5)]) == {1: (said,)}


def test_what_is_said_in_hours_is_parted_in_no_time() -> None:
    """A word is not compared with every span of the meeting: that took ten seconds after two hours."""
    spans = [VoiceSpan(n % 5, 2.0 * n, 2.0 * n + 1.8) for n in range(3_600)]
    words = [word(0.4 * n, 0.4 * n + 0.3) for n in range(18_000)]
    began_s = time.process_time()
    by_voice(words, spans)
    assert time.process_time() - began_s < 3


@pytest.mark.parametrize("spans", [(), (VoiceSpan(0, 0.0, 4.0), VoiceSpan(0, 5.0, 6.0))])
def test_one_voice_is_nobody_in_particular(spans: tuple[VoiceSpan, ...]) -> None:
    """Its words stand under the name of the microphone."""
    said = word(1.0, 2.0)
    assert by_voice([said], spans) == {None: (said,)}


def test_every_word_is_somebody_s_and_they_keep_their_order() -> None:
    """None is lost, none doubled."""
    words = [word(n / 2, n / 2 + 0.4) for n in range(24)]
    parted = by_voice(words, SPANS)
    assert sorted((one for said in parted.values() for one in said), key=lambda one: one.start_s) == words
    assert all(list(said) == sorted(said, key=lambda one: one.start_s) for said in parted.values())


def test_a_voice_is_called_by_its_number() -> None:
    """In the meeting's language."""
    assert voice_label("Salle 3", 1, "fr") == "Salle 3 — voix 1"
    assert voice_label("Room 3", 2, "en") == "Room 3 — voice 2"
