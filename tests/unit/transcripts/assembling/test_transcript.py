"""A transcript survives being kept, and what is damaged is told from what is whole."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.unit.transcripts.transcripts_of import HOSTILE, transcript, turn
from transcripts.assembling.gaps import Gap
from transcripts.assembling.transcript import FailedTrack, Transcript, TranscriptUnreadable

WHOLE = transcript(
    turn("Claire", 3.22, 9.5, "Bonjour à tous."),
    turn(HOSTILE, 10, 12, HOSTILE + " \u2028 \x00 😀"),
    failed=(FailedTrack(None, "00001.json: cut short"), FailedTrack("Marc", "gone")),
    gaps=(Gap(12.5, 14.25),),
)


def test_a_kept_transcript_comes_back_equal() -> None:
    """Every word with its time and probability."""
    assert Transcript.from_json(WHOLE.to_json()) == WHOLE


def test_what_was_kept_before_there_were_gaps_has_none() -> None:
    """The archive outlives releases."""
    kept = json.loads(WHOLE.to_json())
    del kept["gaps"]

    assert Transcript.from_json(json.dumps(kept)) == replace(WHOLE, gaps=())


@pytest.mark.parametrize(
    ("value", "tells"),
    [
        (transcript(), False),
        (transcript(turn("Claire", 0, 1, "Oui.")), True),
        (transcript(failed=(FailedTrack(None, ""),)), True),
        (transcript(gaps=(Gap(1, 3),)), True),
    ],
)
def test_missing_words_are_something_to_tell(value: Transcript, *, tells: bool) -> None:
    """That nobody spoke would be a lie."""
    assert value.has_content is tells


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
