"""Levels: how loud each 20 ms of a track is, and how loud its own speaker usually speaks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from transcripts.sound import SAMPLE_RATE_HZ

if TYPE_CHECKING:
    from transcripts.sound import StoredSamples

LEVEL_FRAME_SAMPLES: Final = 320
LEVEL_FRAMES_PER_SECOND: Final = SAMPLE_RATE_HZ // LEVEL_FRAME_SAMPLES
SILENCE_DBFS: Final = -100.0
"""The level of zeros, and of what is no sound at all."""

Levels = NDArray[np.float32]
"""dB below full scale, one for each 20 ms."""


def levels_of(sound: StoredSamples) -> Levels:
    """The level of every whole frame of 20 ms; a rest of less is left out."""
    frames = sound[: len(sound) // LEVEL_FRAME_SAMPLES * LEVEL_FRAME_SAMPLES].reshape(-1, LEVEL_FRAME_SAMPLES)
    if not frames.any():
        return np.full(len(frames), SILENCE_DBFS, np.float32)
    loud = frames.astype(np.float32) / np.float32(32768)
    power = np.einsum("ij,ij->i", loud, loud) / LEVEL_FRAME_SAMPLES
    return decibels(power)


def decibels(power: NDArray[np.float32]) -> Levels:
    """Mean squares of sound between −1 and 1, as levels."""
    return np.asarray(10 * np.log10(np.maximum(power, 10 ** (SILENCE_DBFS / 10))), np.float32)


class SpeechLevel:
    """A high quantile of the levels of one track's speech, learned as it comes, the older counting ever less."""

    QUANTILE: Final = 0.95
    ENOUGH_FRAMES: Final = 25
    """Half a second or so: a cough is no speech level."""
    HALF_FORGOTTEN_AFTER_FRAMES: Final = 20 * LEVEL_FRAMES_PER_SECOND
    """20 s of speech: whoever leans back, or takes another microphone, is known to be softer a minute or two later."""

    def __init__(self) -> None:
        self._seen = np.zeros(round(-SILENCE_DBFS) + 1)  # how often each whole dB was seen
        self._dbfs: float | None = None

    def learn(self, levels: Levels) -> None:
        """Take account of the levels of frames in which its own speaker spoke."""
        if not len(levels):
            return
        decibels = np.clip(np.round(levels), SILENCE_DBFS, 0) - SILENCE_DBFS
        self._seen *= 0.5 ** (len(levels) / self.HALF_FORGOTTEN_AFTER_FRAMES)
        self._seen += np.bincount(decibels.astype(np.intp), minlength=len(self._seen))
        total = np.cumsum(self._seen)
        if total[-1] >= self.ENOUGH_FRAMES:
            self._dbfs = float(np.searchsorted(total, self.QUANTILE * total[-1])) + SILENCE_DBFS

    @property
    def dbfs(self) -> float | None:
        """The level; None while too little was heard."""
        return self._dbfs
