"""When the demo may say that it has succeeded."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

import pytest

from tests.stack.demo_report import Report

if TYPE_CHECKING:
    from pathlib import Path

GOOD = Report(
    cpwer=0.2, speakers_expected=3, speakers_labelled=3, minutes=("Minutes",), minutes_come_first=True, claims=4
)


def test_a_good_transcript_has_no_failures() -> None:
    """The highest accepted rate is still accepted."""
    assert GOOD.failures() == []


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"cpwer": None}, "no transcript"),
        ({"cpwer": 0.2001}, "above 0.20"),
        ({"cpwer": float("nan")}, "above 0.20"),
        ({"speakers_labelled": 2}, "2 of 3 speakers"),
        ({"minutes": ()}, "no minutes"),
        ({"minutes_come_first": False}, "before the transcript"),
        ({"claims_without_their_words": 1}, "1 of 4 claims"),
    ],
)
def test_what_is_missing_is_a_failure(change: dict[str, object], sentence: str) -> None:
    """No transcript, too many wrong words, somebody without a name; minutes that are not there, late or unfounded."""
    (failure,) = dataclasses.replace(GOOD, **change).failures()  # type: ignore[arg-type]  # one key of several types
    assert sentence in failure


def test_the_report_has_exactly_the_agreed_keys(tmp_path: Path) -> None:
    """Other programs read it."""
    GOOD.write(tmp_path / "report.json")
    assert set(json.loads((tmp_path / "report.json").read_text())) == {
        "cpwer",
        "speakers_expected",
        "speakers_labelled",
        "minutes",
        "minutes_come_first",
        "claims",
        "claims_without_their_words",
        "hangup_to_first_post_s",
        "hangup_to_complete_s",
        "posted_messages",
        "windows",
        "audio_s",
        "speech_s",
        "cpu_s",
    }
