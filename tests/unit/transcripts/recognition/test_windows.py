"""Windows hold whole utterances of one track, in order, and every moment of one leads back to the track."""

from __future__ import annotations

import numpy as np
import pytest

from transcripts.listening.utterances import Utterance
from transcripts.recognition.windows import Window, WindowPacker, pack
from transcripts.sound import SAMPLE_RATE_HZ


def utterance(start_s: float, end_s: float) -> Utterance:
    """An utterance, in seconds of its track."""
    return Utterance(round(start_s * SAMPLE_RATE_HZ), round(end_s * SAMPLE_RATE_HZ))


@pytest.mark.parametrize(
    ("lengths_s", "expected"),
    [
        ([], []),
        ([5], [1]),
        ([10, 10, 8], [3]),
        ([10, 10, 8.1], [2, 1]),
        ([27.8, 27.8, 1], [1, 1, 1]),
        ([27, 1, 27, 1], [2, 2]),
    ],
)
def test_windows_are_filled_up_to_28_seconds(lengths_s: list[float], expected: list[int]) -> None:
    """How many utterances each window holds."""
    starts_s = np.cumsum([0, *[length + 5 for length in lengths_s]])
    utterances = [utterance(start, start + length) for start, length in zip(starts_s, lengths_s, strict=False)]

    windows = pack(utterances)

    assert [len(window.pieces) for window in windows] == expected
    assert [piece for window in windows for piece in window.pieces] == utterances
    assert all(window.samples <= 28 * SAMPLE_RATE_HZ for window in windows)


def test_a_window_is_given_as_soon_as_it_is_full() -> None:
    """So that words can come during the call."""
    packer = WindowPacker(max_window_s=10)

    assert packer.push(utterance(0, 6)) == []
    assert packer.push(utterance(7, 12)) == [Window((utterance(0, 6),))]
    assert packer.close() == [Window((utterance(7, 12),))]
    assert packer.close() == []


def test_the_sound_is_the_pieces_end_to_end() -> None:
    """Nothing between them, and levels between −1 and 1."""
    track = np.arange(-32768, 32768, 2, dtype=np.int16)
    window = Window((Utterance(10, 12), Utterance(100, 103)))

    assert (window.sound(track) * 32768).tolist() == [track[n] for n in (10, 11, 100, 101, 102)]


@pytest.mark.parametrize(
    ("window_s", "track_s"),
    [
        pytest.param((0.0, 1.0), (10.0, 11.0), id="first piece"),
        pytest.param((2.5, 3.0), (60.5, 61.0), id="second piece"),
        pytest.param((4.0, 5.0), (302.0, 303.0), id="third piece, across hours"),
        pytest.param((1.2, 2.9), (60.0, 60.9), id="over a seam: where it ends"),
        pytest.param((1.0, 2.1), (60.0, 60.1), id="over a seam, mostly before it: the pause counts as part of it"),
        pytest.param((1.0, 2.04), (11.0, 12.0), id="spilt over a seam"),
        pytest.param((1.98, 2.06), (60.0, 60.06), id="short, mostly after the seam"),
        pytest.param((2.0, 2.0), (60.0, 60.0), id="without length, on the seam"),
        pytest.param((5.5, 9.0), (303.5, 304.0), id="beyond the end"),
        pytest.param((0.0, 0.0), (10.0, 10.0), id="the very beginning"),
    ],
)
def test_times_lead_back_to_the_track(window_s: tuple[float, float], track_s: tuple[float, float]) -> None:
    """A word never spans two pieces, between which there may be minutes."""
    window = Window((utterance(10, 12), utterance(60, 61), utterance(301, 304)))

    assert window.track_span(*window_s) == pytest.approx(track_s)


def test_times_keep_their_order() -> None:
    """Later in the window is later in the track."""
    window = Window((utterance(0, 2), utterance(8, 9), utterance(9, 14)))
    starts_s = [window.track_span(at_s, at_s)[0] for at_s in np.arange(0, 8, 0.05)]

    assert starts_s == sorted(starts_s)


def test_the_first_word_after_a_gap_stays_with_what_follows_it() -> None:
    """As Whisper timed “avant” where speech broke off without a margin and went on a minute later."""
    window = Window((utterance(10, 12), utterance(72, 75)))
    spans_s = [(1.3, 1.75), (1.75, 2.09), (2.09, 2.3)]  # région | avant le

    placed_s = [window.track_span(*span_s)[0] for span_s in spans_s]

    assert placed_s == pytest.approx([11.3, 72.0, 72.09])
