"""What was missed, from the stays of the recorders, and where a reader meets it."""

from __future__ import annotations

import pytest

from tests.unit.transcripts.transcripts_of import turn
from transcripts.assembling.gaps import Gap, gaps, in_reading_order
from transcripts.assembling.turns import Turn
from transcripts.storage.sidecar import Stay


def stay(joined_s: float, left_s: float) -> Stay:
    """A stay after which the call went on."""
    return Stay(joined_s=joined_s, left_s=left_s)


def last(joined_s: float, left_s: float) -> Stay:
    """A stay after which there was nothing left to record."""
    return Stay(joined_s=joined_s, left_s=left_s, over=True)


@pytest.mark.parametrize(
    ("stays", "ended_s", "missed"),
    [
        pytest.param([], 60.0, [], id="never there: nothing to compare with"),
        pytest.param([last(1, 60)], 60.3, [], id="there until the end"),
        pytest.param([last(1, 60)], 90.0, [], id="put out of the call"),
        pytest.param([stay(40, 60)], 60.4, [], id="not there before the first stay, and the end is near"),
        pytest.param([stay(1, 60)], 64.0, [(60, 64)], id="killed, and never back"),
        pytest.param([stay(1, 60)], None, [], id="killed, and nobody knows when the call ended"),
        pytest.param([stay(1, 60)], 30.0, [], id="an end before the last stay"),
        pytest.param([stay(1, 60), last(64, 90)], 90.0, [(60, 64)], id="killed and back"),
        pytest.param([last(64, 90), stay(1, 60)], 90.0, [(60, 64)], id="in any order"),
        pytest.param([stay(1, 60), last(60.4, 90)], 90.0, [], id="away for less than a word"),
        pytest.param([stay(1, 60), last(60.5, 90)], 90.0, [(60, 60.5)], id="away for as long as a word"),
        pytest.param([stay(1, 60), stay(64, 90)], 93.0, [(60, 64), (90, 93)], id="two gaps"),
        pytest.param([stay(1, 60), last(59, 90)], 90.0, [], id="one hands over to the other"),
        pytest.param([stay(1, 90), stay(20, 40), last(93, 99)], 99.0, [(90, 93)], id="one within the other"),
        pytest.param([stay(1, 60), stay(59, 59)], 64.0, [(60, 64)], id="killed as it took the other's place"),
        pytest.param([last(1, 60), last(300, 400)], 400.0, [], id="the call was closed and opened again"),
        pytest.param([stay(1, 60), stay(62, 62.3), last(65, 90)], 90.0, [(60, 65)], id="too short a stay to hear"),
        pytest.param([stay(1, 60), stay(60.3, 60.4), last(60.7, 90)], 90.0, [(60, 60.7)], id="short gaps add up"),
        pytest.param([stay(1, 60), stay(62, 62.3)], 65.0, [(60, 65)], id="too short a stay before the end"),
    ],
)
def test_what_was_missed(stays: list[Stay], ended_s: float | None, missed: list[tuple[float, float]]) -> None:
    """Between the stays, and after the last one."""
    assert gaps(stays, ended_s) == tuple(Gap(start_s, end_s) for start_s, end_s in missed)


def read(turns: list[Turn], *missed: Gap) -> list[str]:
    """Each turn as its speaker and words, each gap as a dash."""
    passages = in_reading_order(turns, missed)
    return ["-" if isinstance(passage, Gap) else f"{passage.speaker}: {passage.text}" for passage in passages]


def test_gaps_stand_among_the_turns_in_order_of_time() -> None:
    """Also before the first and after the last."""
    turns = [turn("A", 5, 6, "un"), turn("B", 20, 21, "deux")]

    assert read(turns, Gap(1, 4), Gap(7, 19), Gap(22, 30)) == ["-", "A: un", "-", "B: deux", "-"]


def test_a_turn_that_spans_gaps_is_parted_there() -> None:
    """The words before, the mark, the words after; and who spoke meanwhile stays in place."""
    long = Turn(
        "A",
        "fr",
        turn("A", 0, 2, "un deux").words + turn("A", 5, 7, "trois quatre").words + turn("A", 9, 10, "x").words,
    )

    assert read([long, turn("B", 6, 6.5, "oui")], Gap(2, 5), Gap(7, 9)) == [
        "A: un deux",
        "-",
        "A: trois quatre",
        "B: oui",
        "-",
        "A: x",
    ]


def test_words_at_the_edge_of_a_gap_belong_to_that_edge() -> None:
    """A killed recorder's stay seems to end up to a second before its sound does."""
    said = [turn("A", 0, 11, "a b c d e f g h i j k"), turn("A", 13.8, 15, "l")]

    assert read(said, Gap(10, 14)) == ["A: a b c d e f g h i j k", "-", "A: l"]


def test_without_gaps_the_turns_are_as_they_were() -> None:
    """Word for word."""
    turns = [turn("A", 5, 6, "un deux"), turn("B", 20, 21, "trois")]

    assert list(in_reading_order(turns, ())) == turns
