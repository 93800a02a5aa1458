"""Stillness: where a track is so soft and so steady that nobody can be speaking, so that it need not be listened to.

An open microphone in a quiet room would cost as much of a voice activity model as somebody who talks. Over 100 ms, its
level varies by less than 4 dB in any 8 s, that of speech by far more: of the recorded meetings' speech, no frame is
that steady, and 0.5 % with noise 10 dB below it (measured); what is not soft is listened to anyway.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from transcripts.listening.levels import decibels
from transcripts.sound import ACTIVITY_FRAME_SAMPLES, SAMPLE_RATE_HZ

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from transcripts.sound import Samples

SOFT_DBFS: Final = -45.0
"""Whatever is louder is listened to, however steady it is."""
STANDS_OUT_DB: Final = 5.0
"""So much above the softest of the last seconds, something happens."""
SMOOTHED_FRAMES: Final = 3
"""About 100 ms: the level of noise over 32 ms varies by 8 dB by itself."""
FLOOR_FRAMES: Final = 8 * SAMPLE_RATE_HZ // ACTIVITY_FRAME_SAMPLES
"""Speech has a pause in so much of it."""


class Stillness:
    """Judges one track, frame by frame from its beginning."""

    def __init__(self) -> None:
        self._powers = np.zeros(SMOOTHED_FRAMES - 1, np.float32)
        self._levels = np.full(FLOOR_FRAMES, np.inf, np.float32)  # infinite where there are zeros: not the room's

    def judge(self, frames: Samples) -> NDArray[np.bool_]:
        """Which of the frames that follow, shape (frames, ACTIVITY_FRAME_SAMPLES), are still."""
        if not len(frames):
            return np.zeros(0, bool)
        powers = np.concatenate([self._powers, np.einsum("ij,ij->i", frames, frames) / ACTIVITY_FRAME_SAMPLES])
        self._powers = powers[-(SMOOTHED_FRAMES - 1) :]
        around = sliding_window_view(powers, SMOOTHED_FRAMES)
        level = decibels(around.mean(axis=1))
        levels = np.concatenate([self._levels, np.where(around.min(axis=1) > 0, level, np.float32(np.inf))])
        self._levels = levels[-FLOOR_FRAMES:]
        floor = sliding_window_view(levels, FLOOR_FRAMES + 1).min(axis=1)
        return np.asarray((around.max(axis=1) == 0) | ((level < SOFT_DBFS) & (level < floor + STANDS_OUT_DB)))
