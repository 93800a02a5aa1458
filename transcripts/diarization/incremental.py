"""Diarization as the sound comes in: chunks are heard at once and dropped; what is left for the end is small."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from transcripts.diarization.chunks import Activity, Chunk, ChunkCutter
from transcripts.sound import seconds

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from transcripts.diarization.voices import VoiceSpan
    from transcripts.sound import Samples

CHUNKS_AT_ONCE: Final = 16
"""Sound that comes in one piece is heard in parts: memory stays flat, and other tracks have their turn."""


@dataclass(frozen=True, slots=True)
class HeardChunk:
    """What is kept of a chunk: some kilobytes."""

    index: int
    activity: NDArray[np.uint8]
    """(frames, local speakers): 1 where one speaks. Who a local speaker is, is not known before the end."""
    embeddings: NDArray[np.float32]
    """(local speakers, dimensions): NaN for those who do not speak, or too little."""


class ChunkModels(Protocol):
    """The models of a diarization pipeline, and its clustering."""

    @property
    def chunk_samples(self) -> int:
        """How long a chunk is."""

    @property
    def step_samples(self) -> int:
        """From the start of a chunk to the start of the next."""

    def hear(self, sounds: Sequence[Samples]) -> list[tuple[NDArray[np.uint8], NDArray[np.float32]]]:
        """Activity and embeddings of each chunk."""

    def tell_apart(self, heard: Sequence[HeardChunk], chunks: int) -> list[VoiceSpan]:
        """Whose voice is whose in a track of so many chunks, of which those with speech are given."""


class IncrementalVoices:
    """One track, by the models of a pipeline (see `voices.VoicesOfTrack`)."""

    def __init__(self, models: ChunkModels, activity: Activity) -> None:
        self._models = models
        self._cutter = ChunkCutter(models.chunk_samples, models.step_samples, activity)
        self._heard: list[HeardChunk] = []

    def push(self, sound: Samples) -> None:
        """See `voices.VoicesOfTrack`."""
        at_once = CHUNKS_AT_ONCE * self._models.step_samples
        for start in range(0, len(sound), at_once):
            self._hear(self._cutter.push(sound[start : start + at_once]))

    def finish(self) -> tuple[VoiceSpan, ...]:
        """See `voices.VoicesOfTrack`."""
        self._hear(self._cutter.close())
        if not self._heard:
            return ()
        spans = self._models.tell_apart(self._heard, self._cutter.count)
        return by_first_appearance(spans, seconds(self._cutter.samples))

    def _hear(self, chunks: Sequence[Chunk]) -> None:
        if not chunks:
            return
        heard = self._models.hear([chunk.sound for chunk in chunks])
        for chunk, (activity, embeddings) in zip(chunks, heard, strict=True):
            if activity.any():
                self._heard.append(HeardChunk(chunk.index, activity, embeddings))


def by_first_appearance(spans: Iterable[VoiceSpan], track_s: float) -> tuple[VoiceSpan, ...]:
    """The spans by start, cut at the end of the track, with voices numbered from 0 as they come up."""
    kept = sorted(
        (replace(span, end_s=min(span.end_s, track_s)) for span in spans if span.start_s < track_s),
        key=lambda span: (span.start_s, span.end_s),
    )
    numbers = {voice: number for number, voice in enumerate(dict.fromkeys(span.voice for span in kept))}
    return tuple(replace(span, voice=numbers[span.voice]) for span in kept)
