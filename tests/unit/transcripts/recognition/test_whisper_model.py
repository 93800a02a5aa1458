"""What the operator is told of a model that cannot be used: the setting, what is wrong, and what mends it."""

from __future__ import annotations

import errno
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from config.models import Speech
from transcripts.recognition import whisper_model
from transcripts.recognition.recogniser import ModelUnavailable
from transcripts.recognition.whisper_model import broken_model, hub_id, open_model


@dataclass
class OpenedModel:
    """A model as it looks once it is open."""

    multilingual: bool = True
    bands: int = 80
    bands_given: int = 80

    @property
    def model(self) -> SimpleNamespace:
        """What CTranslate2 says of it."""
        return SimpleNamespace(is_multilingual=self.multilingual, n_mels=self.bands)

    @property
    def feature_extractor(self) -> SimpleNamespace:
        """What it will be given."""
        return SimpleNamespace(mel_filters=np.zeros((self.bands_given, 201)))

    @property
    def supported_languages(self) -> list[str]:
        """As faster-whisper says."""
        return ["en", "fr", "de"] if self.multilingual else ["en"]


def refusal(monkeypatch: pytest.MonkeyPatch, model: OpenedModel, settings: Speech) -> str | None:
    """The sentence with which a model that opens is refused; None if it is not."""
    monkeypatch.setattr(whisper_model, "SpeechModel", lambda *_, **__: model)
    try:
        open_model(settings, "cpu", workers=1)
    except ModelUnavailable as error:
        return str(error)
    return None


def test_a_model_that_fits_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    """An English one too, where only English is spoken."""
    assert refusal(monkeypatch, OpenedModel(), Speech(model="small")) is None
    assert refusal(monkeypatch, OpenedModel(multilingual=False), Speech(model="small.en", languages=("en",))) is None


def test_an_english_model_is_refused_where_french_may_be_spoken(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would write French down as English that nobody said."""
    told = refusal(monkeypatch, OpenedModel(multilingual=False), Speech(model="small.en"))
    assert told == (
        "speech.model: small.en knows English only, and speech.languages allows fr; choose a multilingual model (its "
        "name without .en), or set speech.languages to [en]."
    )


def test_a_language_that_the_model_does_not_know_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """By its code."""
    told = refusal(monkeypatch, OpenedModel(), Speech(model="small", languages=("fr", "xx")))
    assert told is not None
    assert told.startswith("speech.languages: Whisper knows no xx")


def test_a_model_without_its_preprocessor_s_settings_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would fail in the first meeting."""
    told = refusal(monkeypatch, OpenedModel(bands=128), Speech(model="large-v3"))
    assert told is not None
    assert "needs 128 bands of sound and is given 80: its preprocessor_config.json is missing" in told


@pytest.mark.parametrize("compute_type", ["float16", "int4", "fast"])
def test_a_compute_type_that_a_cpu_does_not_have_is_told(compute_type: str) -> None:
    """Before a model is looked for, with those that it has."""
    with pytest.raises(ModelUnavailable, match=rf"speech\.compute_type: {compute_type} does not run .* float32, int8"):
        open_model(Speech(model="small", compute_type=compute_type), "cpu", workers=1)


def test_a_gpu_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the setting that works everywhere."""

    def none(_: str) -> set[str]:
        raise ValueError("unsupported device cuda")

    monkeypatch.setattr("ctranslate2.get_supported_compute_types", none)
    for compute_type in ("int8", "default"):
        with pytest.raises(ModelUnavailable, match=r"speech\.device: cuda cannot be used here .*set it to auto or cpu"):
            open_model(Speech(model="small", compute_type=compute_type), "cuda", workers=1)


def test_a_hub_that_is_not_reached_is_told_with_what_a_closed_network_needs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The model is not on this machine either."""
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(ModelUnavailable, match=r"hub is not reached; fetch it .*\(greffier models fetch\)"):
        open_model(Speech(model="small"), "cpu", workers=1)


def test_a_network_without_hub_is_not_asked_at_all_when_told_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """HF_HUB_OFFLINE is honoured."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("socket.socket.connect", lambda *_: pytest.fail("a connection was opened"))
    with pytest.raises(ModelUnavailable, match=r"is not on this machine, and the model hub is not reached"):
        open_model(Speech(model="small"), "cpu", workers=1)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "there is no room left for it on the disk"),
        (MemoryError(), "too little memory"),
        (RuntimeError("something\nelse"), "(something else); check the name"),
    ],
)
def test_what_went_wrong_is_told_in_one_sentence(error: Exception, expected: str) -> None:
    """With what mends it."""
    told = broken_model(Speech(model="small"), "cpu", error)
    assert told.startswith("speech.model: small cannot be loaded on cpu (")
    assert expected in told
    assert "\n" not in told


def test_short_names_stand_for_models_on_the_hub() -> None:
    """Ids and paths are themselves; other words are told."""
    assert hub_id("small") == "Systran/faster-whisper-small"
    assert hub_id("owner/whisper") == "owner/whisper"
    assert hub_id("/srv/models/whisper") == "/srv/models/whisper"
    with pytest.raises(ModelUnavailable, match=r"speech\.model: smal is no model that is known by name.*, small,"):
        hub_id("smal")
