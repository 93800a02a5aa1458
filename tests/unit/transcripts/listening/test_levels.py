"""Levels tell how loud a track is, and how loud its speaker usually is, also when that changes."""

from __future__ import annotations

import numpy as np
import pytest

from transcripts.listening.levels import LEVEL_FRAME_SAMPLES, SILENCE_DBFS, SpeechLevel, levels_of


def test_levels_are_decibels_below_full_scale() -> None:
    """A sine of full scale has −3 dB, one of a tenth has −23 dB, zeros have the least there is."""
    sine = np.sin(np.arange(LEVEL_FRAME_SAMPLES) * 2 * np.pi / 32)
    sound = np.concatenate([32767 * sine, 3276.7 * sine, 0 * sine]).astype(np.int16)

    assert levels_of(sound) == pytest.approx([-3.0, -23.0, SILENCE_DBFS], abs=0.1)


@pytest.mark.parametrize(("samples", "frames"), [(0, 0), (319, 0), (320, 1), (639, 1), (1600, 5)])
def test_only_whole_frames_have_a_level(samples: int, frames: int) -> None:
    """The rest comes with the sound that follows."""
    assert len(levels_of(np.ones(samples, np.int16))) == frames


def test_the_loudest_sample_there_is_does_not_overflow() -> None:
    """Clipped sound has a level like any other."""
    assert levels_of(np.full(320, -32768, np.int16)) == pytest.approx([0.0], abs=0.01)


def test_a_cough_is_no_speech_level() -> None:
    """Nothing is known before half a second or so was spoken."""
    level = SpeechLevel()
    level.learn(np.full(SpeechLevel.ENOUGH_FRAMES - 1, -10, np.float32))
    assert level.dbfs is None

    level.learn(np.full(2, -10, np.float32))
    assert level.dbfs == -10


def test_single_loud_frames_do_not_move_the_speech_level() -> None:
    """A knock on the table, taken for speech."""
    level = SpeechLevel()
    level.learn(np.full(200, -30, np.float32))
    level.learn(np.full(5, 0, np.float32))

    assert level.dbfs == -30


def test_the_speech_level_follows_its_speaker() -> None:
    """Whoever moves away from their microphone is known to be softer after some minutes of speech."""
    level = SpeechLevel()
    second = np.ones(50, np.float32)
    for _ in range(600):
        level.learn(-20 * second)
    assert level.dbfs == -20

    for _ in range(100):
        level.learn(-40 * second)
    assert level.dbfs == -40
