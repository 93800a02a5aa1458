"""What is heard during the call is small, and the end puts it together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tests.unit.transcripts.diarization.test_chunks import CHUNK, STEP, LoudIsSpeech, counting
from transcripts.diarization.incremental import CHUNKS_AT_ONCE, HeardChunk, IncrementalVoices, by_first_appearance
from transcripts.diarization.voices import VoiceSpan
from transcripts.sound import SAMPLE_RATE_HZ, Samples

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass
class ScriptedModels:
    """Models that hear one voice in every chunk, or none, and tell apart what a test says."""

    spans: list[VoiceSpan] = field(default_factory=list)
    deaf: bool = False
    batches: list[int] = field(default_factory=list)
    asked: list[tuple[list[int], int]] = field(default_factory=list)
    """The indices of the chunks with speech, and the number of chunks, of each time the voices were told apart."""
    chunk_samples: int = CHUNK
    step_samples: int = STEP

    def hear(self, sounds: Sequence[Samples]) -> list[tuple[NDArray[np.uint8], NDArray[np.float32]]]:
        """See `incremental.ChunkModels`."""
        self.batches.append(len(sounds))
        activity = np.zeros((50, 3), np.uint8)
        activity[:, 0] = not self.deaf
        return [(activity, np.zeros((3, 4), np.float32)) for _ in sounds]

    def tell_apart(self, heard: Sequence[HeardChunk], chunks: int) -> list[VoiceSpan]:
        """See `incremental.ChunkModels`."""
        self.asked.append(([chunk.index for chunk in heard], chunks))
        return self.spans


def test_chunks_are_heard_as_they_are_complete_and_told_apart_at_the_end() -> None:
    """Twelve seconds in pieces of 100 ms: three chunks, each heard when it was there."""
    models = ScriptedModels(spans=[VoiceSpan(0, 1.0, 2.0)])
    voices = IncrementalVoices(models, LoudIsSpeech())
    sound = counting(12)

    for first in range(0, len(sound), 1600):
        voices.push(sound[first : first + 1600])
    assert models.batches == [1, 1, 1]
    assert models.asked == []

    assert voices.finish() == (VoiceSpan(0, 1.0, 2.0),)
    assert models.asked == [([0, 1, 2], 3)]


def test_a_whole_track_at_once_is_heard_in_parts() -> None:
    """Ten minutes pushed after a restart do not become ten minutes of overlapping chunks in memory."""
    models = ScriptedModels()

    IncrementalVoices(models, LoudIsSpeech()).push(counting(600))

    assert sum(models.batches) == 591
    assert max(models.batches) <= CHUNKS_AT_ONCE


def test_a_track_in_which_nobody_speaks_has_no_voices() -> None:
    """Neither silence nor noise is clustered; no sound at all is no error."""
    for sound, deaf in ((np.zeros(30 * SAMPLE_RATE_HZ, np.float32), False), (counting(30), True), (counting(0), False)):
        models = ScriptedModels(deaf=deaf)
        voices = IncrementalVoices(models, LoudIsSpeech())
        voices.push(sound)
        assert voices.finish() == ()
        assert models.asked == []


def test_voices_are_numbered_by_first_appearance() -> None:
    """Whatever number the clustering gave them; what the model adds behind the end of the track is cut off."""
    spans = [VoiceSpan(5, 3.0, 4.0), VoiceSpan(2, 1.0, 2.0), VoiceSpan(5, 0.5, 1.5), VoiceSpan(7, 9.5, 12.0)]

    assert by_first_appearance([*spans, VoiceSpan(9, 10.0, 11.0)], 10.0) == (
        VoiceSpan(0, 0.5, 1.5),
        VoiceSpan(1, 1.0, 2.0),
        VoiceSpan(0, 3.0, 4.0),
        VoiceSpan(2, 9.5, 10.0),
    )
