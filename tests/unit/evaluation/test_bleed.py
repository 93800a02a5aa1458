"""Bleed is as loud as asked for, and doubled words are those that one person said."""

from __future__ import annotations

import numpy as np
import pytest

from tests.evaluation.bleed import doubled, with_bleed
from tests.evaluation.meetings import Meeting, Reference, Segment, Track

SAID = (Segment("Claire", 0.0, 4.0, "le budget est signé"), Segment("Marc", 10.0, 11.0, "oui"))


def test_each_track_is_heard_in_the_others_so_many_decibels_below_its_own() -> None:
    """−20 dB is a tenth of the amplitude."""
    tracks = (Track("a", "A", 0.0), Track("b", "B", 0.0), Track("c", "C", 0.0))
    reference = Reference("m", "M", "fr", "tracks", 1.0, tracks, ())
    sound = (np.array([1000, 0, 0], np.int16), np.array([0, 2000, 0], np.int16), np.array([0, 0], np.int16))
    mixed = with_bleed(Meeting(reference, sound), -20.0).sound
    assert [track.tolist() for track in mixed] == [[1000, 200, 0], [100, 2000, 0], [100, 200, 0]]


@pytest.mark.parametrize(
    ("heard", "count"),
    [
        pytest.param(SAID, 0, id="as said"),
        pytest.param((*SAID, Segment("Marc", 0.0, 4.0, "le budget est signé")), 4, id="all of it twice"),
        pytest.param((*SAID, Segment("Marc", 1.0, 2.0, "budget")), 1, id="one word twice"),
        pytest.param((*SAID, Segment("Marc", 30.0, 34.0, "le budget est signé")), 0, id="repeated later"),
        pytest.param((Segment("Marc", 0.0, 4.0, "le budget est signé"),), 0, id="attributed to another, but once"),
    ],
)
def test_a_word_that_one_person_said_and_two_have_is_doubled(heard: tuple[Segment, ...], count: int) -> None:
    """Of five words."""
    assert doubled(SAID, heard, "fr") == count


def test_what_two_people_really_said_is_not_doubled() -> None:
    """People do say yes together."""
    said = (*SAID, Segment("Claire", 10.2, 11.0, "Oui !"))
    assert doubled(said, said, "fr") == 0
