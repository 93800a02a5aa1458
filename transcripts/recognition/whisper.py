"""Recognition by faster-whisper, on the CPU or on a GPU, with a model from a folder or from the hub."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import ctranslate2
import numpy as np
import structlog
from faster_whisper import BatchedInferencePipeline, WhisperModel

from transcripts.recognition.inventions import went_wrong
from transcripts.recognition.recogniser import NO_HINTS, Hints, ModelUnavailable, Recognition, RecognitionFailed, Word
from transcripts.sound import SAMPLE_RATE_HZ

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from config.models import Speech
    from transcripts.sound import Samples

log = structlog.get_logger()

BATCH_WINDOWS: Final = 8
RETRY_TEMPERATURES: Final = [0.2, 0.6]
MAX_TOKENS: Final = 224
"""Whisper's own bound for 30 s of speech; a loop would otherwise go on to twice that."""
FRAMES_PER_SECOND: Final = 100
CLIP_TOLERANCE_S: Final = 0.02
MODEL_FILES: Final = ("model.bin", "config.json", "tokenizer.json")
ADVICE: Final = (
    "put there a Whisper model converted for CTranslate2, or set speech.model to a name such as small or large-v3-turbo"
)


class WhisperRecogniser:
    """A loaded model. One call at a time makes the best use of it."""

    def __init__(self, model: WhisperModel, beam_size: int) -> None:
        self._model = model
        self._batched = BatchedInferencePipeline(model)
        self._beam_size = beam_size

    @property
    def at_once(self) -> int:
        """See `recogniser.Recogniser`."""
        return 1

    @property
    def batch(self) -> int:
        """See `recogniser.Recogniser`."""
        return BATCH_WINDOWS

    def recognise(self, windows: Sequence[Samples], language: str, hints: Hints = NO_HINTS) -> list[Recognition]:  # noqa: ARG002
        """See `recogniser.Recogniser`."""
        try:
            heard = [
                recognition
                for start in range(0, len(windows), BATCH_WINDOWS)
                for recognition in self._batch(windows[start : start + BATCH_WINDOWS], language)
            ]
            return [
                self._again(window, language, first) if went_wrong(first) else first
                for window, first in zip(windows, heard, strict=True)
            ]
        except (RuntimeError, MemoryError) as error:
            raise RecognitionFailed(f"the speech model gave up: {error}") from error

    def language_scores(self, speech: Samples) -> Mapping[str, float]:
        """See `recogniser.Recogniser`."""
        if not self._model.model.is_multilingual:
            return {"en": 1.0}
        try:
            _, _, scores = self._model.detect_language(audio=speech)
        except (RuntimeError, MemoryError) as error:
            raise RecognitionFailed(f"the speech model gave up: {error}") from error
        return dict(scores)

    def _batch(self, windows: Sequence[Samples], language: str) -> list[Recognition]:
        lengths_s = [len(window) / SAMPLE_RATE_HZ for window in windows]
        starts_s = [0.0, *accumulate(lengths_s[:-1])]
        clips = [{"start": start, "end": start + length} for start, length in zip(starts_s, lengths_s, strict=True)]
        segments, _ = self._batched.transcribe(
            np.concatenate(windows),
            language=language,
            beam_size=self._beam_size,
            clip_timestamps=clips,
            batch_size=len(windows),
            max_new_tokens=MAX_TOKENS,
            word_timestamps=True,
            vad_filter=False,
        )
        by_clip: list[list[Any]] = [[] for _ in windows]
        for segment in segments:  # each carries where its clip begins, in the library's frames, rounded down
            by_clip[bisect_right(starts_s, segment.seek / FRAMES_PER_SECOND + CLIP_TOLERANCE_S) - 1].append(segment)
        return [_recognition(mine, start) for mine, start in zip(by_clip, starts_s, strict=True)]

    def _again(self, window: Samples, language: str, first: Recognition) -> Recognition:
        """Decode a window once more, with some chance in the choice of words, which is what gets out of a loop."""
        segments, _ = self._model.transcribe(
            window,
            language=language,
            beam_size=self._beam_size,
            temperature=RETRY_TEMPERATURES,
            condition_on_previous_text=False,
            max_new_tokens=MAX_TOKENS,
            word_timestamps=True,
        )
        second = _recognition(list(segments), 0.0)
        return second if second.average_log_probability > first.average_log_probability else first


def load(settings: Speech) -> WhisperRecogniser:
    """Load the model that the settings name; a name or a hub id that is not on the machine yet is downloaded.

    Raises:
        ModelUnavailable: there is no such model, it is broken, or the machine cannot run it.
    """
    device = settings.device if settings.device != "auto" else _best_device()
    compute_type = settings.compute_type
    if compute_type == "default":
        compute_type = "float16" if device == "cuda" else "int8"
    model_name = _folder_or_name(settings.model)
    try:
        model = WhisperModel(
            model_name, device=device, compute_type=compute_type, cpu_threads=settings.threads, num_workers=1
        )
        if device == "cuda":  # its libraries are looked for at the first use only
            model.detect_language(audio=np.zeros(SAMPLE_RATE_HZ, np.float32))
    except Exception as error:  # the hub's client, the network below it and CTranslate2 raise each their own
        raise ModelUnavailable(_reason(settings, device, error)) from error
    unknown = sorted(set(settings.languages) - set(model.supported_languages)) if model.model.is_multilingual else []
    if unknown:
        raise ModelUnavailable(f"speech.languages: Whisper knows no {', '.join(unknown)}; use codes such as fr, en.")
    log.info("speech model loaded", model=settings.model, device=device, compute_type=compute_type)
    return WhisperRecogniser(model, settings.beam_size)


def _best_device() -> str:
    return "cuda" if ctranslate2.get_cuda_device_count() > 0 else "cpu"


def _folder_or_name(model: str) -> str:
    folder = Path(model).expanduser()
    if folder.is_dir():
        missing = [name for name in MODEL_FILES if not (folder / name).is_file()]
        if missing:
            raise ModelUnavailable(f"speech.model: the folder {model} has no {', '.join(missing)}; {ADVICE}.")
        return str(folder)
    if model.startswith(("/", "~", ".")) or model.count("/") > 1:
        raise ModelUnavailable(f"speech.model: there is no folder {model}; {ADVICE}.")
    return model


def _reason(settings: Speech, device: str, error: Exception) -> str:
    what = f"speech.model: {settings.model} cannot be loaded on {device} ({_one_line(error)})"
    if Path(settings.model).expanduser().is_dir():
        return f"{what}; check speech.device, speech.compute_type and that the folder was copied whole, or {ADVICE}."
    return (
        f"{what}; check the name, and that this machine reaches the model hub, or copy the model's folder here and "
        "set speech.model to its path."
    )


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__


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
