"""One person at two microphones is heard once."""

from __future__ import annotations

from tests.fakes.speech import spread
from transcripts.assembling.doubles import once
from transcripts.assembling.turns import SpokenTrack


def says(speaker: str, *utterances: tuple[float, float, str]) -> SpokenTrack:
    """A track from (start, end, text)."""
    return SpokenTrack(
        speaker, "fr", tuple(word for start, end, text in utterances for word in spread(text, start, end))
    )


def heard(tracks: list[SpokenTrack]) -> list[str]:
    """What is left of each track."""
    return ["".join(word.text for word in track.words).strip() for track in tracks]


def test_what_two_microphones_of_one_person_hear_is_said_once() -> None:
    """By the one that heard more of it, whatever the other made of the words."""
    headset = says("Claire", (0, 2, "on commence par le budget"), (10, 11, "puis les congés"))
    room = says("Claire", (0.1, 2.2, "on commence car le budget"))

    assert heard(once([room, headset])) == ["", "on commence par le budget puis les congés"]


def test_what_only_the_second_one_hears_is_kept() -> None:
    """The first one may be muted for a while."""
    headset = says("Claire", (0, 2, "un deux trois"), (30, 31, "quatre cinq"))
    room = says("Claire", (10, 12, "six sept"))

    assert heard(once([headset, room])) == ["un deux trois quatre cinq", "six sept"]


def test_two_people_may_say_the_same_at_the_same_time() -> None:
    """Both say « oui »."""
    assert heard(once([says("Claire", (0, 1, "oui")), says("Marc", (0, 1, "oui"))])) == ["oui", "oui"]


def test_nothing_said_is_no_trouble() -> None:
    """A track of silence beside another."""
    assert heard(once([says("Claire"), says("Claire", (0, 1, "oui"))])) == ["", "oui"]
    assert once([]) == []
