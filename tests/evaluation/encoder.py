"""How often Whisper's encoder runs, whoever calls it: each window costs the same, however little is said in it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from faster_whisper import WhisperModel

_BATCH_DIMENSIONS: Final = 3


@dataclass
class EncodedWindows:
    """How many windows were encoded, in all threads."""

    windows: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, windows: int) -> None:
        """Count some more."""
        with self._lock:
            self.windows += windows


@contextmanager
def counted() -> Iterator[EncodedWindows]:
    """Count the windows that any faster-whisper model of this process encodes in this block."""
    original = WhisperModel.encode
    seen = EncodedWindows()

    def encode(model: WhisperModel, features: Any) -> Any:
        seen.add(features.shape[0] if features.ndim == _BATCH_DIMENSIONS else 1)
        return original(model, features)

    WhisperModel.encode = encode
    try:
        yield seen
    finally:
        WhisperModel.encode = original
