"""Chunks: the overlapping pieces of a track that a diarization model hears, cut as the sound comes in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

from transcripts.sound import ACTIVITY_FRAME_SAMPLES

if TYPE_CHECKING:
    from transcripts.sound import Probabilities, Samples

MAYBE_SPEECH: Final = 0.2
"""Below this probability in every frame a chunk is silence; far below what counts as speech elsewhere."""


class Activity(Protocol):
    """Voice activity of one track (`listening.voice_activity`)."""

    def push(self, samples: Samples, /) -> Probabilities:
        """The probabilities of the frames that these samples complete."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """The piece of a track that begins `index` steps after its start."""

    index: int
    sound: Samples


class ChunkCutter:
    """Cuts one track; it keeps a chunk's length of sound at most, and hands out no silence."""

    def __init__(self, chunk_samples: int, step_samples: int, activity: Activity) -> None:
        self._chunk_samples = chunk_samples
        self._step_samples = step_samples
        self._activity = activity
        self._kept = np.zeros(0, np.float32)
        self._kept_from = 0
        self._listened = 0  # samples whose voice activity is known
        self._frames = 0
        self._voice_until = 0
        self.count = 0
        """How many chunks there were so far, silence included."""

    @property
    def samples(self) -> int:
        """How much sound there was so far."""
        return self._kept_from + len(self._kept)

    def push(self, sound: Samples) -> list[Chunk]:
        """The chunks with speech that this sound completes."""
        self._kept = np.concatenate([self._kept, sound.astype(np.float32, copy=False)])
        ready: list[Chunk] = []
        while self._start + self._chunk_samples <= self.samples:
            ready.extend(self._next())
        self._forget()
        return ready

    def close(self) -> list[Chunk]:
        """The last chunk, filled up with zeros, if the track ends within one."""
        covered = self._start - self._step_samples + self._chunk_samples if self.count else 0
        return list(self._next()) if self.samples > covered else []

    @property
    def _start(self) -> int:
        return self.count * self._step_samples

    def _next(self) -> tuple[Chunk, ...]:
        index, start = self.count, self._start
        end = start + self._chunk_samples
        self._listen(min(end, self.samples))
        self.count += 1
        if self._voice_until <= start:
            return ()
        sound = self._kept[start - self._kept_from : end - self._kept_from]
        return (Chunk(index, np.pad(sound, (0, self._chunk_samples - len(sound)))),)

    def _listen(self, until: int) -> None:
        heard = self._activity.push(self._kept[self._listened - self._kept_from : until - self._kept_from])
        voiced = np.flatnonzero(heard >= MAYBE_SPEECH)
        if len(voiced):
            self._voice_until = (self._frames + int(voiced[-1]) + 1) * ACTIVITY_FRAME_SAMPLES
        self._frames += len(heard)
        self._listened = until

    def _forget(self) -> None:
        done = min(self._start, self.samples) - self._kept_from
        if done > 0:
            self._kept = self._kept[done:].copy()
            self._kept_from += done
