"""Labels name people: the same person once, two people never alike."""

from __future__ import annotations

import pytest

from transcripts.assembling.speakers import Presence, clean_name, labels
from transcripts.storage.sidecar import Source


def there(participant: str, name: str, started_s: float, ended_s: float, source: Source = "microphone") -> Presence:
    """A track of a participant."""
    return Presence(participant, name, source, started_s, ended_s)


@pytest.mark.parametrize(
    ("presences", "expected"),
    [
        pytest.param([], [], id="nobody"),
        pytest.param([there("a", "Claire", 0, 9), there("b", "Marc", 0, 9)], ["Claire", "Marc"], id="two people"),
        pytest.param([there("a", "Marc", 0, 9), there("a", "Marc", 20, 30)], ["Marc", "Marc"], id="mute and unmute"),
        pytest.param([there("a", "Marc", 0, 9), there("b", "Marc", 9.5, 30)], ["Marc", "Marc"], id="who came back"),
        pytest.param([there("a", "Marc", 0, 9), there("b", "Marc", 3, 30)], ["Marc", "Marc (2)"], id="two of a name"),
        pytest.param([there("b", "Marc", 3, 30), there("a", "Marc", 0, 9)], ["Marc (2)", "Marc"], id="by arrival"),
        pytest.param([there("a", "Marc", 0, 10), there("b", "marc ", 9, 30)], ["Marc", "Marc"], id="while reloading"),
        pytest.param(
            [there("a", "Marc", 0, 30), there("b", "Marc", 3, 9), there("c", "Marc", 12, 30)],
            ["Marc", "Marc (2)", "Marc (2)"],
            id="the second of a name came back",
        ),
        pytest.param(
            [there("a", "Marc", 0, 30), there("b", "Marc", 3, 9), there("c", "Marc (2)", 0, 30)],
            ["Marc", "Marc (3)", "Marc (2)"],
            id="somebody goes by the label",
        ),
        pytest.param(
            [there("a", " ", 0, 9), there("b", "", 10, 20)], ["Participant", "Participant (2)"], id="nameless"
        ),
        pytest.param(
            [there("a", "Marc", 0, 9), there("a", "Marc", 1, 9, "screen_share_audio")],
            ["Marc", "Marc (partage d’écran)"],
            id="a shared screen",
        ),
    ],
)
def test_people_are_labelled(presences: list[Presence], expected: list[str]) -> None:
    """In the order of the tracks given."""
    assert labels(presences, "fr") == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Claire Martin [DINUM]", "Claire Martin [DINUM]"),
        ("  Claire\n\tMartin ", "Claire Martin"),
        ("Marc\u202egnp.exe\u0000", "Marcgnp.exe"),
        ("\u200b", ""),
        ("e\u0301", "é"),
        ("x" * 500, "x" * 64),
    ],
)
def test_names_are_brought_to_one_harmless_line(name: str, expected: str) -> None:
    """They come from outside."""
    assert clean_name(name) == expected
