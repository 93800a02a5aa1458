"""What is done with a loaded pyannote pipeline: hearing chunks one by one, and clustering them at the end.

These are the steps of pyannote's `SpeakerDiarization.apply` (pyannote.audio 4.0), parted so that all but the last can
be done during the call. The libraries are handed in: `diarization.pyannote` alone imports them.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from transcripts.diarization.voices import DiarizationUnavailable, Vector, VoiceSpan
from transcripts.sound import SAMPLE_RATE_HZ

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from transcripts.diarization.incremental import HeardChunk
    from transcripts.sound import Samples

MAX_CLUSTERED: Final = 4000
"""Embeddings that are clustered; its time and memory grow with their square, so the rest is only assigned."""
BLOCK_CHUNKS: Final = 300
"""Spans are put together in blocks, so that memory does not grow with the track."""
MIN_SPEECH_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Libraries:
    """The modules that a pipeline needs around it: `pyannote.audio`, `pyannote.core` and `torch`."""

    audio: Any
    core: Any
    torch: Any


class PipelineModels:
    """The models of a `SpeakerDiarization` pipeline (see `incremental.ChunkModels` and `voices.Voiceprints`).

    Raises:
        DiarizationUnavailable: the pipeline is of another kind.
    """

    def __init__(self, pipeline: Any, libraries: Libraries) -> None:
        _check(pipeline, libraries)
        self._pipeline = pipeline
        self._torch = libraries.torch
        self._core = libraries.core
        self._segmentation = pipeline._segmentation  # noqa: SLF001 - the pipeline's parts have no public name
        self._embedding = pipeline._embedding  # noqa: SLF001
        self._plda = pipeline._plda  # noqa: SLF001
        embedder = getattr(self._embedding, "model_", None)
        self._has_frames = hasattr(embedder, "forward_frames") and hasattr(embedder, "forward_embedding")
        self._shortest_samples = int(self._embedding.min_num_samples)
        self._filter_embeddings = pipeline.clustering.filter_embeddings
        pipeline.clustering.filter_embeddings = self._some_embeddings

    @property
    def chunk_samples(self) -> int:
        """See `incremental.ChunkModels`."""
        return int(self._segmentation.model.audio.get_num_samples(self._segmentation.duration))

    @property
    def step_samples(self) -> int:
        """See `incremental.ChunkModels`."""
        return round(float(self._segmentation.step) * SAMPLE_RATE_HZ)

    @property
    def between_voices(self) -> Vector:
        """See `voices.Voiceprints`."""
        return np.asarray(self._plda.phi, np.float64)

    def of(self, speech: Samples) -> Vector | None:
        """See `voices.Voiceprints`."""
        if len(speech) < max(self._shortest_samples, MIN_SPEECH_S * SAMPLE_RATE_HZ):
            return None
        embedding = self._embedding(self._torch.from_numpy(speech)[None, None])
        if not np.isfinite(embedding).all():
            return None
        return np.asarray(self._plda(embedding)[0], np.float64)

    def hear(self, sounds: Sequence[Samples]) -> list[tuple[NDArray[np.uint8], NDArray[np.float32]]]:
        """See `incremental.ChunkModels`."""
        waveforms = self._torch.from_numpy(np.stack(sounds))[:, None]
        size = self._pipeline.segmentation_batch_size
        activity = np.vstack(
            [self._segmentation.infer(waveforms[first : first + size]) for first in range(0, len(sounds), size)]
        )
        masks = self._clean(activity)
        embeddings = self._embed_by_chunk(waveforms, masks) if self._has_frames else self._embed(waveforms, masks)
        embeddings[~activity.any(axis=1)] = np.nan
        return list(zip(activity.astype(np.uint8), embeddings, strict=True))

    def tell_apart(self, heard: Sequence[HeardChunk], chunks: int) -> list[VoiceSpan]:
        """See `incremental.ChunkModels`."""
        activity = np.stack([chunk.activity for chunk in heard])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # means of nothing, where nobody speaks on their own for long enough
            clusters, _, _ = self._pipeline.clustering(
                embeddings=np.stack([chunk.embeddings for chunk in heard]),
                segmentations=self._sliding(activity.astype(np.float32), 0),
                num_clusters=None,
                min_clusters=1,
                max_clusters=np.inf,
            )
        clusters[~activity.any(axis=1)] = -1
        at = np.array([chunk.index for chunk in heard])
        return joined(
            (
                span
                for block in range(0, chunks, BLOCK_CHUNKS)
                for span in self._block(block, chunks, at, activity, clusters)
            ),
            self._pipeline.segmentation.min_duration_off,
        )

    def _embed(self, waveforms: Any, masks: NDArray[np.float32]) -> NDArray[np.float32]:
        """The voice of each local speaker, one by one; nobody needs that of one who does not speak."""
        embeddings = np.full((*masks.shape[::2], self._embedding.dimension), np.nan, np.float32)
        active = np.argwhere(masks.any(axis=1))
        size = self._pipeline.embedding_batch_size
        for first in range(0, len(active), size):
            chunk, speaker = active[first : first + size].T
            embeddings[chunk, speaker] = self._embedding(
                waveforms[chunk], masks=self._torch.from_numpy(masks[chunk, :, speaker])
            )
        return embeddings

    def _embed_by_chunk(self, waveforms: Any, masks: NDArray[np.float32]) -> NDArray[np.float32]:
        """The same where a model (WeSpeaker's, of community-1) can hear a chunk once for all who speak in it."""
        model, device = self._embedding.model_, self._embedding.device
        embeddings = np.full((*masks.shape[::2], self._embedding.dimension), np.nan, np.float32)
        spoken = np.flatnonzero(masks.any(axis=(1, 2)))
        size = self._pipeline.embedding_batch_size
        with self._torch.inference_mode(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of deviations of nothing, where somebody does not speak
            for first in range(0, len(spoken), size):
                chunk = spoken[first : first + size]
                weights = self._torch.from_numpy(np.ascontiguousarray(masks[chunk].transpose(0, 2, 1))).to(device)
                frames = model.forward_frames(waveforms[chunk].to(device))
                embeddings[chunk] = model.forward_embedding(frames, weights=weights).cpu().numpy()
        return embeddings

    def _clean(self, activity: NDArray[np.float32]) -> NDArray[np.float32]:
        """Where each local speaker is heard for their embedding: alone, unless that is too little."""
        if not self._pipeline.embedding_exclude_overlap:
            return activity
        alone = activity * (activity.sum(axis=2, keepdims=True) <= 1)
        shortest_frames = math.ceil(activity.shape[1] * self._shortest_samples / self.chunk_samples)
        return np.where(alone.sum(axis=1, keepdims=True) > shortest_frames, alone, activity).astype(np.float32)

    def _some_embeddings(self, *args: Any, **kwargs: Any) -> tuple[Any, Any, Any]:
        """Pyannote's choice of embeddings to cluster, thinned out evenly where they are very many."""
        embeddings, chunk, speaker = self._filter_embeddings(*args, **kwargs)
        if len(embeddings) <= MAX_CLUSTERED:
            return embeddings, chunk, speaker
        kept = np.linspace(0, len(embeddings) - 1, MAX_CLUSTERED).astype(int)
        return embeddings[kept], chunk[kept], speaker[kept]

    def _block(
        self, block: int, chunks: int, at: NDArray[np.int64], activity: NDArray[np.uint8], clusters: NDArray[np.int8]
    ) -> Iterator[VoiceSpan]:
        """What is said between the start of a block's first chunk and that of the next block's."""
        overlapping = math.ceil(self.chunk_samples / self.step_samples)
        first, last = max(0, block - overlapping), min(chunks, block + BLOCK_CHUNKS + 1)
        here = np.flatnonzero((at >= first) & (at < last))
        if not len(here):
            return
        voices = int(clusters.max()) + 1
        spoken = np.zeros((last - first, activity.shape[1], 1), np.float32)
        by_voice = np.zeros((last - first, activity.shape[1], voices), np.float32)
        for n in here:
            spoken[at[n] - first, :, 0] = activity[n].sum(axis=1)
            for speaker in np.flatnonzero(clusters[n] >= 0):
                mine = by_voice[at[n] - first, :, clusters[n, speaker]]
                np.maximum(mine, activity[n, :, speaker], out=mine)
        count = self._pipeline.speaker_count(
            self._sliding(spoken, first), self._segmentation.model.receptive_field, warm_up=(0.0, 0.0)
        )
        count.data = np.minimum(count.data, voices).astype(np.int8)
        discrete = self._pipeline.to_diarization(self._sliding(by_voice, first), count)
        annotation = self._pipeline.to_annotation(discrete)
        step_s = self._segmentation.step
        from_s = 0.0 if block == 0 else block * step_s
        until_s = math.inf if block + BLOCK_CHUNKS >= chunks else (block + BLOCK_CHUNKS) * step_s
        for segment, _, voice in annotation.itertracks(yield_label=True):
            if segment.end > from_s and segment.start < until_s:
                yield VoiceSpan(int(voice), max(from_s, float(segment.start)), min(until_s, float(segment.end)))

    def _sliding(self, data: NDArray[np.float32], first: int) -> Any:
        step_s, duration_s = self._segmentation.step, self._segmentation.duration
        window = self._core.SlidingWindow(start=first * step_s, duration=duration_s, step=step_s)
        return self._core.SlidingWindowFeature(data, window)


def _check(pipeline: Any, libraries: Libraries) -> None:
    if (
        not isinstance(pipeline, libraries.audio.pipelines.SpeakerDiarization)
        or not pipeline._segmentation.model.specifications.powerset  # noqa: SLF001
        or pipeline.clustering.expects_num_clusters
    ):
        raise DiarizationUnavailable(
            "diarization.model: that pipeline cannot be used as sound comes in; take one that finds the number of "
            "voices by itself on powerset segmentation, such as pyannote/speaker-diarization-community-1 or -3.1."
        )


def joined(spans: Iterable[VoiceSpan], pause_s: float) -> list[VoiceSpan]:
    """The spans without the pauses of one voice that are no longer than this."""
    last: dict[int, VoiceSpan] = {}
    done: list[VoiceSpan] = []
    for span in sorted(spans, key=lambda span: (span.voice, span.start_s)):
        before = last.get(span.voice)
        if before is not None and span.start_s - before.end_s <= pause_s:
            last[span.voice] = VoiceSpan(span.voice, before.start_s, max(before.end_s, span.end_s))
            continue
        if before is not None:
            done.append(before)
        last[span.voice] = span
    return [*done, *last.values()]
