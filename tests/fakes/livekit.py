"""Sinks that keep a call's sound in memory, and ones that break in a chosen way."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from bridge.livekit.sound import SAMPLE_RATE_HZ

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from bridge.livekit.sound import SpokenTrack


@dataclass
class MemoryTrack:
    """One track's sound, placed on the clock of its recording."""

    track: SpokenTrack
    pcm: bytearray = field(default_factory=bytearray)
    started_s: float = float("inf")
    closed: bool = False

    def write(self, pcm: bytes, arrived_s: float) -> None:
        """Add sound."""
        assert not self.closed
        self.pcm += pcm
        self.started_s = min(self.started_s, arrived_s - self.seconds)

    def close(self) -> None:
        """Remember that it ended."""
        self.closed = True

    @property
    def seconds(self) -> float:
        """How much sound there is."""
        return len(self.pcm) / 2 / SAMPLE_RATE_HZ

    @property
    def samples(self) -> NDArray[np.int16]:
        """The sound, from `started_s` on."""
        return np.frombuffer(bytes(self.pcm), dtype="<i2")

    def first_sound_s(self, *, after_s: float = 0, louder_than: int = 2000) -> float | None:
        """When, on the recording's clock, a sample is first louder than that; None: never."""
        if not self.pcm:
            return None
        skipped = max(0, int((after_s - self.started_s) * SAMPLE_RATE_HZ))
        loud = np.flatnonzero(np.abs(self.samples[skipped:].astype(np.int32)) > louder_than)
        return None if loud.size == 0 else self.started_s + (skipped + int(loud[0])) / SAMPLE_RATE_HZ


@dataclass
class MemoryStay:
    """One stay in the call, on the clock of its recording."""

    joined_s: float
    left_s: float | None = None
    over: bool | None = None
    kept: bool = field(default=False, compare=False)
    """Whether its end was synced."""


@dataclass
class MemorySink:
    """A call's sound, track by track in the order in which they began."""

    tracks: list[MemoryTrack] = field(default_factory=list)
    stays: list[MemoryStay] = field(default_factory=list)
    syncs: int = 0

    def joined(self, at_s: float) -> None:
        """Begin a stay."""
        assert all(stay.left_s is not None for stay in self.stays)
        self.stays.append(MemoryStay(at_s))

    def left(self, at_s: float, *, over: bool) -> None:
        """End it."""
        stay = self.stays[-1]
        assert stay.left_s is None
        stay.left_s, stay.over = at_s, over

    def open_track(self, track: SpokenTrack) -> MemoryTrack:
        """Begin a track."""
        opened = MemoryTrack(track)
        self.tracks.append(opened)
        return opened

    def sync(self) -> None:
        """Count it, and keep the ends of stays."""
        self.syncs += 1
        for stay in self.stays:
            stay.kept = stay.left_s is not None

    def of(self, participant: str) -> list[MemoryTrack]:
        """The tracks of one participant."""
        return [kept for kept in self.tracks if kept.track.participant == participant]


@dataclass
class BreakingTrack(MemoryTrack):
    """Raises at its third write."""

    error: Exception = field(default_factory=RuntimeError)
    writes: int = 0

    def write(self, pcm: bytes, arrived_s: float) -> None:
        """Add sound, twice."""
        self.writes += 1
        if self.writes > 2:
            raise self.error
        super().write(pcm, arrived_s)


@dataclass
class BreakingSink(MemorySink):
    """Raises `error` while it writes the tracks that `breaks` picks."""

    error: Exception = field(default_factory=RuntimeError)
    breaks: Callable[[SpokenTrack], bool] = lambda _track: True

    def open_track(self, track: SpokenTrack) -> MemoryTrack:
        """Begin a track, sound or broken."""
        if not self.breaks(track):
            return super().open_track(track)
        opened = BreakingTrack(track, error=self.error)
        self.tracks.append(opened)
        return opened


@dataclass
class UnsyncableSink(MemorySink):
    """Takes every write and cannot bring any of it to the disk."""

    error: Exception = field(default_factory=lambda: OSError(28, "No space left on device"))

    def sync(self) -> None:
        """Fail."""
        raise self.error
