"""meeteval's measures, as used here, against values worked out by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.evaluation.cpwer import cpwer
from tests.evaluation.fidelity import Errors, errors, phrases
from tests.evaluation.meetings import MEETINGS, Segment, load, words_by_speaker
from transcripts.recognition.recogniser import Word

SAID = (
    Segment("Claire", 0.0, 2.0, "le budget est signé"),
    Segment("Marc", 3.0, 5.0, "je suis d’accord"),  # 4 words: `d accord` is two
)


def _as(segment: Segment, **changed: object) -> Segment:
    return Segment(**{name: getattr(segment, name) for name in Segment.__slots__} | changed)


@pytest.mark.parametrize(
    ("heard", "expected"),
    [
        pytest.param(SAID, Errors(8, 0, 0, 0), id="perfect"),
        pytest.param(
            (Segment("x", 0.0, 2.0, "Le budget est signé."), Segment("y", 3.0, 5.0, "Je suis d'accord !")),
            Errors(8, 0, 0, 0),
            id="other names and spelling",
        ),
        pytest.param((_as(SAID[0], text="le budget est cité"), SAID[1]), Errors(8, 1, 1, 1), id="a wrong word"),
        pytest.param(
            # cpWER does not ask when: 0. The words are too far from their time: 4 missing and 4 too many.
            (SAID[0], _as(SAID[1], start=30.0, end=32.0)),
            Errors(8, 0, 8, 8),
            id="at another time",
        ),
        pytest.param(
            # Marc's words are Claire's now: 4 missing, 4 too many. Whoever does not ask who finds nothing wrong.
            (SAID[0], _as(SAID[1], speaker="Claire")),
            Errors(8, 8, 8, 0),
            id="attributed to another",
        ),
        pytest.param((), Errors(8, 8, 8, 8), id="nothing heard"),
    ],
)
def test_errors_are_counted_by_who_and_when(heard: tuple[Segment, ...], expected: Errors) -> None:
    """Over eight words."""
    assert errors(SAID, heard, "fr") == expected


def test_words_where_nobody_spoke_are_all_wrong() -> None:
    """And their rate is infinite."""
    found = errors((), SAID, "fr")
    assert found == Errors(0, 8, 8, 8)
    assert found.cpwer == float("inf")


def test_what_attribution_costs_is_a_difference() -> None:
    """In points; sums of meetings are weighed by their words."""
    both = Errors(8, 8, 8, 0) + Errors(8, 0, 0, 0)
    assert (both.cpwer, both.tcpwer, both.tcorcwer, both.attribution) == (50.0, 50.0, 0.0, 50.0)


@pytest.mark.parametrize("folder", [file for file in sorted(MEETINGS.iterdir()) if file.is_dir()], ids=lambda f: f.name)
def test_the_demo_s_own_measure_is_meeteval_s(folder: Path) -> None:
    """On every recorded meeting, with words lost, words changed and speakers taken for each other."""
    reference = load(folder).reference
    speakers = sorted({segment.speaker for segment in reference.segments})
    heard = [
        _as(
            segment,
            speaker=speakers[0] if n % 5 == 0 else segment.speaker,
            text=" ".join(word for m, word in enumerate(segment.text.split()) if (n + m) % 7),
        )
        for n, segment in enumerate(sorted(reference.segments, key=lambda segment: segment.start))
    ]
    ours = cpwer(words_by_speaker(reference.segments), words_by_speaker(heard), reference.language)
    theirs = errors(reference.segments, heard, reference.language)
    assert (ours.errors, ours.reference_words) == (theirs.cp, theirs.reference_words)
    assert ours.errors > 0


def test_words_are_compared_by_times_of_their_own_after_a_pause() -> None:
    """Of 0.8 s; what is closer is one segment, whatever the order they come in."""
    spoken = [Word(" on", 4.0, 4.2, 1.0), Word(" Bonjour", 0.5, 1.0, 1.0), Word(" Marc,", 1.7, 2.0, 1.0)]
    assert phrases("Claire", spoken) == [
        Segment("Claire", 0.5, 2.0, "Bonjour Marc,"),
        Segment("Claire", 4.0, 4.2, "on"),
    ]
    assert phrases("Claire", []) == []
