"""Recorded meetings are read whole, and can be cut short without half a sentence."""

from __future__ import annotations

import numpy as np
import pytest

from tests.evaluation.meetings import MEETINGS, first, load, since, unheard, words_by_speaker


@pytest.mark.parametrize(("name", "people"), [("dev1", 3), ("dev2", 2), ("dev3", 4)])
def test_every_track_is_as_long_as_its_meeting(name: str, people: int) -> None:
    """Whatever it is encoded with; and everyone in the reference has a track."""
    meeting = load(MEETINGS / name)

    assert len(meeting.speakers) == len(meeting.sound) == people
    assert set(meeting.speakers) == {track.speaker for track in meeting.reference.tracks}
    for samples in meeting.sound:
        assert samples.dtype == np.int16
        assert len(samples) / 16_000 == pytest.approx(meeting.reference.duration, abs=0.05)
        assert np.abs(samples).max() > 1000


def test_a_meeting_cut_short_holds_whole_sentences_only() -> None:
    """At 18 s Thomas is in the middle of one, and Nadia has just said `ah oui`."""
    meeting = first(load(MEETINGS / "dev2"), 18.0)

    assert words_by_speaker(meeting.reference.segments) == {
        "Nadia": "Bonjour Thomas, merci d'être disponible. Je voulais faire le point sur l'accueil des usagers à la "
        "préfecture. Ah oui."
    }
    nadia, thomas = meeting.sound
    assert len(nadia) == len(thomas) == 18 * 16_000
    assert np.abs(nadia[17 * 16_000 :]).max() > 1000
    assert not thomas[round(11.38 * 16_000) :].any()
    assert meeting.reference.duration == 18.0


def test_the_rest_of_a_meeting_is_a_meeting() -> None:
    """Sound and sentences begin anew at its beginning, which nobody may be talking over."""
    whole = load(MEETINGS / "dev2")
    rest = since(whole, 77.9)

    assert rest.speakers == ("Thomas", "Nadia")
    assert rest.reference.segments[0].start == pytest.approx(78.36 - 77.9)
    assert rest.reference.duration == pytest.approx(90.29 - 77.9)
    for samples, before in zip(rest.sound, whole.sound, strict=True):
        assert np.array_equal(samples, before[round(77.9 * 16_000) :])
    with pytest.raises(ValueError, match="somebody speaks at 75"):
        since(whole, 75.0)


def test_what_nobody_listened_to_is_not_expected() -> None:
    """From 15 s to 19 s: the rest of Thomas's second sentence, the third, and `ah oui`."""
    meeting = unheard(first(load(MEETINGS / "dev2"), 20.0), 15.0, 19.2)

    assert words_by_speaker(meeting.reference.segments) == {
        "Nadia": "Bonjour Thomas, merci d'être disponible. Je voulais faire le point sur l'accueil des usagers à la "
        "préfecture.",
        "Thomas": "Bonjour Nadia. J'ai regardé les statistiques ce matin. Le",
    }
