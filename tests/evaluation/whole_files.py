"""The baseline: whole files given to faster-whisper after the call, with its own voice activity detection.

It has what Greffier has: the same model, beam and cores. It is told the language, which Greffier has to find.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from faster_whisper import BatchedInferencePipeline, WhisperModel

from tests.evaluation.calls import Call, Microphone, mixed
from tests.evaluation.encoder import counted
from tests.evaluation.fidelity import phrases
from tests.evaluation.meetings import Segment
from transcripts.recognition.recogniser import Word
from transcripts.sound import as_float


@dataclass(frozen=True, slots=True)
class WholeFiles:
    """What came of it, and what it took; the loading of the model and the making of the sound are not counted."""

    heard: tuple[Segment, ...]
    wall_s: float
    cpu_s: float
    windows: int


class Baseline:
    """faster-whisper with one worker a core: files are transcribed side by side, as many as there are cores."""

    def __init__(self, model_folder: str, beam_size: int) -> None:
        self._workers = os.cpu_count() or 1
        self._model = WhisperModel(
            model_folder, device="cpu", compute_type="int8", cpu_threads=1, num_workers=self._workers
        )
        self._beam_size = beam_size

    def tracks(self, call: Call, *, batched: bool = False) -> WholeFiles:
        """Each track by itself: its words are its owner's."""
        return self._transcribed(call, call.microphones, batched=batched)

    def mixed(self, call: Call) -> WholeFiles:
        """All tracks mixed into one file, as a recorder of the whole call has it: nobody's words."""
        return self._transcribed(call, [mixed(call)], batched=False)

    def _transcribed(self, call: Call, microphones: Sequence[Microphone], *, batched: bool) -> WholeFiles:
        with counted() as encoded, ThreadPoolExecutor(self._workers) as pool:
            cpu_began_s, began_s = time.process_time(), time.perf_counter()
            heard = list(
                pool.map(lambda one: self._words(one, call.samples, call.language, batched=batched), microphones)
            )
            wall_s, cpu_s = time.perf_counter() - began_s, time.process_time() - cpu_began_s
        found = [
            segment
            for microphone, words in zip(microphones, heard, strict=True)
            for segment in phrases(microphone.name, words)
        ]
        return WholeFiles(tuple(found), wall_s, cpu_s, encoded.windows)

    def _words(self, microphone: Microphone, samples: int, language: str, *, batched: bool) -> list[Word]:
        sound = as_float(microphone.sound(0, samples))
        if batched:
            segments, _ = BatchedInferencePipeline(self._model).transcribe(
                sound, language=language, beam_size=self._beam_size, word_timestamps=True, vad_filter=True
            )
        else:
            segments, _ = self._model.transcribe(
                sound, language=language, beam_size=self._beam_size, word_timestamps=True, vad_filter=True
            )
        return [
            Word(word.word, word.start, word.end, word.probability)
            for segment in segments
            for word in segment.words or ()
        ]
