"""The form of sound in Greffier: 16 kHz mono, int16 as it is stored, float32 as the models take it."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE_HZ: Final = 16_000
SAMPLE_BYTES: Final = 2
ACTIVITY_FRAME_SAMPLES: Final = 512
"""Voice activity gives one probability for each 32 ms."""

StoredSamples = NDArray[np.int16]
Samples = NDArray[np.float32]
"""Between −1 and 1."""
Probabilities = NDArray[np.float32]
"""How likely each activity frame is speech."""


def as_float(stored: StoredSamples) -> Samples:
    """Samples as the models take them."""
    return stored.astype(np.float32) / np.float32(32768)


def seconds(samples: int) -> float:
    """How long so many samples last."""
    return samples / SAMPLE_RATE_HZ
