"""The language of each track: its own with enough speech, otherwise the meeting's."""

from __future__ import annotations

import pytest

from transcripts.recognition.language import NOTHING_HEARD, Evidence, likeliest_now, settle

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


def test_evidence_grows_until_there_is_enough() -> None:
    """Each part counts by how long it is; what follows changes nothing any more."""
    heard = NOTHING_HEARD.plus(Evidence(2, ENGLISH)).plus(Evidence(6, FRENCH))
    assert heard.speech_s == 8
    assert heard.scores == pytest.approx({"fr": 0.55, "en": 0.3, "oc": 0.15})
    assert not heard.is_enough

    enough = heard.plus(Evidence(4, FRENCH))
    assert enough.is_enough
    assert enough.plus(Evidence(60, ENGLISH)) == Evidence(72, enough.scores)


def test_speech_that_nobody_listened_to_is_no_evidence() -> None:
    """Before nor after there is some."""
    unheard = Evidence(20, {})
    assert NOTHING_HEARD.plus(unheard) == NOTHING_HEARD
    assert not unheard.is_enough
    assert unheard.plus(Evidence(12, FRENCH)).is_enough
    assert Evidence(4, FRENCH).plus(unheard) == Evidence(4, FRENCH)
    assert Evidence(4, FRENCH).plus(Evidence(0, ENGLISH)) == Evidence(4, FRENCH)


@pytest.mark.parametrize(
    ("track", "others", "expected"),
    [
        pytest.param(NOTHING_HEARD, [], "fr", id="nothing tells: the first allowed"),
        pytest.param(Evidence(2, ENGLISH), [], "en", id="little, and nobody else"),
        pytest.param(Evidence(2, ENGLISH), [Evidence(30, FRENCH)], "fr", id="too little to be against the others"),
        pytest.param(Evidence(5, ENGLISH), [Evidence(30, FRENCH)], "en", id="enough to be tried"),
        pytest.param(Evidence(20, ENGLISH), [Evidence(300, FRENCH)], "en", id="settled"),
        pytest.param(NOTHING_HEARD, [Evidence(30, ENGLISH), Evidence(5, FRENCH)], "en", id="as the others"),
    ],
)
def test_words_are_recognised_in_the_likeliest_language_so_far(
    track: Evidence, others: list[Evidence], expected: str
) -> None:
    """A track that says little is taken to speak as the others do."""
    assert likeliest_now(track, others, ("fr", "en")) == expected
