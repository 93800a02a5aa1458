"""Turns in the room's messages: who, when, what, and no markup but ours."""

from __future__ import annotations

from tests.unit.transcripts.transcripts_of import HOSTILE, transcript, turn
from transcripts.assembling.gaps import Gap
from transcripts.assembling.transcript import FailedTrack
from transcripts.rendering.paragraphs import failures, gap_html, gap_text, paragraphs, title, turn_html, turn_text


def test_a_turn_as_plain_text() -> None:
    """In the typography of its language."""
    assert turn_text(turn("Claire", 63.9, 66, "Qui vient ?")) == "[01:03] Claire\u00a0: Qui vient\u202f?"
    assert turn_text(turn("Anna", 3700, 3705, "Who's in?", "en")) == "[1:01:40] Anna: Who's in?"


def test_a_turn_as_html() -> None:
    """A paragraph of its own."""
    html = turn_html(turn("Claire", 63.9, 66, "Bonjour."))

    assert html == "<p><strong>Claire</strong> <code>01:03</code><br>Bonjour.</p>"


def test_a_gap_as_plain_text_and_as_html() -> None:
    """A sentence of ours, in whole seconds, that nobody takes for somebody's words."""
    gap = Gap(12.4, 16.3)

    assert gap_text(gap, "fr") == (
        "[00:12] —\u00a0L’enregistrement s’est interrompu pendant 4\u00a0s, et ce qui s’est dit alors manque.\u00a0—"
    )
    assert gap_html(gap, "en") == (
        "<p><code>00:12</code> <em>—\u00a0The recording was interrupted for 4\u00a0s,"
        " and what was said then is missing.\u00a0—</em></p>"
    )
    assert " 1\u00a0min\u00a005\u00a0s," in gap_text(Gap(0, 65.2), "fr")
    assert " 1\u00a0s," in gap_text(Gap(0, 0.5), "fr")


def test_paragraphs_come_in_order() -> None:
    """What failed first, then the turns with the gaps among them."""
    value = transcript(
        turn("Claire", 3, 5, "Bonjour."),
        turn("Marc", 30, 31, "Oui."),
        failed=(FailedTrack("<Luc>", "disk"),),
        gaps=(Gap(6, 10),),
    )

    found = list(paragraphs(value, "en"))

    assert found[0] == (failures(value, "en")[0], f"<p>{failures(value, 'en')[0].replace('<Luc>', '&lt;Luc&gt;')}</p>")
    assert found[1:] == [
        (turn_text(value.turns[0]), turn_html(value.turns[0])),
        (gap_text(value.gaps[0], "en"), gap_html(value.gaps[0], "en")),
        (turn_text(value.turns[1]), turn_html(value.turns[1])),
    ]


def test_a_turn_that_does_not_fit_comes_in_parts_down_to_a_word() -> None:
    """Every word once and in order, each part with its own time."""
    value = transcript(turn("Claire", 0, 8, "un deux trois quatre"), gaps=(Gap(9, 12),))

    texts = [text for text, _ in paragraphs(value, "en", lambda paragraph: "trois" not in paragraph[0])]

    assert texts[:3] == ["[00:00] Claire\u00a0: un deux", "[00:04] Claire\u00a0: trois", "[00:06] Claire\u00a0: quatre"]
    assert len(texts) == 4


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
