"""Turns in the room's messages: who, when, what, and no markup but ours."""

from __future__ import annotations

from dataclasses import replace

from tests.unit.transcripts.transcripts_of import HOSTILE, listening, transcript, turn
from transcripts.assembling.folding import Accompanied
from transcripts.assembling.gaps import Gap
from transcripts.assembling.transcript import FailedTrack
from transcripts.rendering.paragraphs import failures, gap_html, gap_text, paragraphs, title, turn_html, turn_text


def test_a_turn_as_plain_text() -> None:
    """The words in the typography of their language, the label in that of its reader."""
    claire = Accompanied(turn("Claire", 63.9, 66, "Qui vient ?"))
    anna = Accompanied(turn("Anna", 3700, 3705, "Who's in?", "en"))

    assert turn_text(claire, "fr") == "[01:03] Claire\u00a0: Qui vient\u202f?"
    assert turn_text(claire, "en") == "[01:03] Claire: Qui vient\u202f?"
    assert turn_text(anna, "en") == "[1:01:40] Anna: Who's in?"


def test_a_turn_as_html() -> None:
    """A paragraph of its own."""
    html = turn_html(Accompanied(turn("Claire", 63.9, 66, "Bonjour.")), "fr")

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
        (turn_text(Accompanied(value.turns[0]), "en"), turn_html(Accompanied(value.turns[0]), "en")),
        (gap_text(value.gaps[0], "en"), gap_html(value.gaps[0], "en")),
        (turn_text(Accompanied(value.turns[1]), "en"), turn_html(Accompanied(value.turns[1]), "en")),
    ]


def test_a_turn_that_does_not_fit_comes_in_parts_down_to_a_word() -> None:
    """Every word once and in order, each part with its own time."""
    value = transcript(turn("Claire", 0, 8, "un deux trois quatre"), gaps=(Gap(9, 12),))

    texts = [text for text, _ in paragraphs(value, "en", lambda paragraph: "trois" not in paragraph[0])]

    assert texts[:3] == ["[00:00] Claire: un deux", "[00:04] Claire: trois", "[00:06] Claire: quatre"]
    assert len(texts) == 4


def test_what_listeners_say_is_read_within_the_turn() -> None:
    """In brackets, quoted and named, where it was said; the time is the turn's."""
    value = transcript(
        turn("Claire", 12, 20, "soit trois pour cent de plus, voilà ."),
        listening("Marc", 16.1, 16.5, "d'accord,"),
        listening("Zoé", 16.3, 16.8, "ah ?"),
    )

    ((text, html),) = paragraphs(value, "fr")
    assert text == (
        "[00:12] Claire\u00a0: soit trois pour cent de (Marc\u00a0: «\u00a0d’accord\u00a0») "
        "(Zoé\u00a0: «\u00a0ah\u202f?\u00a0») plus, voilà ."
    )
    assert "de <em>(Marc\u00a0: «\u00a0d’accord\u00a0»)</em> <em>(Zoé\u00a0: " in html
    assert html.startswith("<p><strong>Claire</strong> <code>00:12</code><br>soit trois")
    assert "(Marc: “d’accord”)" in next(iter(paragraphs(value, "en")))[0]


def test_a_turn_that_does_not_fit_takes_its_listeners_along() -> None:
    """Each with the half in whose time they spoke; beside a single word, each by itself."""
    value = transcript(
        turn("Claire", 0, 8, "un deux trois quatre"),
        listening("Marc", 1, 1.2, "oui"),
        listening("Zoé", 4, 4.1, "non"),
        listening("Marc", 6.5, 6.6, "si"),
    )

    def texts(longest: int) -> list[str]:
        return [text for text, _ in paragraphs(value, "en", lambda paragraph: len(paragraph[0]) <= longest)]

    assert texts(60) == [
        "[00:00] Claire: un (Marc: “oui”) deux (Zoé: “non”)",
        "[00:04] Claire: trois quatre (Marc: “si”)",
    ]
    assert texts(20) == [
        "[00:00] Claire: un",
        "[00:01] Marc: oui",
        "[00:02] Claire: deux",
        "[00:04] Zoé: non",
        "[00:04] Claire: trois",
        "[00:06] Claire: quatre",
        "[00:06] Marc: si",
    ]


def test_who_speaks_at_the_same_time_is_told_in_words() -> None:
    """After the name, in the reader's language."""
    marc = Accompanied(replace(turn("Marc", 12, 14, "Non."), overlapped=True))

    assert turn_text(marc, "fr") == "[00:12] Marc (en même temps)\u00a0: Non."
    assert turn_text(marc, "en") == "[00:12] Marc (at the same time): Non."
    assert "<strong>Marc (en même temps)</strong>" in turn_html(marc, "fr")


def test_hostile_names_and_words_are_no_markup() -> None:
    """They are shown as they are."""
    read = Accompanied(turn(HOSTILE, 0, 1, HOSTILE, "en"), (listening(f"{HOSTILE}2", 0.5, 0.6, HOSTILE),))

    html = turn_html(read, "en")

    assert "<script" not in html
    assert html.count("&lt;script&gt;") == 4
    assert "\n" not in turn_text(Accompanied(turn("A", 0, 1, "a\nb")), "en")


def test_the_sentence_about_a_lost_track_names_whose_it_was() -> None:
    """Where that is known; and the operator's reason is not for the room."""
    lost = transcript(failed=(FailedTrack("Marc", "disk"), FailedTrack(None, "disk")))

    assert failures(lost, "fr") == (
        "Le son de Marc n’a pas pu être transcrit\u00a0: ses paroles manquent.",
        "Le son d’une personne n’a pas pu être transcrit\u00a0: ses paroles manquent.",
    )
    assert all("could not be transcribed" in sentence for sentence in failures(lost, "en"))
    assert failures(transcript(), "fr") == ()


def test_a_track_that_lacks_some_words_is_not_said_to_lack_all() -> None:
    """Whether it has some itself, or its owner has another one."""
    partly = transcript(failed=(FailedTrack("Marc", "x", partly=True),))
    back = transcript(turn("Marc", 0, 1, "Oui."), failed=(FailedTrack("Marc", "x"), FailedTrack("Marc", "y")))

    sentence = "Une partie du son de Marc n’a pas pu être transcrite\u00a0: des paroles manquent."
    assert failures(partly, "fr") == (sentence,)
    assert failures(back, "fr") == (sentence,)
    assert failures(partly, "en")[0].startswith("Part of the sound of Marc could not be transcribed")


def test_a_shared_microphone_whose_voices_are_one_is_told() -> None:
    """Or its name would be taken for a person."""
    room = replace(transcript(turn("Salle 3", 0, 1, "Oui.")), unseparated=("Salle 3",))

    (sentence,) = failures(room, "fr")
    assert sentence == (
        "Les voix au micro de «\u00a0Salle 3\u00a0» n’ont pas pu être distinguées\u00a0: "
        "tout ce qui y est dit figure sous ce nom."
    )
    assert "“Salle 3” could not be told apart" in failures(room, "en")[0]
    assert next(iter(paragraphs(room, "fr")))[0] == sentence


def test_a_name_with_braces_is_only_a_name() -> None:
    """It is put into a sentence, and is no template itself."""
    assert "{speaker.__class__}" in failures(transcript(failed=(FailedTrack("{speaker.__class__}", ""),)), "en")[0]


def test_a_meeting_without_a_title_is_called_a_meeting() -> None:
    """In the reader's language."""
    assert title(transcript(title=" \n "), "fr") == "Réunion"
    assert title(transcript(title=""), "en") == "Meeting"
