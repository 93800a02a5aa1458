"""A transcript survives being kept, and what is damaged is told from what is whole."""

from __future__ import annotations

import json

import pytest

from tests.unit.transcripts.transcripts_of import HOSTILE, transcript, turn
from transcripts.transcript import FailedTrack, Transcript, TranscriptUnreadable

WHOLE = transcript(
    turn("Claire", 3.22, 9.5, "Bonjour à tous."),
    turn(HOSTILE, 10, 12, HOSTILE + " \u2028 \x00 😀"),
    failed=(FailedTrack(None, "00001.json: cut short"), FailedTrack("Marc", "gone")),
)


def test_a_kept_transcript_comes_back_equal() -> None:
    """Every word with its time and probability."""
    assert Transcript.from_json(WHOLE.to_json()) == WHOLE


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda kept: kept[:-20], id="cut short"),
        pytest.param(lambda _: b"", id="empty"),
        pytest.param(lambda _: b"null", id="nothing"),
        pytest.param(lambda kept: json.dumps(json.loads(kept) | {"format": 2}), id="of another version"),
        pytest.param(lambda kept: json.dumps(json.loads(kept) | {"turns": [{"speaker": "Claire"}]}), id="half a turn"),
    ],
)
def test_a_damaged_transcript_is_refused_without_its_words(damage: object) -> None:
    """The error goes to a log, where words do not belong."""
    assert callable(damage)

    with pytest.raises(TranscriptUnreadable) as refusal:
        Transcript.from_json(damage(WHOLE.to_json()))

    assert "Bonjour" not in str(refusal.value)
    assert refusal.value.__cause__ is None


def test_a_turn_reads_as_one_line() -> None:
    """Words bring their own spaces."""
    assert turn("Claire", 0, 1, "Bonjour\n à   tous.").text == "Bonjour à tous."
