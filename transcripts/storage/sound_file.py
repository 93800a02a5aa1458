"""Reading a stretch of a track's file, which may be growing: what is read is in memory, and no more than that."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from transcripts.sound import SAMPLE_BYTES

if TYPE_CHECKING:
    from pathlib import Path

    from transcripts.sound import StoredSamples


def read(path: Path, first: int, end: int) -> StoredSamples:
    """The samples from `first` to before `end`, shape (end - first,).

    Raises:
        OSError: the file cannot be read, or is shorter.
    """
    sound = np.fromfile(path, "<i2", count=end - first, offset=first * SAMPLE_BYTES)
    if len(sound) < end - first:
        raise OSError(f"{path.name} ends after {first + len(sound)} samples")
    return sound
