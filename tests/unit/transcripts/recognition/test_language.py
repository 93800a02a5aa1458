"""The language of each track: its own with enough speech, otherwise the meeting's."""

from __future__ import annotations

import pytest

from transcripts.recognition.language import Evidence, settle

FRENCH = {"fr": 0.7, "en": 0.1, "oc": 0.2}
ENGLISH = {"fr": 0.1, "en": 0.9}
OCCITAN = {"oc": 0.8, "fr": 0.15, "en": 0.05}


@pytest.mark.parametrize(
    ("tracks", "expected"),
    [
        pytest.param([], [], id="no tracks"),
        pytest.param([Evidence(60, FRENCH), Evidence(60, ENGLISH)], ["fr", "en"], id="each its own"),
        pytest.param([Evidence(60, OCCITAN)], ["fr"], id="the likeliest of those allowed"),
        pytest.param([Evidence(60, FRENCH), Evidence(3, ENGLISH)], ["fr", "fr"], id="a quiet one follows"),
        pytest.param(
            [Evidence(20, FRENCH), Evidence(20, FRENCH), Evidence(90, ENGLISH), Evidence(1, {})],
            ["fr", "fr", "en", "en"],
            id="the majority is by speech, not by heads",
        ),
        pytest.param([Evidence(4, ENGLISH), Evidence(3, FRENCH)], ["en", "en"], id="all quiet: together"),
        pytest.param([Evidence(0, {}), Evidence(0, {})], ["fr", "fr"], id="nobody speaks: the first allowed"),
        pytest.param([Evidence(60, {}), Evidence(20, ENGLISH)], ["en", "en"], id="unheard: the majority"),
    ],
)
def test_languages_are_settled_per_track(tracks: list[Evidence], expected: list[str]) -> None:
    """Among French and English, in this order."""
    assert settle(tracks, ("fr", "en")) == expected
