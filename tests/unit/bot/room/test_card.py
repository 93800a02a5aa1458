"""The card: what a room sees of its meeting, in each phase."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.room.card import CARD_KEY, CardState, Phase, card, heading, join_url, state_line
from bot.room.wording import ENGLISH, FRENCH, Wording, in_language
from bot.store.register import Meeting
from bridge.matrix.ids import EventId
from bridge.matrix.outbound import MAX_CONTENT_BYTES, edit_of, event_size
from config.models import Speech, Summary
from tests.unit.bot.samples import OPENED_AT, PUBLIC_URL, a_meeting, settings

PARIS = ZoneInfo("Europe/Paris")
LINK = f"{PUBLIC_URL}/v/abcdefghijklmnopqrstuv"
ENDED = OPENED_AT + timedelta(minutes=12)


def drawn(meeting: Meeting, state: CardState | None = None, **sections: Any) -> dict[str, Any]:
    """The card's content, with these sections of the settings."""
    used = settings(Path("/nowhere"), **sections)
    return card(meeting, state or CardState(), in_language(meeting.language), used)


class Seen(HTMLParser):
    """What a client makes of the HTML: elements, links and text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.links: list[str | None] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.elements.append(tag)
        self.links += [value for name, value in attrs if name == "href"]
        self.text += "\n" if tag == "br" else ""

    def handle_data(self, data: str) -> None:
        """Note text."""
        self.text += data


def test_an_open_card_says_all_that_one_needs() -> None:
    """Title, state, link, that the call is transcribed, and how to stop that."""
    assert drawn(a_meeting())["body"].splitlines() == [
        "Visio · Point budget",
        "en attente des premiers participants",
        f"Rejoindre l’appel\u00a0: {LINK}",
        (
            "Cet appel est transcrit\u00a0: à la fin, ce que chacun a dit est publié dans ce salon. "
            "Pour l’arrêter et effacer ce qui est déjà enregistré\u00a0: !visio sans transcription"
        ),
    ]


def test_an_open_card_in_english() -> None:
    """Nothing of it is French."""
    assert drawn(a_meeting(language="en"))["body"].splitlines() == [
        "Call · Point budget",
        "waiting for the first participants",
        f"Join the call: {LINK}",
        (
            "This call is transcribed: when it ends, what everyone said is posted in this room. "
            "To stop that and erase what has been recorded: !visio no transcript"
        ),
    ]


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("transcribed", [True, False])
@pytest.mark.parametrize("phase", ["open", "transcribing", "done", "failed"])
def test_the_html_says_what_the_text_says(language: str, transcribed: bool, phase: Phase) -> None:
    """Whichever of the two a client shows."""
    content = drawn(
        a_meeting(language=language, transcribed=transcribed),
        CardState(phase, present=1, attended=2, ended_at=ENDED, remarks=("Une remarque.",)),
    )
    html = Seen(content["formatted_body"])
    shown = [line for line in content["body"].splitlines() if LINK not in line]
    assert [line for line in html.text.splitlines() if line not in (FRENCH.join, ENGLISH.join)] == shown
    assert html.links == ([LINK] if phase == "open" else [])
    assert content["format"] == "org.matrix.custom.html"


def test_a_call_without_transcription_says_so() -> None:
    """And does not offer to stop what is not done."""
    body = drawn(a_meeting(transcribed=False))["body"]
    assert FRENCH.not_transcribed in body
    assert "sans transcription" not in body


SPEECH = Speech(endpoint="https://speech.example.org:8443/secret/v1")
SUMMARY = Summary(endpoint="http://models.example.org/v1", model="m")
SAME = Summary(endpoint="http://speech.example.org/other", model="m")


@pytest.mark.parametrize(
    ("sections", "french", "english"),
    [
        pytest.param(
            {"speech": SPEECH},
            "Le son et les noms des participants sont envoyés à speech.example.org pour la transcription.",
            "The sound and the participants’ names are sent to speech.example.org for the transcript.",
            id="speech",
        ),
        pytest.param(
            {"summary": SUMMARY},
            "Le texte et les noms des participants sont envoyés à models.example.org pour le compte rendu.",
            "The text and the participants’ names are sent to models.example.org for the minutes.",
            id="summary",
        ),
        pytest.param(
            {"speech": SPEECH, "summary": SAME},
            "Le son, le texte et les noms des participants sont envoyés à speech.example.org "
            "pour la transcription et le compte rendu.",
            "The sound, the text and the participants’ names are sent to speech.example.org "
            "for the transcript and the minutes.",
            id="both, to one host",
        ),
        pytest.param(
            {"speech": SPEECH, "summary": SUMMARY},
            "Le son est envoyé à speech.example.org pour la transcription, et le texte à models.example.org "
            "pour le compte rendu, l’un et l’autre avec les noms des participants.",
            "The sound is sent to speech.example.org for the transcript, and the text to models.example.org "
            "for the minutes, both with the participants’ names.",
            id="both, to two hosts",
        ),
    ],
)
def test_the_card_names_the_hosts_that_words_or_sound_go_to(
    sections: dict[str, Any], french: str, english: str
) -> None:
    """By their names alone, below the consent to being transcribed; never where nothing is transcribed."""
    for language, sentence in (("fr", french), ("en", english)):
        before = drawn(a_meeting(language=language))
        content = drawn(a_meeting(language=language), **sections)
        assert content["body"].splitlines() == [*before["body"].splitlines(), sentence]
        assert content["formatted_body"] == f"{before['formatted_body']}<br>{sentence}"
        assert sentence not in drawn(a_meeting(language=language, transcribed=False), **sections)["body"]
        assert (
            sentence not in drawn(a_meeting(language=language), CardState("done", ended_at=ENDED), **sections)["body"]
        )


def test_the_card_of_a_call_that_goes_on_counts_people_and_says_since_when() -> None:
    """In the time zone of the rooms."""
    lines = drawn(a_meeting(), CardState(present=3, attended=4))["body"].splitlines()
    assert lines[1] == "en cours · 3 participants · depuis 14:05"
    lines = drawn(a_meeting(language="en"), CardState(present=1, attended=4))["body"].splitlines()
    assert lines[1] == "in progress · 1 participant · since 14:05"


def test_a_call_that_everyone_has_left_for_a_moment_is_not_waiting_for_the_first() -> None:
    """It goes on until LiveKit says that it is over."""
    assert state_line(a_meeting(), CardState(present=0, attended=2), FRENCH, PARIS).startswith("en cours · ")


@pytest.mark.parametrize("phase", ["transcribing", "done", "failed"])
def test_the_card_of_a_call_that_is_over_invites_nobody(phase: Phase) -> None:
    """How long it was, how many came; no link any more, no consent to give."""
    body = drawn(a_meeting(), CardState(phase, attended=4, ended_at=ENDED))["body"]
    assert body.splitlines()[1] == "terminé · 12\u00a0min · 4 participants"
    assert "/v/" not in body
    assert "sans transcription" not in body


@pytest.mark.parametrize("wording", [FRENCH, ENGLISH])
def test_a_call_that_is_over_does_not_expect_anybody(wording: Wording) -> None:
    """`Nobody yet` would be said of a call that may still begin."""
    state = CardState("done", attended=0, ended_at=ENDED)
    line = state_line(a_meeting(), state, wording, PARIS)
    assert "instant" not in line
    assert "yet" not in line
    assert line.split(" · ")[2] in ("aucun participant", "no participants")


def test_remarks_are_shown_in_order_in_every_phase() -> None:
    """What happened stays on the card."""
    for phase in ("open", "transcribing", "done", "failed"):
        state = CardState(phase, attended=1, ended_at=ENDED, remarks=("Un.", "Deux."))
        lines = drawn(a_meeting(), state)["body"].splitlines()
        assert lines.index("Deux.") == lines.index("Un.") + 1


def test_a_meeting_without_a_title_has_a_name() -> None:
    """A plain one."""
    assert heading("", FRENCH) == "Visio"
    assert drawn(a_meeting(title=""))["body"].splitlines()[0] == "Visio"


HOSTILE = "<img src=x onerror=alert(1)> & </strong>\"'{command}{0}%s"


def test_a_hostile_title_is_text_and_nothing_else() -> None:
    """No element of the page comes from it, and no placeholder of ours is filled in it."""
    content = drawn(a_meeting(title=HOSTILE), CardState(remarks=(HOSTILE,)))
    html = Seen(content["formatted_body"])
    assert set(html.elements) == {"strong", "br", "a", "code"}
    assert html.text.splitlines()[0] == f"Visio · {HOSTILE}"
    assert html.text.splitlines()[-1] == HOSTILE
    assert content["body"].splitlines()[0] == f"Visio · {HOSTILE}"


def test_the_card_rings_nobody() -> None:
    """Whatever its title says."""
    content = drawn(a_meeting(title="@room @camille:tchap.test"))
    assert content["msgtype"] == "m.notice"
    assert content["m.mentions"] == {}


def test_the_card_carries_its_meeting_and_phase_for_programs() -> None:
    """Under a key of our own."""
    meeting = a_meeting()
    assert drawn(meeting)[CARD_KEY] == {"meeting": meeting.id, "state": "open"}
    assert drawn(meeting, CardState("failed"))[CARD_KEY] == {"meeting": meeting.id, "state": "failed"}


def test_the_largest_card_fits_an_event_even_as_an_edit() -> None:
    """A title and two names of as many and as wide characters as they may have."""
    remarks = tuple(s.format(user="😀" * 256) for s in (FRENCH.transcription_stopped, FRENCH.ended_by))
    content = drawn(replace(a_meeting(), title="😀" * 120), CardState(remarks=remarks))
    assert event_size(content) < MAX_CONTENT_BYTES
    assert event_size(edit_of(EventId("$card"), content)) < 2 * MAX_CONTENT_BYTES


def test_the_link_leads_to_the_page() -> None:
    """The address of the page, then the link."""
    assert join_url(a_meeting(), PUBLIC_URL) == LINK
