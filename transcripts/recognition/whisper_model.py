"""The Whisper model itself: opened from a folder or from the hub, and where that fails, what the operator can do."""

from __future__ import annotations

import errno
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import ctranslate2
import numpy as np
from faster_whisper import WhisperModel
from faster_whisper.utils import _MODELS as HUB_IDS  # its own way to a folder breaks with current clients of the hub
from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, RepositoryNotFoundError

from transcripts.recognition.recogniser import ModelUnavailable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from config.models import Speech

MODEL_FILES: Final = ("model.bin", "config.json", "tokenizer.json")
HUB_FILES: Final = (*MODEL_FILES, "preprocessor_config.json", "vocabulary.*")
"""What a model on the hub consists of, beside pages about it."""
ADVICE: Final = (
    "put there a Whisper model converted for CTranslate2 (greffier models fetch does), or set speech.model to a name "
    "such as small or large-v3-turbo"
)
_FITTING_TYPES: Final = frozenset({"default", "auto"})


class SpeechModel(WhisperModel):  # type: ignore[misc] # it has no types
    """Encodes a window once where it is used again at once: for its language, with hints, without, and once more."""

    def __init__(self, *what: Any, **else_: Any) -> None:
        super().__init__(*what, **else_)
        self._latest = threading.local()  # of the thread that encoded it: 3 MB with base, 8 MB with large

    def encode(self, features: NDArray[np.float32]) -> ctranslate2.StorageView:
        """The encoder's output for features of shape (windows, bands, frames) or (bands, frames)."""
        known = getattr(self._latest, "features", None)
        if known is None or not np.array_equal(known, np.squeeze(features)):
            self._latest.output = super().encode(features)
            self._latest.features = np.squeeze(features)
        return self._latest.output


def open_model(settings: Speech, device: str, *, workers: int) -> SpeechModel:
    """Open the model that the settings name, for so many threads at once.

    Raises:
        ModelUnavailable: as `whisper.load`.
    """
    compute_type = _compute_type(settings, device)
    model_name = _folder_or_name(settings.model)
    try:
        model = SpeechModel(model_name, device=device, compute_type=compute_type, cpu_threads=1, num_workers=workers)
    except Exception as error:  # the hub's client, the network below it and CTranslate2 raise each their own
        raise ModelUnavailable(broken_model(settings, device, error)) from error
    _refuse_other_languages(settings, model)
    _refuse_other_features(settings, model)
    return model


def best_device() -> str:
    """A GPU if there is one."""
    return "cuda" if ctranslate2.get_cuda_device_count() > 0 else "cpu"


def hub_id(model: str) -> str:
    """The id on the hub of a model that is known by a short name; ids and paths as they are.

    Raises:
        ModelUnavailable: it is none of these.
    """
    if "/" in model:
        return model
    if model not in HUB_IDS:
        raise ModelUnavailable(
            f"speech.model: {model} is no model that is known by name, and no folder; check the name, which may be one "
            f"of {', '.join(HUB_IDS)}."
        )
    return str(HUB_IDS[model])


def broken_model(settings: Speech, device: str, error: Exception) -> str:
    """One sentence for the operator: which setting, what is wrong, and what mends it."""
    what = f"speech.model: {settings.model} cannot be loaded on {device} ({_one_line(error)})"
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return f"{what}; there is no room left for it on the disk."
    if isinstance(error, MemoryError):
        return f"{what}; this machine has too little memory for it: choose a smaller one."
    if Path(settings.model).expanduser().is_dir():
        return (
            f"{what}; check that the folder was copied whole (greffier models verify), speech.device and "
            f"speech.compute_type, or {ADVICE}."
        )
    if isinstance(error, RepositoryNotFoundError):
        return f"speech.model: the hub has no model {settings.model}; check the name, such as small or large-v3-turbo."
    if isinstance(error, LocalEntryNotFoundError | HfHubHTTPError | ConnectionError):
        return (
            f"speech.model: {settings.model} is not on this machine, and the model hub is not reached; fetch it on a "
            "machine that reaches the hub (greffier models fetch), copy the folder here and set speech.model to its "
            "path."
        )
    return (
        f"{what}; check the name, and that this machine reaches the model hub, or copy the model's folder here and "
        "set speech.model to its path."
    )


def _compute_type(settings: Speech, device: str) -> str:
    if settings.compute_type == "default" and device == "cpu":
        return "int8"
    try:
        possible = ctranslate2.get_supported_compute_types(device)
    except (RuntimeError, ValueError) as error:
        raise ModelUnavailable(
            f"speech.device: {device} cannot be used here ({_one_line(error)}); set it to auto or cpu."
        ) from error
    if settings.compute_type == "default":
        return "float16"
    if settings.compute_type not in possible | _FITTING_TYPES:
        raise ModelUnavailable(
            f"speech.compute_type: {settings.compute_type} does not run on this machine's {device}; "
            f"leave it at default, or choose among {', '.join(sorted(possible))}."
        )
    return settings.compute_type


def _folder_or_name(model: str) -> str:
    folder = Path(model).expanduser()
    if folder.is_dir():
        missing = [name for name in MODEL_FILES if not (folder / name).is_file()]
        if missing:
            raise ModelUnavailable(f"speech.model: the folder {model} has no {', '.join(missing)}; {ADVICE}.")
        return str(folder)
    if model.startswith(("/", "~", ".")) or model.count("/") > 1:
        raise ModelUnavailable(f"speech.model: there is no folder {model}; {ADVICE}.")
    hub_id(model)  # what it knows by a name, before it is looked for
    return model


def _refuse_other_languages(settings: Speech, model: SpeechModel) -> None:
    unknown = sorted(set(settings.languages) - set(model.supported_languages))
    if not unknown:
        return
    if not model.model.is_multilingual:
        raise ModelUnavailable(
            f"speech.model: {settings.model} knows English only, and speech.languages allows {', '.join(unknown)}; "
            "choose a multilingual model (its name without .en), or set speech.languages to [en]."
        )
    raise ModelUnavailable(f"speech.languages: Whisper knows no {', '.join(unknown)}; use codes such as fr, en.")


def _refuse_other_features(settings: Speech, model: SpeechModel) -> None:
    """large-v3 hears 128 bands where the others hear 80, and says so in a file that is easily left behind."""
    given = int(model.feature_extractor.mel_filters.shape[0])
    if given != model.model.n_mels:
        raise ModelUnavailable(
            f"speech.model: {settings.model} needs {model.model.n_mels} bands of sound and is given {given}: its "
            "preprocessor_config.json is missing or another model's; copy the folder whole (greffier models fetch)."
        )


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
