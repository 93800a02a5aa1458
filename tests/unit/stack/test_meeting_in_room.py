"""What the demo makes of a thread: where the minutes stand, and whether their claims rest on words."""

from __future__ import annotations

from typing import Any

import pytest

from tests.evaluation.meetings import Meeting, Reference, Segment
from tests.stack.demo_report import judge
from tests.stack.meeting_in_room import MINUTES_KEY, TRANSCRIPT_KEY, HeldMeeting
from tests.stack.room_view import SeenEvent

CLAIM = {"text": "On garde le bureau.", "quote": "Alors on garde le bureau,", "speaker": "Claire"}
VTT = """WEBVTT

00:01.000 --> 00:02.000
<v Claire>Alors on garde</v>

00:02.000 --> 00:03.000
<v Claire>le bureau, voilà.</v>
"""


def message(body: str, content: dict[str, Any]) -> SeenEvent:
    """A message of the bot."""
    return SeenEvent(f"${body}", "@bot:test", "m.room.message", {"body": body, **content}, 1_000)


def minutes(part: int, parts: int, body: str = "Compte rendu\n• [00:01] Claire : On garde le bureau.") -> SeenEvent:
    """A message that holds minutes."""
    return message(body, {MINUTES_KEY: {"part": part, "parts": parts}})


TURNS = message("Transcription", {TRANSCRIPT_KEY: {"part": 1, "parts": 1}})


def held(*thread: SeenEvent) -> HeldMeeting:
    """A meeting with this thread."""
    return HeldMeeting("m-1", message("Visio", {}), list(thread), list(thread), 0)


@pytest.mark.parametrize(
    ("thread", "first"),
    [
        ((minutes(1, 1), TURNS), True),
        ((minutes(1, 2), minutes(2, 2), TURNS), True),
        ((TURNS, minutes(1, 1)), False),
        ((minutes(1, 2), TURNS, minutes(2, 2)), False),
        ((minutes(1, 2), TURNS), False),
        ((TURNS,), False),
    ],
)
def test_minutes_come_first_when_all_of_them_do(thread: tuple[SeenEvent, ...], *, first: bool) -> None:
    """One after another, nothing between them, none missing."""
    assert held(*thread).minutes_come_first is first


@pytest.mark.parametrize(
    ("change", "unfounded"),
    [
        ({}, 0),
        ({"quote": "on vend le bureau"}, 1),
        ({"speaker": "Marc"}, 1),
        ({"text": "On vend le bureau."}, 1),
    ],
)
def test_a_claim_without_its_words_is_counted(change: dict[str, str], unfounded: int) -> None:
    """Shown in the minutes, and said by its speaker in the subtitles, wherever their lines break."""
    meeting = Meeting(Reference("m", "", "fr", "tracks", 3.0, (), (Segment("Claire", 1.0, 3.0, "Alors"),)), ())
    stored = {
        "stats": {"windows": 1, "audio_s": 3.0, "speech_s": 2.0, "cpu_s": 1.0},
        "minutes": {"claims": [CLAIM | change]},
    }

    report = judge(meeting, held(minutes(1, 1), TURNS), VTT, stored)

    assert (report.claims, report.claims_without_their_words) == (1, unfounded)
    assert report.minutes_come_first
