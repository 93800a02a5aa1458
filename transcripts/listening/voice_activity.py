"""Voice activity: how likely each 32 ms of a track is speech, by the Silero model that faster-whisper ships.

The model's state is carried from push to push, so sound may come whole or in pieces, during the call or after it.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np
from faster_whisper.vad import get_vad_model

from transcripts.sound import ACTIVITY_FRAME_SAMPLES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from transcripts.sound import Probabilities, Samples

CONTEXT_SAMPLES: Final = 64
BLOCK_FRAMES: Final = 625
"""20 s at a time: memory stays flat, and the model is called seldom enough."""
HEARD_OUT_FRAMES: Final = 8
"""So many frames of zeros are still heard, a quarter of a second; what follows them is free."""


class VoiceActivity:
    """Listens to one track from its beginning."""

    def __init__(self) -> None:
        self._session = get_vad_model().session
        self._left_over = np.zeros(0, np.float32)
        self._zeros = HEARD_OUT_FRAMES  # frames of zeros since the last sound
        self._context: Samples
        self._hidden: Samples
        self._cell: Samples
        self._forget()

    def push(self, samples: Samples) -> Probabilities:
        """The probabilities of the frames that these samples complete; fewer than a frame's wait for the next push."""
        waiting = np.concatenate([self._left_over, samples])
        whole = len(waiting) // ACTIVITY_FRAME_SAMPLES * ACTIVITY_FRAME_SAMPLES
        self._left_over = waiting[whole:]
        frames = waiting[:whole].reshape(-1, ACTIVITY_FRAME_SAMPLES)
        found = np.zeros(len(frames), np.float32)
        for first, end, is_heard in self._parted(np.asarray(frames.any(axis=1))):
            if is_heard:
                found[first:end] = self._hear(frames[first:end])
            else:
                self._forget()
        return found

    def _parted(self, sounds: NDArray[np.bool_]) -> list[tuple[int, int, bool]]:
        """Stretches of frames to be heard, and of zeros: a muted track has nothing to find and nothing to pay."""
        zeros = self._zeros + np.arange(1, len(sounds) + 1)  # up to each frame, if it ends a run of zeros
        sounding = np.flatnonzero(sounds)
        last_sound = np.searchsorted(sounding, np.arange(len(sounds)), side="right") - 1
        since_sound = last_sound >= 0
        zeros[since_sound] = np.flatnonzero(since_sound) - sounding[last_sound[since_sound]]
        if len(zeros):
            self._zeros = int(zeros[-1])
        heard = zeros <= HEARD_OUT_FRAMES
        edges = [0, *(np.flatnonzero(np.diff(heard)) + 1).tolist(), len(heard)]
        return [(first, end, bool(heard[first])) for first, end in pairwise(edges) if first < end]

    def _hear(self, frames: Samples) -> Probabilities:
        before = np.vstack([self._context, frames[:-1, -CONTEXT_SAMPLES:]])
        self._context = frames[-1:, -CONTEXT_SAMPLES:]
        fed = {"input": np.hstack([before, frames]), "h": self._hidden, "c": self._cell}
        found, self._hidden, self._cell = self._session.run(None, fed)
        return np.asarray(found, np.float32).reshape(-1)

    def _forget(self) -> None:
        self._context = np.zeros((1, CONTEXT_SAMPLES), np.float32)
        self._hidden = np.zeros((1, 1, 128), np.float32)
        self._cell = np.zeros((1, 1, 128), np.float32)
