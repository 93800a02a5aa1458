"""The reader of the `.vtt` attachment, by which the demo judges the transcript."""

from __future__ import annotations

import pytest

from tests.stack.webvtt import Cue, read_cues, words_by_voice

VTT = """WEBVTT - Point budget
Language: fr

NOTE
what a person should know

1
00:03.342 --> 00:16.111
<v Claire>Bonjour à <i>toutes</i> et à tous.</v>

01:00:16.368 --> 01:00:21.136 align:start
<v Jean &amp; fils>R&amp;D, on y va
sur deux lignes

02:00.000 --> 02:01.500
<v Claire>Oui.

02:02.000 --> 02:06.000
<c.gap>[L’enregistrement s’est interrompu pendant 4 s,
et ce qui s’est dit alors manque.]</c>
"""


def test_cues_are_read_with_their_times_and_voices() -> None:
    """Hours may be left out, cue settings and closing tags may be there, and text is unescaped."""
    assert read_cues(VTT) == [
        Cue(3.342, 16.111, "Claire", "Bonjour à toutes et à tous."),
        Cue(3616.368, 3621.136, "Jean & fils", "R&D, on y va\nsur deux lignes"),
        Cue(120.0, 121.5, "Claire", "Oui."),
    ]


def test_words_are_gathered_by_voice_in_time_order() -> None:
    """A speaker's words are put end to end, whoever speaks in between."""
    assert words_by_voice(read_cues(VTT))["Claire"] == "Bonjour à toutes et à tous. Oui."


def test_a_cue_that_names_nobody_is_an_error() -> None:
    """Words without a name would go unjudged."""
    with pytest.raises(ValueError, match="names nobody"):
        read_cues("WEBVTT\n\n00:00.000 --> 00:01.000\nBonjour.\n")


def test_something_else_than_webvtt_is_an_error() -> None:
    """An empty or wrong attachment is not an empty transcript."""
    with pytest.raises(ValueError, match="not a WebVTT"):
        read_cues("# Transcription\n")
