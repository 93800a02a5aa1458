"""Turns in the room's messages: who, when, what, and no markup but ours."""

from __future__ import annotations

from tests.unit.transcripts.transcripts_of import HOSTILE, transcript, turn
from transcripts.rendering import failures, title, turn_html, turn_text
from transcripts.transcript import FailedTrack


def test_a_turn_as_plain_text() -> None:
    """In the typography of its language."""
    assert turn_text(turn("Claire", 63.9, 66, "Qui vient ?")) == "[01:03] Claire\u00a0: Qui vient\u202f?"
    assert turn_text(turn("Anna", 3700, 3705, "Who's in?", "en")) == "[1:01:40] Anna: Who's in?"


def test_a_turn_as_html() -> None:
    """A paragraph of its own."""
    html = turn_html(turn("Claire", 63.9, 66, "Bonjour."))

    assert html == "<p><strong>Claire</strong> <code>01:03</code><br>Bonjour.</p>"


def test_hostile_names_and_words_are_no_markup() -> None:
    """They are shown as they are."""
    html = turn_html(turn(HOSTILE, 0, 1, HOSTILE, "en"))

    assert "<script" not in html
    assert html.count("&lt;script&gt;") == 2
    assert "\n" not in turn_text(turn("A", 0, 1, "a\nb"))


def test_the_sentence_about_a_lost_track_names_whose_it_was() -> None:
    """Where that is known; and the operator's reason is not for the room."""
    lost = transcript(failed=(FailedTrack("Marc", "disk"), FailedTrack(None, "disk")))

    assert failures(lost, "fr") == (
        "Le son de Marc n’a pas pu être transcrit\u00a0: ses paroles manquent.",
        "Le son d’une personne n’a pas pu être transcrit\u00a0: ses paroles manquent.",
    )
    assert all("could not be transcribed" in sentence for sentence in failures(lost, "en"))
    assert failures(transcript(), "fr") == ()


def test_a_name_with_braces_is_only_a_name() -> None:
    """It is put into a sentence, and is no template itself."""
    assert "{speaker.__class__}" in failures(transcript(failed=(FailedTrack("{speaker.__class__}", ""),)), "en")[0]


def test_a_meeting_without_a_title_is_called_a_meeting() -> None:
    """In the reader's language."""
    assert title(transcript(title=" \n "), "fr") == "Réunion"
    assert title(transcript(title=""), "en") == "Meeting"
