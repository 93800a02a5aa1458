"""Recognition by faster-whisper: windows decoded by as many threads as there are workers, and failures once more."""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import structlog
from faster_whisper import BatchedInferencePipeline

from transcripts.recognition.hints import echoes, phrase
from transcripts.recognition.inventions import is_doubtful, went_wrong
from transcripts.recognition.recogniser import (
    DecodingOptions,
    ModelUnavailable,
    Recognition,
    RecognitionFailed,
    Spoken,
    Word,
)
from transcripts.recognition.whisper_model import SpeechModel, best_device, broken_model, open_model
from transcripts.sound import SAMPLE_RATE_HZ, Samples

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from config.models import Speech

log = structlog.get_logger()

CPU_BATCH: Final = 1
"""With two windows at once a call lasts 3.3 s instead of 1.8 s, and saves 4 % of the time (measured, base int8)."""
GPU_BATCH: Final = 8
RETRY_TEMPERATURES: Final = [0.2, 0.6]
MAX_TOKENS: Final = 224
"""Whisper's own bound for 30 s of speech; a loop would otherwise go on to twice that."""
FRAMES_PER_SECOND: Final = 100
CLIP_TOLERANCE_S: Final = 0.02


_Decode = Callable[[Sequence[Samples], str, str], list[Recognition]]
"""Windows, their language and what is told beforehand."""


class WhisperRecogniser:
    """A loaded model. As many threads may call it as they like; `at_once` of them keep it busy."""

    def __init__(self, model: SpeechModel, beam_size: int, *, at_once: int = 1, batch: int = CPU_BATCH) -> None:
        self._model = model
        self._beam_size = beam_size
        self._at_once = at_once
        self._batch_windows = batch

    @property
    def at_once(self) -> int:
        """See `recogniser.Recogniser`."""
        return self._at_once

    @property
    def batch(self) -> int:
        """See `recogniser.Recogniser`."""
        return self._batch_windows

    def recognise(self, windows: Sequence[Samples], options: DecodingOptions) -> list[Spoken]:
        """See `recogniser.Recogniser`."""
        try:
            if len(options.languages) > 1:
                return [self._in_likeliest(window, options) for window in windows]
            (language,) = options.languages
            return [Spoken(heard, language) for heard in self._recognise(windows, language, options)]
        except (RuntimeError, MemoryError) as error:
            raise RecognitionFailed(f"the speech model gave up: {error}") from error

    def _in_likeliest(self, window: Samples, options: DecodingOptions) -> Spoken:
        scores = self._language_scores(window)
        allowed = {language: scores.get(language, 0.0) for language in options.languages}
        language = max(allowed, key=allowed.__getitem__)
        (heard,) = self._recognise([window], language, options)
        return Spoken(heard, language, allowed)

    def _language_scores(self, window: Samples) -> Mapping[str, float]:
        if not self._model.model.is_multilingual:
            return {"en": 1.0}
        features = self._model.feature_extractor(window)[..., :-1]  # as decoding has them: they are encoded once
        _, _, scores = self._model.detect_language(features=features)
        return dict(scores)

    def _recognise(self, windows: Sequence[Samples], language: str, options: DecodingOptions) -> list[Recognition]:
        told = phrase(options.hints)
        decode = self._decode_turns if options.several_voices else self._decode
        heard = decode(windows, language, told)
        return [self._settled(*each, decode, language, told) for each in zip(windows, heard, strict=True)]

    def _settled(self, window: Samples, first: Recognition, decode: _Decode, language: str, told: str) -> Recognition:
        """What counts for a window: failures are decoded again; hints only where there is no doubt of the words.

        On noise, hints make Whisper believe that there is speech (8 clips of 35 instead of none, measured), and they
        may come back as words themselves.
        """
        if told and (is_doubtful(first) or echoes(first, told)):
            (first,) = decode([window], language, "")
        return self._again(window, language, first) if went_wrong(first) else first

    def _decode(self, windows: Sequence[Samples], language: str, told: str) -> list[Recognition]:
        size = self._batch_windows
        return [
            recognition
            for start in range(0, len(windows), size)
            for recognition in self._decode_batch(windows[start : start + size], language, told)
        ]

    def _decode_batch(self, windows: Sequence[Samples], language: str, told: str) -> list[Recognition]:
        lengths_s = [len(window) / SAMPLE_RATE_HZ for window in windows]
        starts_s = [0.0, *accumulate(lengths_s[:-1])]
        clips = [{"start": start, "end": start + length} for start, length in zip(starts_s, lengths_s, strict=True)]
        # One for each call: it keeps from batch to batch where speech ended, and two threads would mix that up.
        segments, _ = BatchedInferencePipeline(self._model).transcribe(
            np.concatenate(windows),
            language=language,
            beam_size=self._beam_size,
            clip_timestamps=clips,
            batch_size=len(windows),
            max_new_tokens=MAX_TOKENS,
            word_timestamps=True,
            vad_filter=False,
            hotwords=told or None,
        )
        by_clip: list[list[Any]] = [[] for _ in windows]
        for segment in segments:  # each carries where its clip begins, in the library's frames, rounded down
            by_clip[bisect_right(starts_s, segment.seek / FRAMES_PER_SECOND + CLIP_TOLERANCE_S) - 1].append(segment)
        return [_recognition(mine, start) for mine, start in zip(by_clip, starts_s, strict=True)]

    def _decode_turns(self, windows: Sequence[Samples], language: str, told: str) -> list[Recognition]:
        """Decode with Whisper's own timestamps: without them it stops where another voice, further away, goes on."""
        return [self._transcribe(window, language, told, [0.0]) for window in windows]

    def _again(self, window: Samples, language: str, first: Recognition) -> Recognition:
        """Decode a window once more, with some chance in the choice of words, which is what gets out of a loop."""
        second = self._transcribe(window, language, "", RETRY_TEMPERATURES)
        return second if second.average_log_probability > first.average_log_probability else first

    def _transcribe(self, window: Samples, language: str, told: str, temperatures: list[float]) -> Recognition:
        segments, _ = self._model.transcribe(
            window,
            language=language,
            beam_size=self._beam_size,
            temperature=temperatures,
            condition_on_previous_text=False,
            max_new_tokens=MAX_TOKENS,
            word_timestamps=True,
            hotwords=told or None,
        )
        return _recognition(list(segments), 0.0)


def load(settings: Speech) -> WhisperRecogniser:
    """Load the model that the settings name, and hear a second of silence with it.

    A name or a hub id that is not on the machine yet is downloaded; with a folder, no hub is asked.

    Raises:
        ModelUnavailable: there is no such model, it is broken, or the machine cannot run it.
    """
    device = settings.device if settings.device != "auto" else best_device()
    on_cpu = device == "cpu"
    # A core works best for itself: two workers of one thread outdo one worker of two by a third (measured).
    at_once = (settings.threads or len(os.sched_getaffinity(0))) if on_cpu else 1
    model = open_model(settings, device, workers=at_once)
    recogniser = WhisperRecogniser(model, settings.beam_size, at_once=at_once, batch=CPU_BATCH if on_cpu else GPU_BATCH)
    try:  # a tokenizer of another model, a GPU without its libraries: what shows only once there is sound
        recogniser.recognise([np.zeros(SAMPLE_RATE_HZ, np.float32)], DecodingOptions((settings.languages[0],)))
    except Exception as error:
        raise ModelUnavailable(broken_model(settings, device, error)) from error
    log.info("speech model loaded", model=settings.model, device=device, workers=at_once)
    return recogniser


def _recognition(segments: Iterable[Any], offset_s: float) -> Recognition:
    heard = list(segments)
    return Recognition(
        words=tuple(_words((word for segment in heard for word in segment.words or ()), offset_s)),
        no_speech_probability=max((float(segment.no_speech_prob) for segment in heard), default=1.0),
        average_log_probability=min((float(segment.avg_logprob) for segment in heard), default=-10.0),
        compression_ratio=max((float(segment.compression_ratio) for segment in heard), default=0.0),
    )


def _words(heard: Iterable[Any], offset_s: float) -> list[Word]:
    """Words that may be parted from each other: `?` and the `-ce` of `est-ce` go with the word before them."""
    words: list[Word] = []
    for part in heard:
        text: str = part.word
        stands_alone = any(map(str.isalnum, text)) and (text[0].isspace() or text[0].isalnum())
        if words and not stands_alone:
            words[-1] = replace(words[-1], text=words[-1].text + text)
            continue
        start_s = max(0.0, float(part.start) - offset_s)
        words.append(Word(text, start_s, max(start_s, float(part.end) - offset_s), float(part.probability)))
    return words
