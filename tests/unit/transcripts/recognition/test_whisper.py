"""A model that cannot be used is told in one sentence that says what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.models import Speech
from transcripts.recognition.recogniser import ModelUnavailable
from transcripts.recognition.whisper import load


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        pytest.param(None, "there is no folder", id="no folder"),
        pytest.param([], "has no model.bin, config.json, tokenizer.json", id="an empty folder"),
        pytest.param(["model.bin", "config.json"], "has no tokenizer.json", id="a file is missing"),
        pytest.param(["model.bin", "config.json", "tokenizer.json"], "cannot be loaded on cpu", id="broken files"),
    ],
)
def test_a_folder_that_holds_no_model_is_told(tmp_path: Path, files: list[str] | None, expected: str) -> None:
    """Which setting, what is wrong with it, and what to do."""
    folder = tmp_path / "model"
    if files is not None:
        folder.mkdir()
        for name in files:
            (folder / name).write_bytes(b"junk")

    with pytest.raises(ModelUnavailable) as refusal:
        load(Speech(model=str(folder), device="cpu"))

    told = str(refusal.value)
    assert told.startswith(f"speech.model: {'the folder ' if files is not None and len(files) < 3 else ''}")
    assert expected in told
    assert "large-v3-turbo" in told
    assert "\n" not in told


@pytest.mark.parametrize("path", ["./nowhere", "~/nowhere", "models/whisper/nowhere", "/nowhere"])
def test_what_looks_like_a_path_is_not_asked_of_the_hub(path: str) -> None:
    """A mistyped path would otherwise end in a message about a network."""
    with pytest.raises(ModelUnavailable, match="there is no folder"):
        load(Speech(model=path, device="cpu"))


def test_a_home_folder_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it is written in a shell; the empty folder is then told as one."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "model").mkdir()

    with pytest.raises(ModelUnavailable, match=r"the folder ~/model has no model\.bin"):
        load(Speech(model="~/model", device="cpu"))


def test_a_name_that_no_model_has_is_told() -> None:
    """Without asking the hub."""
    with pytest.raises(
        ModelUnavailable, match=r"speech\.model: grand-modele is no model that is known by name.*, small,"
    ):
        load(Speech(model="grand-modele", device="cpu"))
