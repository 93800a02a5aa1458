"""Chunks are what a model would get from the whole track, however the sound comes; silence is not among them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from transcripts.diarization.chunks import Chunk, ChunkCutter
from transcripts.listening.voice_activity import VoiceActivity
from transcripts.sound import ACTIVITY_FRAME_SAMPLES, SAMPLE_RATE_HZ, Probabilities, Samples

CHUNK, STEP = 10 * SAMPLE_RATE_HZ, SAMPLE_RATE_HZ


@dataclass
class LoudIsSpeech:
    """Voice activity that takes whatever is not zero for speech."""

    left_over: int = 0

    def push(self, samples: Samples, /) -> Probabilities:
        """See `chunks.Activity`; frames as the real one counts them."""
        whole, self.left_over = divmod(self.left_over + len(samples), ACTIVITY_FRAME_SAMPLES)
        return np.full(whole, float(samples.any()), np.float32)


def counting(lasting_s: float) -> Samples:
    """Sound in which each sample says where it is."""
    return np.arange(1, round(lasting_s * SAMPLE_RATE_HZ) + 1, dtype=np.float32)


def cut(sound: Samples, piece: int) -> tuple[list[Chunk], ChunkCutter]:
    """All chunks of a track that comes in pieces of so many samples."""
    cutter = ChunkCutter(CHUNK, STEP, LoudIsSpeech())
    chunks = [chunk for first in range(0, len(sound), piece) for chunk in cutter.push(sound[first : first + piece])]
    return chunks + cutter.close(), cutter


@pytest.mark.parametrize("piece", [320, 1600, 70_001, 10_000_000])
def test_it_does_not_matter_how_the_sound_comes(piece: int) -> None:
    """Every second a chunk of ten begins; the last is filled up with zeros."""
    sound = counting(25.5)

    chunks, cutter = cut(sound, piece)

    padded = np.pad(sound, (0, STEP))
    assert [chunk.index for chunk in chunks] == list(range(17))
    assert cutter.count == 17
    assert all(np.array_equal(chunk.sound, padded[chunk.index * STEP : chunk.index * STEP + CHUNK]) for chunk in chunks)


@pytest.mark.parametrize(
    ("lasting_s", "expected"), [(0.0, 0), (1.0, 1), (9.99, 1), (10.0, 1), (10.01, 2), (11.0, 2), (12.5, 4)]
)
def test_there_are_as_many_chunks_as_pyannote_makes(lasting_s: float, expected: int) -> None:
    """A track that ends with a chunk has no unfinished one; one second of sound is one chunk."""
    chunks, cutter = cut(counting(lasting_s), 1600)

    assert (len(chunks), cutter.count) == (expected, expected)
    assert all(len(chunk.sound) == CHUNK for chunk in chunks)


def test_silence_is_counted_and_not_handed_out() -> None:
    """Speech at 30 s is in the chunks that begin between 20 and 31 s."""
    sound = np.zeros(60 * SAMPLE_RATE_HZ, np.float32)
    sound[30 * SAMPLE_RATE_HZ : 31 * SAMPLE_RATE_HZ] = 0.5

    chunks, cutter = cut(sound, 1600)

    assert [chunk.index for chunk in chunks] == list(range(21, 31))
    assert cutter.count == 51


def test_eight_hours_of_silence_leave_nothing_behind() -> None:
    """A microphone that is muted all day costs neither memory nor chunks, with the real voice activity."""
    cutter = ChunkCutter(CHUNK, STEP, VoiceActivity())
    minute = np.zeros(60 * SAMPLE_RATE_HZ, np.float32)

    assert all(not cutter.push(minute) for _ in range(8 * 60))
    assert cutter.close() == []
    assert cutter.count == 8 * 3600 - 9
    assert len(cutter._kept) <= CHUNK
