"""Voice activity: how likely each 32 ms of a track is speech, by the Silero model that faster-whisper ships.

The model's state is carried from push to push, so sound may come whole or in pieces, during the call or after it. It
begins anew after every stillness, which also finds more: carried over long pauses, it misses short answers.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np
from faster_whisper.vad import get_vad_model

from transcripts.listening.stillness import Stillness
from transcripts.sound import ACTIVITY_FRAME_SAMPLES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from transcripts.sound import Probabilities, Samples

CONTEXT_SAMPLES: Final = 64
HEARD_OUT_FRAMES: Final = 8
"""So many still frames are heard out, a quarter of a second; what follows them is free."""
LEAD_FRAMES: Final = 10
"""So many still frames are heard before something happens, for the model to know the room; none of them is speech."""


class VoiceActivity:
    """Listens to one track from its beginning."""

    def __init__(self) -> None:
        self._session = get_vad_model().session
        self._stillness = Stillness()
        self._left_over = np.zeros(0, np.float32)
        self._still_frames = HEARD_OUT_FRAMES  # since the last that was not
        self._unheard = np.zeros((0, ACTIVITY_FRAME_SAMPLES), np.float32)  # the last of them, if they were not heard
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
        for first, end, is_heard in self._parted(self._stillness.judge(frames)):
            if is_heard:
                lead, self._unheard = self._unheard, self._unheard[:0]
                found[first:end] = self._hear(np.concatenate([lead, frames[first:end]]))[len(lead) :]
            else:
                self._forget()
                self._unheard = np.concatenate([self._unheard, frames[max(first, end - LEAD_FRAMES) : end]])
                self._unheard = self._unheard[-LEAD_FRAMES:]
        return found

    def _parted(self, still: NDArray[np.bool_]) -> list[tuple[int, int, bool]]:
        """Stretches of frames to be heard, and of stillness: who is silent has nothing to find and nothing to pay."""
        still_frames = self._still_frames + np.arange(1, len(still) + 1)  # up to each frame, since something happened
        happening = np.flatnonzero(~still)
        latest = np.searchsorted(happening, np.arange(len(still)), side="right") - 1
        since = latest >= 0
        still_frames[since] = np.flatnonzero(since) - happening[latest[since]]
        if len(still_frames):
            self._still_frames = int(still_frames[-1])
        heard = still_frames <= HEARD_OUT_FRAMES
        edges = [0, *(np.flatnonzero(np.diff(heard)) + 1).tolist(), len(heard)]
        return [(first, end, bool(heard[first])) for first, end in pairwise(edges) if first < end]

    def _hear(self, frames: Samples) -> Probabilities:
        before = np.vstack([self._context, frames[:-1, -CONTEXT_SAMPLES:]])
        self._context = frames[-1:, -CONTEXT_SAMPLES:]
        fed = {"input": np.hstack([before, frames]), "h": self._hidden, "c": self._cell}
        found, self._hidden, self._cell = self._session.run(None, fed)
        return np.asarray(found, np.float32).reshape(-1)

    def _forget(self) -> None:
        """Begin anew: what was before a long stillness is no context of what comes after it."""
        self._context = np.zeros((1, CONTEXT_SAMPLES), np.float32)
        self._hidden = np.zeros((1, 1, 128), np.float32)
        self._cell = np.zeros((1, 1, 128), np.float32)
