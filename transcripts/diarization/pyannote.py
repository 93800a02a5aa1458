"""Diarization by a pyannote.audio pipeline, from a folder or from the hub; the one module that imports it and torch.

They are the optional extra `diarization`, several gigabytes large, and are imported when a model is loaded.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import io
import threading
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Final

import structlog

from transcripts.diarization.incremental import IncrementalVoices
from transcripts.diarization.pipeline import Libraries, PipelineModels
from transcripts.diarization.voices import DiarizationFailed, DiarizationUnavailable
from transcripts.listening.voice_activity import VoiceActivity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from config.models import Diarization
    from transcripts.diarization.incremental import HeardChunk
    from transcripts.diarization.voices import Vector, Voiceprints, VoicesOfTrack, VoiceSpan
    from transcripts.sound import Samples

log = structlog.get_logger()

INSTALLING: Final = "pip install '.[diarization]' in Greffier's checkout, or EXTRAS=diarization make image"
PIPELINE_FILE: Final = "config.yaml"
ADVICE: Final = (
    "put there a pyannote pipeline (config.yaml, segmentation/, embedding/, plda/), or set diarization.model to null"
)


class PyannoteDiarizer:
    """A loaded pipeline behind a lock (see `voices.Diarizer`)."""

    def __init__(self, models: PipelineModels) -> None:
        self._models = _OneAtATime(models)

    @property
    def voiceprints(self) -> Voiceprints:
        """See `voices.Diarizer`."""
        return self._models

    def begin(self) -> VoicesOfTrack:
        """See `voices.Diarizer`."""
        return IncrementalVoices(self._models, VoiceActivity())


class _OneAtATime:
    """Models that many threads may use; clustering needs no model, and holds nobody up."""

    def __init__(self, models: PipelineModels) -> None:
        self._models = models
        self._lock = threading.Lock()
        self.chunk_samples = models.chunk_samples
        self.step_samples = models.step_samples
        self.between_voices = models.between_voices

    def hear(self, sounds: Sequence[Samples]) -> list[tuple[NDArray[np.uint8], NDArray[np.float32]]]:
        with self._lock, _failing():
            return self._models.hear(sounds)

    def of(self, speech: Samples) -> Vector | None:
        with self._lock, _failing():
            return self._models.of(speech)

    def tell_apart(self, heard: Sequence[HeardChunk], chunks: int) -> list[VoiceSpan]:
        with _failing():
            return self._models.tell_apart(heard, chunks)


def load(settings: Diarization) -> PyannoteDiarizer | None:
    """Load the pipeline that the settings name; one that is not on the machine yet is downloaded from the hub.

    None where the settings name no model.

    Raises:
        DiarizationUnavailable: the extra `diarization` is not installed, there is no such pipeline, its conditions were
            not accepted, or it is broken.
    """
    if settings.model is None:
        return None
    name = _folder_or_id(settings.model)
    if not _installed():
        raise DiarizationUnavailable(
            f"diarization.model: {settings.model} needs pyannote.audio, which is not installed ({INSTALLING}); null "
            "leaves the voices at a shared microphone under one name."
        )
    libraries = _imported()
    device = "cuda" if libraries.torch.cuda.is_available() else "cpu"
    if device == "cpu":
        libraries.torch.set_num_threads(1)  # this process recognises words meanwhile
    token = None if settings.hub_token is None else settings.hub_token.get_secret_value()
    try:
        with _quiet():
            pipeline = libraries.audio.Pipeline.from_pretrained(name, token=token)
            pipeline.to(libraries.torch.device(device))
            models = PipelineModels(pipeline, libraries)
    except DiarizationUnavailable:
        raise
    except Exception as error:  # the hub's client, the network below it, torch and pyannote raise each their own
        raise DiarizationUnavailable(_reason(settings.model, error)) from error
    log.info("diarization model loaded", model=settings.model, device=device)
    return PyannoteDiarizer(models)


def _folder_or_id(model: str) -> str:
    folder = Path(model).expanduser()
    if folder.is_dir():
        if not (folder / PIPELINE_FILE).is_file():
            raise DiarizationUnavailable(f"diarization.model: the folder {model} has no {PIPELINE_FILE}; {ADVICE}.")
        return str(folder)
    if model.startswith(("/", "~", ".")) or model.count("/") != 1:
        raise DiarizationUnavailable(f"diarization.model: there is no folder {model}; {ADVICE}.")
    return model


def _installed() -> bool:
    try:
        return all(importlib.util.find_spec(module) is not None for module in ("torch", "pyannote.audio"))
    except ModuleNotFoundError:  # there is no `pyannote` to look for `audio` in
        return False


def _imported() -> Libraries:
    """The libraries. They warn that no sound files can be decoded without FFmpeg: ours is in memory already."""
    try:
        with _quiet():
            audio, core, torch = map(importlib.import_module, ("pyannote.audio", "pyannote.core", "torch"))
    except Exception as error:  # versions that do not fit each other fail in many ways
        raise DiarizationUnavailable(
            f"pyannote.audio is installed and cannot be imported ({_one_line(error)}); install it anew "
            f"({INSTALLING}), or set diarization.model to null."
        ) from error
    return Libraries(audio=audio, core=core, torch=torch)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """What the libraries print and warn about while they load is for programmers; what goes wrong is raised."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        yield


@contextlib.contextmanager
def _failing() -> Iterator[None]:
    try:
        yield
    except (RuntimeError, MemoryError, ValueError, ArithmeticError) as error:
        raise DiarizationFailed(f"the diarization model gave up: {_one_line(error)}") from error


def _reason(model: str, error: Exception) -> str:
    what = f"diarization.model: {model} cannot be loaded ({_one_line(error)})"
    if Path(model).expanduser().is_dir():
        return f"{what}; check that the folder was copied whole, or {ADVICE}."
    return (
        f"{what}; accept its conditions on https://huggingface.co/{model} and set diarization.hub_token, or, where "
        "this machine does not reach the hub, fetch it elsewhere (greffier models fetch) and set diarization.model "
        "to its folder; null leaves the voices at a shared microphone under one name."
    )


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
