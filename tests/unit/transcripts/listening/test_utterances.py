"""Utterances end at pauses, keep their margins, and stay short enough for a window."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from transcripts.listening.utterances import CuttingRules, Utterance, UtteranceCutter
from transcripts.sound import ACTIVITY_FRAME_SAMPLES, SAMPLE_RATE_HZ, Probabilities

FRAME_S = ACTIVITY_FRAME_SAMPLES / SAMPLE_RATE_HZ
PLAIN = CuttingRules(lead_s=0.0, tail_s=0.0)


def activity(*parts: tuple[float, float]) -> Probabilities:
    """Probabilities from pairs of (probability, seconds)."""
    return np.concatenate([np.full(round(lasting_s / FRAME_S), level, np.float32) for level, lasting_s in parts])


def cut(probabilities: Probabilities, rules: CuttingRules | None = None, *, push: int = 10_000) -> list[Utterance]:
    """All utterances, the frames pushed so many at a time."""
    cutter = UtteranceCutter(rules)
    pushes = [probabilities[first : first + push] for first in range(0, len(probabilities), push)]
    return [utterance for frames in pushes for utterance in cutter.push(frames)] + cutter.close()


def spans_s(utterances: list[Utterance]) -> list[tuple[float, float]]:
    """Start and end in seconds."""
    return [(u.start_sample / SAMPLE_RATE_HZ, u.end_sample / SAMPLE_RATE_HZ) for u in utterances]


@pytest.mark.parametrize(
    ("probabilities", "expected_s"),
    [
        pytest.param(activity((0.0, 10)), [], id="silence"),
        pytest.param(activity((0.0, 0)), [], id="no sound at all"),
        pytest.param(activity((0, 1), (0.9, 2), (0, 1)), [(1, 3)], id="one utterance"),
        pytest.param(activity((0, 1), (0.9, 1), (0, 0.4), (0.9, 1), (0, 1)), [(1, 3.4)], id="a short pause is within"),
        pytest.param(activity((0.9, 1), (0, 0.8), (0.9, 1), (0, 1)), [(0, 1), (1.8, 2.8)], id="a long pause parts"),
        pytest.param(activity((0, 1), (0.9, 1)), [(1, 2)], id="the end of the track ends it"),
        pytest.param(activity((0, 1), (0.9, 0.05), (0, 1)), [], id="a click is none"),
        pytest.param(activity((0.45, 5)), [], id="doubtful frames begin nothing"),
        pytest.param(activity((0.9, 1), (0.45, 2), (0, 1)), [(0, 3)], id="doubtful frames carry on"),
    ],
)
def test_utterances_are_where_speech_is(probabilities: Probabilities, expected_s: list[tuple[float, float]]) -> None:
    """Without margins, to within a frame or two."""
    found = spans_s(cut(probabilities, PLAIN))

    assert len(found) == len(expected_s)
    for span_s, expected in zip(found, expected_s, strict=True):
        assert span_s == pytest.approx(expected, abs=2 * FRAME_S)


def test_margins_are_kept_on_both_sides_within_the_track() -> None:
    """Onsets and endings are soft; the margin stops where the track does."""
    assert spans_s(cut(activity((0, 1), (0.9, 1), (0, 1)))) == [pytest.approx((0.6, 2.3), abs=2 * FRAME_S)]
    assert spans_s(cut(activity((0, 0.1), (0.9, 1)))) == [pytest.approx((0.0, 1.1), abs=2 * FRAME_S)]


def test_margins_of_neighbours_do_not_overlap() -> None:
    """No sound is heard twice."""
    first, second = cut(activity((0.9, 1), (0, 0.65), (0.9, 1), (0, 1)))

    assert first.end_sample <= second.start_sample


def test_a_speech_without_pauses_is_cut_at_its_quietest_moment() -> None:
    """And nothing of it is lost or heard twice."""
    speech = activity((0.9, 20), (0.6, 0.3), (0.9, 30), (0, 1))

    utterances = cut(speech)

    assert all(utterance.samples <= 28 * SAMPLE_RATE_HZ for utterance in utterances)
    assert utterances[0].end_sample / SAMPLE_RATE_HZ == pytest.approx(20.15, abs=0.2)
    assert all(a.end_sample == b.start_sample for a, b in pairwise(utterances))
    assert utterances[-1].end_sample / SAMPLE_RATE_HZ > 50.2


@pytest.mark.parametrize("push", [1, 7, 31])
def test_it_does_not_matter_how_the_frames_come(push: int) -> None:
    """During the call they come a few at a time."""
    levels = np.random.default_rng(3).uniform(size=200).astype(np.float32)
    frames = np.repeat(levels, np.random.default_rng(4).integers(1, 60, size=200))

    assert cut(frames, push=push) == cut(frames)
    assert len(cut(frames)) > 10


def test_what_is_settled_is_followed_by_what_begins_later() -> None:
    """Whatever ends later begins after it; in silence it is no further behind than a margin."""
    levels = np.random.default_rng(5).choice([0.0, 0.2, 0.4, 0.9], size=300).astype(np.float32)
    frames = np.repeat(levels, np.random.default_rng(6).integers(1, 80, size=300))
    cutter = UtteranceCutter()
    settled = 0
    for frame in range(len(frames)):
        ended = cutter.push(frames[frame : frame + 1])
        assert all(utterance.start_sample >= settled for utterance in ended)
        assert cutter.settled_samples >= settled
        settled = cutter.settled_samples
    cutter.push(np.zeros(100, np.float32))

    assert cutter.settled_samples == (len(frames) + 100) * ACTIVITY_FRAME_SAMPLES - round(0.4 * SAMPLE_RATE_HZ)


@pytest.mark.parametrize("from_frame", [0, 40, 150, 230])
def test_a_cutter_goes_on_where_another_had_settled(from_frame: int) -> None:
    """What is still to come is the same, and nothing of it lies before."""
    frames = activity((0, 1), (0.9, 2), (0, 1), (0.9, 2), (0, 1), (0.9, 1), (0, 1))
    first = UtteranceCutter()
    before = first.push(frames[:from_frame])

    second = UtteranceCutter(from_sample=first.settled_samples)
    after = second.push(frames[-(-first.settled_samples // ACTIVITY_FRAME_SAMPLES) :]) + second.close()

    assert before + after == cut(frames)
