"""The Markdown file reads well as it is, and nothing in it is markup but ours."""

from __future__ import annotations

import re
from dataclasses import replace
from zoneinfo import ZoneInfo

from tests.unit.transcripts.transcripts_of import HOSTILE, listening, transcript, turn, with_speakers
from transcripts.assembling.gaps import Gap
from transcripts.assembling.transcript import FailedTrack
from transcripts.minutes.claims import Minutes
from transcripts.rendering.markdown import escape, markdown

PARIS = ZoneInfo("Europe/Paris")


def test_the_whole_file_in_french() -> None:
    """Title, date in the reader's time zone, duration, participants, turns."""
    value = transcript(turn("Claire", 3.2, 5, "Bonjour Marc, ça va ?"), turn("Marc", 5.5, 6, "Oui."))

    assert markdown(value, "fr", PARIS) == (
        "# Point budget\n\n"
        "- **Date\u00a0:** mardi 1er décembre 2026 à 14:05\n"
        "- **Durée\u00a0:** 1\u00a0min\u00a059\u00a0s\n"
        "- **Participants\u00a0:** Claire, Marc\n\n"
        "## Transcription\n\n"
        "**[00:03] Claire\u00a0:** Bonjour Marc, ça va\u202f?\n\n"
        "**[00:05] Marc\u00a0:** Oui.\n"
    )


def test_the_headings_are_in_the_reader_s_language() -> None:
    """The words stay in theirs."""
    text = markdown(transcript(turn("Claire", 0, 1, "Ça va ?")), "en", PARIS)

    assert "- **Date:** Tuesday 1 December 2026, 14:05\n" in text
    assert "## Transcript\n" in text
    assert "**[00:00] Claire:** Ça va\u202f?" in text


def test_utc_is_named_where_no_time_zone_is_given() -> None:
    """An hour without a zone would be taken for the reader's own."""
    assert "13:05 UTC" in markdown(transcript(), "fr")


def test_a_lost_track_and_an_empty_meeting_are_told() -> None:
    """Plainly, before the turns."""
    text = markdown(transcript(failed=(FailedTrack("Marc", "x"),)), "fr", PARIS)

    assert "> Le son de Marc n’a pas pu être transcrit" in text
    assert "*Aucune parole n’a été reconnue.*" in text
    assert "**Participants\u00a0:** personne" in text


def test_where_nobody_spoke_that_is_said_once() -> None:
    """Not also of the minutes, as in the room."""
    assert "Compte rendu" not in markdown(replace(transcript(), minutes=Minutes(())), "fr", PARIS)


def test_a_gap_stands_where_it_was() -> None:
    """Between the turns, in the reader's language; and it is told also where nothing else is."""
    value = transcript(turn("Claire", 3, 5, "Bonjour."), turn("Marc", 30, 31, "Oui."), gaps=(Gap(6, 10.4),))

    assert (
        "**[00:03] Claire:** Bonjour.\n\n"
        "**[00:06]** *—\u00a0The recording was interrupted for 4\u00a0s,"
        " and what was said then is missing.\u00a0—*\n\n"
        "**[00:30] Marc:** Oui.\n"
    ) in markdown(value, "en", PARIS)
    assert "s’est interrompu pendant 4\u00a0s, et ce" in markdown(transcript(gaps=(Gap(6, 10.4),)), "fr", PARIS)


def test_listeners_and_whoever_speaks_at_the_same_time_are_told() -> None:
    """The ones within the turn that they accompany, the others by a word after their name."""
    value = transcript(
        turn("Claire", 12, 20, "soit trois pour cent"),
        listening("Marc_", 16, 16.5, "d'*accord*"),
        replace(turn("Zoé", 18, 21, "Non."), overlapped=True),
    )

    assert markdown(value, "fr", PARIS).endswith(
        "**[00:12] Claire\u00a0:** soit trois *(Marc\\_\u00a0: «\u00a0d'\\*accord\\*\u00a0»)* pour cent\n\n"
        "**[00:18] Zoé (en même temps)\u00a0:** Non.\n"
    )
    assert "*(Marc\\_: “d'\\*accord\\*”)* pour cent" in markdown(value, "en", PARIS)


def test_hostile_names_titles_and_words_are_no_markup() -> None:
    """No HTML, no emphasis, no link survives unescaped anywhere."""
    value = with_speakers(transcript(turn(HOSTILE, 0, 1, HOSTILE, "en"), title=HOSTILE), HOSTILE)

    text = markdown(value, "en", PARIS)

    assert text.count("\\<script\\>\\*a\\*\\_b\\_\\`c\\`\\[d\\](http\\://e)\\</script\\>") == 4
    assert re.findall(r"(?<!\\)[<`]", text) == []


def test_entities_are_shown_as_they_were_said() -> None:
    """An ampersand that would begin one is escaped, and no other."""
    assert escape("&lt;b&gt; &#60; R&D") == "\\&lt;b\\&gt; \\&\\#60; R&D"


def test_ordinary_words_are_not_cluttered() -> None:
    """Escapes stand only where they are needed."""
    plain = "C'est noté : 3,5 % (soit 12 h) – d'accord ? Oui ! R&D, 1. ok; a-b + c."

    assert escape(plain) == plain
