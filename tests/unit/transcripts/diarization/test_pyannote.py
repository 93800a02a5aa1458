"""What is missing or broken is said with its remedy, at start; without the extra everything else works."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from config.models import Diarization
from transcripts.diarization import pyannote
from transcripts.diarization.voices import DiarizationUnavailable


def test_without_a_model_nothing_is_loaded() -> None:
    """The settings say that voices are not told apart."""
    assert pyannote.load(Diarization(model=None)) is None


def test_a_model_without_the_extra_is_refused_with_both_ways_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra is several gigabytes large, and optional: whoever names a model wants it."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)

    with pytest.raises(DiarizationUnavailable) as refused:
        pyannote.load(Diarization(model="pyannote/speaker-diarization-community-1"))

    assert str(refused.value) == (
        "diarization.model: pyannote/speaker-diarization-community-1 needs pyannote.audio, which is not installed "
        "(pip install '.[diarization]' in Greffier's checkout, or EXTRAS=diarization make image); null leaves the "
        "voices at a shared microphone under one name."
    )


def test_looking_for_the_extra_where_there_is_no_pyannote_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python raises where the parent of a module is missing."""

    def missing(name: str) -> None:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(importlib.util, "find_spec", missing)

    assert not pyannote._installed()


def test_the_extra_is_not_imported_before_a_model_is_loaded() -> None:
    """Importing torch takes seconds and hundreds of megabytes."""
    code = "import sys; from transcripts.diarization import pyannote; sys.exit('torch' in sys.modules)"

    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_a_folder_that_is_not_there_is_told() -> None:
    """Not asked for at the hub, which would take its time to say no."""
    with pytest.raises(
        DiarizationUnavailable, match="there is no folder /nowhere/at/all; put there a pyannote pipeline"
    ):
        pyannote.load(Diarization(model="/nowhere/at/all"))


def test_a_folder_without_a_pipeline_is_told(tmp_path: Path) -> None:
    """Somebody else's folder, or a copy that broke off early."""
    with pytest.raises(DiarizationUnavailable, match=r"has no config\.yaml; put there a pyannote pipeline"):
        pyannote.load(Diarization(model=str(tmp_path)))


def test_libraries_that_do_not_fit_each_other_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A torchaudio of another torch fails at import, in ways of its own."""

    def broken(name: str) -> None:
        raise OSError(f"{name}: undefined symbol")

    monkeypatch.setattr(importlib.util, "find_spec", lambda _: "there")
    monkeypatch.setattr(importlib, "import_module", broken)

    with pytest.raises(DiarizationUnavailable, match=r"cannot be imported .*undefined symbol.*install it anew"):
        pyannote.load(Diarization(model="pyannote/some-pipeline"))
