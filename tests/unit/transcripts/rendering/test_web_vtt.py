"""The subtitles keep to the format and to what a reader can take in."""

from __future__ import annotations

import re

import pytest

from tests.stack.webvtt import read_cues
from tests.unit.transcripts.transcripts_of import HOSTILE, listening, transcript, turn, with_speakers
from transcripts.assembling.gaps import Gap
from transcripts.assembling.transcript import FailedTrack
from transcripts.rendering.web_vtt import web_vtt

CUE = re.compile(r"(\d\d+:\d\d:\d\d\.\d{3}) --> (\d\d+:\d\d:\d\d\.\d{3})\n<v ([^>]*)>((?:.|\n)*)</v>")


def cues(text: str) -> list[tuple[float, float, str, str]]:
    """Start, end, speaker and words of each cue; what is no cue, note or header fails."""
    header, note, *blocks = text.removesuffix("\n").split("\n\n")
    assert header == "WEBVTT"
    assert note.startswith("NOTE\n")
    found = [CUE.fullmatch(block) for block in blocks]
    return [(_seconds(cue[1]), _seconds(cue[2]), cue[3], cue[4]) for cue in map(_certain, found)]


def test_the_whole_file_in_french() -> None:
    """A header, a note, the cues."""
    value = transcript(turn("Claire", 3.2, 5, "Bonjour Marc, ça va ?"), turn("Marc", 3605.5, 3605.7, "Oui."))

    assert web_vtt(value, "fr") == (
        "WEBVTT\n\n"
        "NOTE\nPoint budget\nParticipants\u00a0: Claire, Marc\n\n"
        "00:00:03.200 --> 00:00:05.000\n<v Claire>Bonjour Marc, ça va\u202f?</v>\n\n"
        "01:00:05.500 --> 01:00:06.000\n<v Marc>Oui.</v>\n"
    )


def test_long_turns_become_cues_of_two_lines_and_seven_seconds() -> None:
    """With every word in its place."""
    said = "Nous avons consommé une bonne partie de l'enveloppe annuelle, ce qui est beaucoup. " * 12
    found = cues(web_vtt(transcript(turn("Marc", 10, 90, said, "en")), "en"))

    assert " ".join(words.replace("\n", " ") for *_, words in found) == said.strip()
    assert all(end_s - start_s <= 7.0 and start_s >= 10 for start_s, end_s, *_ in found)
    assert all(len(line) <= 55 for *_, words in found for line in words.split("\n"))
    assert all(words.count("\n") <= 1 for *_, words in found)


def test_cues_prefer_to_end_with_a_sentence() -> None:
    """Rather than to begin the next one."""
    found = cues(web_vtt(transcript(turn("Marc", 0, 6, "Nous quittons enfin le bâtiment. Tout est signé.")), "fr"))

    assert [words for *_, words in found] == ["Nous quittons enfin le bâtiment.", "Tout est signé."]


def test_cues_come_in_order_of_time_also_where_people_overlap() -> None:
    """A player may stop at the first cue that is out of order."""
    value = transcript(turn("A", 0, 20, "mot " * 60), turn("B", 5, 6, "Oui."))

    starts_s = [start_s for start_s, *_ in cues(web_vtt(value, "fr"))]

    assert starts_s == sorted(starts_s)


def test_a_listener_has_a_cue_of_their_own() -> None:
    """Subtitles show two voices at once."""
    value = transcript(turn("Claire", 0, 4, "un deux trois"), listening("Marc", 2, 2.5, "oui"))

    assert [(cue.speaker, cue.text) for cue in read_cues(web_vtt(value, "fr"))] == [
        ("Claire", "un deux trois"),
        ("Marc", "oui"),
    ]


def test_a_gap_is_a_cue_of_nobody_s_for_as_long_as_it_lasted() -> None:
    """A player shows it, and whoever counts words by voice does not."""
    value = transcript(turn("Claire", 3, 5, "Bonjour."), turn("Marc", 30, 31, "Oui."), gaps=(Gap(6, 20.4),))

    text = web_vtt(value, "fr")

    assert text.split("\n\n")[3] == (
        "00:00:06.000 --> 00:00:20.400\n"
        "<c.gap>[L’enregistrement s’est interrompu pendant\n"
        "14\u00a0s, et ce qui s’est dit alors manque.]</c>"
    )
    assert [(cue.speaker, cue.text) for cue in read_cues(text)] == [("Claire", "Bonjour."), ("Marc", "Oui.")]


def test_hostile_names_titles_and_words_cannot_leave_their_place() -> None:
    """No tag, no cue, no note of theirs."""
    value = with_speakers(transcript(turn(HOSTILE, 0, 1, HOSTILE, "en"), title=f"{HOSTILE}\n\n00:00"), HOSTILE)

    text = web_vtt(value, "en")

    ((_, _, speaker, words),) = cues(text)
    assert "&lt;script&gt;" in speaker
    assert "&lt;script&gt;" in words
    assert text.count("-->") == 1


@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_lost_track_is_noted(language: str) -> None:
    """For whoever keeps only this file."""
    assert "Marc" in web_vtt(transcript(failed=(FailedTrack("Marc", "x"),)), language)


def _certain(found: re.Match[str] | None) -> re.Match[str]:
    assert found is not None
    return found


def _seconds(stamp: str) -> float:
    hours, minutes, seconds = stamp.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)
