"""Minutes as they are read: what, who, by when, and on which words; nothing in them is markup but ours."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.unit.transcripts.transcripts_of import HOSTILE, transcript, turn
from transcripts.minutes.claims import Claim, Fallback, Minutes
from transcripts.rendering.markdown import markdown
from transcripts.rendering.minutes import is_heading, joined_html, minutes_paragraphs
from transcripts.rendering.web_vtt import web_vtt

if TYPE_CHECKING:
    from transcripts.assembling.transcript import Transcript

CLAIMS = (
    Claim("key_point", "Le budget est de 60 000 euros.", 0, "Le budget est de 60 000 euros.", 3.0, "Claire"),
    Claim("decision", "L'offre B est retenue !", 0, "on prend donc euh l'offre B", 70.0, "Claire"),
    Claim("action", "Marc envoie le contrat.", 1, "Je l'envoie vendredi", 754.0, "Claire", "Marc", "avant vendredi"),
)


def with_minutes(*claims: Claim, fallback: Fallback | None = None) -> Transcript:
    """A transcript of two turns and its minutes."""
    value = transcript(turn("Claire", 3.2, 5, "Bonjour Marc."), turn("Marc", 5.5, 6, "Oui."))
    return replace(value, minutes=Minutes(claims, "rules", fallback))


def lines(value: Transcript, language: str) -> list[str]:
    """The plain text of the minutes, line by line."""
    return "\n".join(text for text, _ in minutes_paragraphs(value, language)).splitlines()


def test_each_claim_has_its_time_speaker_details_and_words() -> None:
    """The words only where the text says them otherwise; sections without claims are not there."""
    assert lines(with_minutes(*CLAIMS), "fr") == [
        "Points clés",
        "• [00:03] Claire\u00a0: Le budget est de 60\u202f000\u00a0euros.".replace("\u00a0euros", " euros"),
        "Décisions",
        "• [01:10] Claire\u00a0: L’offre B est retenue\u202f!",
        "  «\u00a0on prend donc euh l’offre B\u00a0»",
        "Actions",
        "• [12:34] Claire\u00a0: Marc envoie le contrat.",
        "  Qui\u00a0: Marc · Échéance\u00a0: avant vendredi",
        "  «\u00a0Je l’envoie vendredi\u00a0»",
    ]


def test_the_labels_are_in_the_reader_s_language() -> None:
    """The words stay in theirs."""
    said = lines(with_minutes(CLAIMS[2]), "en")

    assert said[0] == "Actions"
    assert said[2:] == ["  Who: Marc · Due: avant vendredi", "  “Je l’envoie vendredi”"]


def test_what_a_model_writes_is_set_in_the_meeting_s_language() -> None:
    """It writes French of what was said in English; the quote is English."""
    english = transcript(turn("Anna", 0, 2, "Is it the budget: yes!", "en"))
    claim = Claim("decision", "C'est le budget !", 0, "Is it the budget: yes!", 0.0, "Anna")

    first, second = lines(replace(english, minutes=Minutes((claim,), "model")), "fr")[1:]

    assert first == "• [00:00] Anna\u00a0: C’est le budget\u202f!"
    assert second == "  «\u00a0Is it the budget: yes!\u00a0»"


@pytest.mark.parametrize(("language", "sentence"), [("fr", "Rien n’a été relevé"), ("en", "Nothing was found")])
def test_where_there_is_nothing_it_is_said(language: str, sentence: str) -> None:
    """In one sentence, without empty sections."""
    (line,) = lines(with_minutes(), language)

    assert line.startswith(sentence)


def test_a_language_that_the_rules_do_not_know_is_not_a_meeting_without_content() -> None:
    """Whoever reads it is told why there is nothing, and that there is a transcript."""
    value = replace(transcript(turn("Anna", 0, 2, "Wir haben das beschlossen.", "de")), minutes=Minutes(()))

    assert lines(value, "en")[0].startswith("Without a language model, minutes can be made in French and in English")
    assert "qu’en français ou en anglais" in lines(value, "fr")[0]
    assert lines(replace(value, minutes=Minutes((), "model")), "en")[0].startswith("Nothing was found")


@pytest.mark.parametrize("fallback", ["timeout", "refused", "away", "nonsense"])
def test_that_the_model_was_not_to_be_had_is_said_first(fallback: Fallback) -> None:
    """One plain sentence, whatever the reason."""
    first, second, *_ = lines(with_minutes(*CLAIMS, fallback=fallback), "fr")

    assert first == "Le modèle de langue n’a pas pu être utilisé\u00a0: ce compte rendu a été établi par des règles."
    assert second == "Points clés"


def test_a_section_is_a_heading_and_a_list() -> None:
    """So that a screen reader can go from one to the next."""
    html = joined_html(minutes_paragraphs(with_minutes(CLAIMS[0], replace(CLAIMS[0], start_s=9.0), CLAIMS[1]), "fr"))

    assert html.count("<ul>") == html.count("</ul>") == 2
    assert html.startswith("<h4>Points clés</h4><ul><li><code>00:03</code> <strong>Claire</strong>\u00a0: Le budget")
    assert "</li><li>" in html
    assert "<br><em>«\u00a0on prend donc euh l’offre B\u00a0»</em></li>" in html


def test_hostile_words_and_names_are_text() -> None:
    """Everywhere that words can come to stand."""
    claim = Claim("action", HOSTILE, 0, f"x {HOSTILE}", 1.0, HOSTILE, HOSTILE, HOSTILE)
    value = with_minutes(replace(claim, quote="autre"), replace(claim, text="Rien."))

    html = joined_html(minutes_paragraphs(value, "en"))
    file = markdown(value, "en")

    assert "<script>" not in html
    assert html.count("&lt;script&gt;") == 8
    assert "\\<script\\>" in file
    assert "<script>" not in file.replace("\\<script\\>", "")


def test_a_long_quote_is_cut_between_words() -> None:
    """The transcript has all of it."""
    quote = "mot " * 100

    (_, line) = "\n".join(
        text for text, _ in minutes_paragraphs(with_minutes(replace(CLAIMS[1], quote=quote)), "fr")
    ).splitlines()[1:]

    assert line.endswith("mot…\u00a0»")
    assert len(line) < 180


def test_a_claim_that_does_not_fit_goes_without_its_quote_or_is_cut() -> None:
    """It is never left out."""
    value = with_minutes(replace(CLAIMS[1], text="Long " * 80))

    def within(size: int) -> list[str]:
        paragraphs = minutes_paragraphs(value, "fr", lambda paragraph: len(paragraph[0]) <= size)
        return [text for text, html in paragraphs if not html.startswith("<h4>")]

    assert "«" in within(1000)[0]
    assert "«" not in within(430)[0]
    assert within(10)[0].endswith("Long…")


def test_headings_are_known_by_what_they_are() -> None:
    """A claim that reads like one is none."""
    paragraphs = list(minutes_paragraphs(with_minutes(replace(CLAIMS[0], text="<h4>")), "fr"))

    assert [is_heading(paragraph) for paragraph in paragraphs] == [True, False]


def test_the_markdown_file_begins_with_the_minutes() -> None:
    """Then comes the transcript, under a heading of the same rank."""
    text = markdown(with_minutes(*CLAIMS), "fr")

    assert (
        "## Compte rendu\n\n### Points clés\n\n- **[00:03] Claire\u00a0:** Le budget est de 60\u202f000 euros.\n\n"
        "### Décisions\n\n- **[01:10] Claire\u00a0:** L’offre B est retenue\u202f!  \n"
        "  *«\u00a0on prend donc euh l’offre B\u00a0»*\n\n"
    ) in text
    assert text.index("## Compte rendu") < text.index("### Actions") < text.index("## Transcription")


def test_files_of_a_meeting_without_minutes_are_as_before() -> None:
    """Those of earlier versions."""
    before = replace(with_minutes(*CLAIMS), minutes=None)

    assert "Compte rendu" not in markdown(before, "fr")
    assert web_vtt(before, "fr") == web_vtt(with_minutes(*CLAIMS), "fr")
