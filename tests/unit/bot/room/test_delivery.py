"""The transcript as messages of a room: complete, in order, and none larger than a homeserver takes."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser
from zoneinfo import ZoneInfo

import pytest

from bot.room.delivery import MINUTES_KEY, TRANSCRIPT_KEY, files, messages, minutes_messages
from bot.room.wording import ENGLISH, FRENCH, Wording
from bridge.matrix.ids import EventId
from bridge.matrix.outbound import MAX_CONTENT_BYTES, Content, event_size, in_thread
from tests.fakes.jobs import transcript, turn
from transcripts.assembling.gaps import Gap
from transcripts.assembling.transcript import FailedTrack, Transcript
from transcripts.assembling.turns import Turn
from transcripts.minutes.claims import KINDS, Claim, Minutes

PARIS = ZoneInfo("Europe/Paris")
ROOT = EventId("$" + "x" * 254)


class Said(HTMLParser):
    """The text of a message's HTML, a line for each paragraph, without the times."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 (as in the class)
        """Note an element."""
        self.elements.add(tag)
        self.text += "\n"

    def handle_data(self, data: str) -> None:
        """Note text."""
        self.text += data


def sizes(parts: list[Content]) -> list[int]:
    """How large each message is as it is sent: in a thread, with the longest id that an event may have."""
    return [event_size(in_thread(ROOT, part)) for part in parts]


def words(parts: list[Content], *, html: bool = False) -> list[str]:
    """Every word of the messages that belongs to a turn of ours: `w…`, in order."""
    texts = [Said(part["formatted_body"]).text if html else part["body"] for part in parts]
    return [word for text in texts for word in text.split() if word.startswith("w")]


def long_meeting(turns: int, words_each: int, letter: str) -> Transcript:
    """Two people in turn, every word its own."""
    spoken: list[Turn] = []
    for n in range(turns):
        text = " ".join(f"w{n}-{m}{letter * 5}" for m in range(words_each))
        spoken.append(turn("Claire" if n % 2 else "Zoé", text, n * 5.0))
    return transcript(tuple(spoken))


@pytest.mark.parametrize(
    ("turns", "words_each", "letter"),
    [
        (3000, 8, "a"),
        (500, 40, "é"),
        (1, 20_000, "a"),
        (2, 5_000, "é"),
        (3, 3_000, "😀"),
        (40, 290, "ж"),
        (60, 60, "<"),
    ],
)
def test_a_long_meeting_is_split_and_nothing_of_it_is_lost(turns: int, words_each: int, letter: str) -> None:
    """Thousands of turns, or one that never ends; letters of one byte, or of twelve."""
    long = long_meeting(turns, words_each, letter)
    parts = messages(long, FRENCH)
    assert max(sizes(parts)) <= MAX_CONTENT_BYTES
    everything = [word for turn in long.turns for word in turn.text.split()]
    assert words(parts) == everything
    assert words(parts, html=True) == everything


def test_messages_are_filled_before_another_is_begun() -> None:
    """A room is not flooded with small ones."""
    parts = messages(long_meeting(3000, 8, "a"), FRENCH)
    assert min(sizes(parts)[:-1]) > MAX_CONTENT_BYTES * 0.8


def test_parts_are_numbered_and_titled() -> None:
    """So that a reader, and a program, sees that there is more."""
    parts = messages(long_meeting(500, 8, "a"), FRENCH)
    assert len(parts) > 2
    assert [part[TRANSCRIPT_KEY] for part in parts] == [
        {"part": n, "parts": len(parts)} for n in range(1, len(parts) + 1)
    ]
    assert parts[0]["body"].splitlines()[0] == "Transcription — Visio · Point budget"
    assert {part["body"].splitlines()[0] for part in parts[1:]} == {FRENCH.transcript_continued}


def test_a_short_meeting_is_one_message() -> None:
    """Who said what, when."""
    (part,) = messages(transcript((turn("Claire", "Hello everyone", 65.0, language="en"),)), ENGLISH)
    assert part["body"].splitlines() == ["Transcript — Call · Point budget", "[01:05] Claire: Hello everyone"]
    assert part["msgtype"] == "m.notice"
    assert part["m.mentions"] == {}
    assert part[TRANSCRIPT_KEY] == {"part": 1, "parts": 1}


@pytest.mark.parametrize("wording", [FRENCH, ENGLISH])
def test_tracks_that_failed_are_said_first(wording: Wording) -> None:
    """By name where it is known; the rest stands."""
    failed = (FailedTrack("Marc", "cannot be read"), FailedTrack(None, "no sidecar"))
    (part,) = messages(transcript((turn("Claire", "Bonjour"),), failed), wording)
    lines = part["body"].splitlines()
    assert "Marc" in lines[1]
    assert len(lines) == 4
    assert lines[3].endswith("Bonjour")
    assert "cannot be read" not in part["body"]


def test_a_gap_parts_the_turn_that_spans_it() -> None:
    """The words before, the mark, the words after."""
    spoken = turn("Claire", " ".join(f"w{n}" for n in range(30)))
    (part,) = messages(transcript((spoken,), gaps=(Gap(4.0, 6.0),)), ENGLISH)
    _, before, gap, after = part["body"].splitlines()
    assert before.endswith("w14")
    assert "interrupted for 2\u00a0s" in gap
    assert "Claire: w15 w16" in after
    assert Said(part["formatted_body"]).text.split("\n")[-1].startswith("w15 ")


def test_any_number_of_failed_tracks_fits() -> None:
    """A hundred people with long names, and a disk that failed them all."""
    failed = tuple(FailedTrack(f"w{n}" + "é" * 60, "cannot be read") for n in range(100))
    parts = messages(transcript((turn("Claire", "Bonjour"),), failed), FRENCH)
    assert max(sizes(parts)) <= MAX_CONTENT_BYTES
    assert len(words(parts)) == 100
    assert parts[-1]["body"].endswith("Bonjour")


def test_the_longest_title_fits() -> None:
    """Of the widest letters, above a first turn of whatever length."""
    for count in (*range(40, 240, 10), 2000):
        long = transcript((turn("😀" * 64, " ".join(["😀" * 4] * count)),), title="😀" * 120)
        parts = messages(long, FRENCH)
        assert max(sizes(parts)) <= MAX_CONTENT_BYTES
        assert len(parts[0]["body"].splitlines()) > 1, "a title without anything under it"


def test_hostile_names_and_words_are_text() -> None:
    """No element but our own comes of them."""
    hostile = "<img/src=x/onerror=alert(1)>&amp;</p><script>"
    (part,) = messages(transcript((turn(hostile, hostile),), (FailedTrack(hostile, ""),), title=hostile), ENGLISH)
    html = Said(part["formatted_body"])
    assert html.elements <= {"h3", "p", "strong", "code", "br"}
    assert html.text.count(hostile) == 4


@pytest.mark.parametrize("wording", [FRENCH, ENGLISH])
def test_the_files_are_named_after_the_meetings_time_and_hold_every_word(wording: Wording) -> None:
    """In the time zone of the rooms; names that every system takes."""
    markdown, vtt = files(long_meeting(50, 10, "é"), wording, PARIS)
    assert markdown.name == f"{wording.file_name}-2026-11-12-1405.md"
    assert vtt.name == f"{wording.file_name}-2026-11-12-1405.vtt"
    assert (markdown.content_type, vtt.content_type) == ("text/markdown", "text/vtt")
    assert vtt.text.startswith("WEBVTT\n")
    for file in (markdown, vtt):
        assert all(f"w{n}-{m}é" in file.text for n in range(50) for m in range(10))


def with_minutes(claims: int, text: str = "w{} est décidé.", quote: str = "autre") -> Transcript:
    """A meeting with so many claims of each kind, every one its own."""
    made = [
        Claim(kind, text.format(f"{kind}-{n}"), 0, quote, 5.0 * n, "Claire") for kind in KINDS for n in range(claims)
    ]
    return replace(transcript((turn("Claire", "Bonjour"),)), minutes=Minutes(tuple(made)))


@pytest.mark.parametrize(
    ("claims", "text"), [(30, "w{} est décidé."), (30, "w{} " + "é" * 400), (30, "w{}" + " 😀😀😀" * 140)]
)
def test_long_minutes_are_split_and_no_claim_is_lost(claims: int, text: str) -> None:
    """Each message within the size, numbered, every claim once, in order."""
    long = with_minutes(claims, text, quote="😀" * 5_000)
    parts = minutes_messages(long, FRENCH)

    assert max(sizes(parts)) <= MAX_CONTENT_BYTES
    assert [part[MINUTES_KEY] for part in parts] == [{"part": n, "parts": len(parts)} for n in range(1, len(parts) + 1)]
    assert words(parts) == [f"w{kind}-{n}" for kind in KINDS for n in range(claims)]
    assert words(parts, html=True) == words(parts)


def test_a_section_that_goes_on_has_its_heading_again() -> None:
    """And no message ends with a heading."""
    parts = minutes_messages(with_minutes(30, "w{} " + "é" * 400), FRENCH)
    headings = {"Points clés", "Décisions", "Actions", "Questions ouvertes"}

    assert len(parts) > 2
    assert parts[0]["body"].splitlines()[:2] == ["Compte rendu — Visio · Point budget", "Points clés"]
    for part in parts[1:]:
        title, heading, *_ = part["body"].splitlines()
        assert (title, heading in headings) == (FRENCH.minutes_continued, True)
    assert not any(part["body"].splitlines()[-1] in headings for part in parts)


def test_minutes_are_headings_and_lists_and_mention_nobody() -> None:
    """What hostile words say is text."""
    hostile = "<img/src=x/onerror=alert(1)> @room @claire:example.org"
    (part,) = minutes_messages(with_minutes(1, hostile, hostile), ENGLISH)

    assert Said(part["formatted_body"]).elements == {"h3", "h4", "ul", "li", "code", "strong"}
    assert part["formatted_body"].startswith("<h3>Minutes — Call · Point budget</h3><h4>Key points</h4><ul><li>")
    assert (part["m.mentions"], part["msgtype"]) == ({}, "m.notice")


def test_what_has_no_minutes_posts_none() -> None:
    """A transcript of an earlier version, and a meeting in which nobody was heard."""
    assert minutes_messages(transcript((turn("Claire", "Bonjour"),)), FRENCH) == []
    assert minutes_messages(replace(transcript(()), minutes=Minutes(())), FRENCH) == []
