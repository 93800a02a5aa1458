"""A track's latest levels, and the loudest around each, found by frame of the track or of the meeting's clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from transcripts.listening.levels import LEVEL_FRAMES_PER_SECOND, SILENCE_DBFS, Levels

if TYPE_CHECKING:
    from numpy.typing import NDArray

NEARBY_FRAMES: Final = 15
"""300 ms before and after: what comes out of a loudspeaker comes later than it was said."""
FLOOR_FRAMES: Final = 8 * LEVEL_FRAMES_PER_SECOND
"""Speech has a pause in so much of it, be it of 20 ms; an engine has none. Fewer than are kept of a track."""
STANDS_OUT_DB: Final = 12.0
"""Speech does above its softest 20 ms, even where it is only 8 dB louder than the room; steady noise varies less."""


class PlacedLevels:
    """Grows at its end and is cut at its beginning; what is asked for outside of it is silence."""

    def __init__(self, first_frame: int) -> None:
        self._starts_at = 0
        self._first = first_frame
        self._levels = np.zeros(0, np.float32)
        self._nearby = np.zeros(0, np.float32)  # reaches beyond the levels on both sides
        self._outstanding = np.zeros(0, np.float32)  # as far

    def push(self, levels: Levels, started_s: float) -> None:
        """Take the levels that follow; `started_s` is when the track began, as it is known by now."""
        self._starts_at = round(started_s * LEVEL_FRAMES_PER_SECOND)
        known = len(self._levels)  # what lies around the frames before the last 300 ms of it does not change any more
        self._levels = np.concatenate([self._levels, levels])
        if len(levels):
            around = _stretch(self._levels, known - 2 * NEARBY_FRAMES, len(self._levels) + 2 * NEARBY_FRAMES)
            loudest = sliding_window_view(around, 2 * NEARBY_FRAMES + 1).max(axis=1)
            before = _stretch(self._levels, known - NEARBY_FRAMES - FLOOR_FRAMES, len(self._levels) + NEARBY_FRAMES)
            floor = sliding_window_view(before, FLOOR_FRAMES + 1).min(axis=1)
            outstanding = np.where(loudest > floor + STANDS_OUT_DB, loudest, np.float32(SILENCE_DBFS))
            self._nearby = np.concatenate([self._nearby[:known], loudest])
            self._outstanding = np.concatenate([self._outstanding[:known], outstanding])

    def keep_from(self, frame: int) -> None:
        """Let go of what came before a frame of the track."""
        superfluous = max(0, frame - self._first)
        self._first += superfluous
        self._levels, self._nearby = self._levels[superfluous:], self._nearby[superfluous:]
        self._outstanding = self._outstanding[superfluous:]

    @property
    def starts_at(self) -> int:
        """Which frame of the meeting's clock is the first of the track."""
        return self._starts_at

    @property
    def first(self) -> int:
        """The first frame of the track that is kept."""
        return self._first

    @property
    def end(self) -> int:
        """The first frame of the track that has not come."""
        return self._first + len(self._levels)

    @property
    def ends_at(self) -> int:
        """The same on the meeting's clock."""
        return self._starts_at + self.end

    def between(self, first: int, end: int) -> Levels:
        """The levels of some frames of the track."""
        return _stretch(self._levels, first - self._first, end - self._first)

    def nearby(self, first: int, end: int) -> Levels:
        """The loudest level around each of some frames of the track."""
        before = self._first - NEARBY_FRAMES
        return _stretch(self._nearby, first - before, end - before)

    def nearby_at(self, first: int, end: int) -> Levels | None:
        """The same by frames of the meeting's clock; None where there is none of it."""
        if end <= self._starts_at + self._first - NEARBY_FRAMES or first >= self.ends_at + NEARBY_FRAMES:
            return None
        return self.nearby(first - self._starts_at, end - self._starts_at)

    def outstanding_at(self, first: int, end: int) -> Levels:
        """The same where it stands out of what is always to be heard in the track, and silence elsewhere."""
        before = self._starts_at + self._first - NEARBY_FRAMES
        return _stretch(self._outstanding, first - before, end - before)

    def is_there_at(self, first: int, end: int) -> NDArray[np.bool_]:
        """In which frames of the meeting's clock it has sound of its own, and not only nearby."""
        frames = np.arange(first, end)
        return (frames >= self._starts_at + self._first) & (frames < self.ends_at)

    def of(self, frames: NDArray[np.intp]) -> Levels:
        """The levels of single frames of the track, all of them kept."""
        return self._levels[frames - self._first]


def _stretch(levels: Levels, first: int, end: int) -> Levels:
    inside = levels[max(0, first) : max(0, end)]
    before = min(max(0, -first), end - first)
    after = end - first - before - len(inside)
    if not before and not after:
        return inside
    silence = np.float32(SILENCE_DBFS)
    return np.concatenate([np.full(before, silence), inside, np.full(after, silence)])
