"""`greffier models`: what is fetched and what is said of it, with a hub of the test's own and the real speech model."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.running.models_commands import fetch_models, verify_models
from config.models import Diarization, Settings, Speech
from tests.fakes.hub import FakeHub
from tests.stack.speech_model import speech_model
from tests.unit.config.config_text import loaded
from transcripts.models import manifest
from transcripts.models.fetching import CannotKeep, NoSuchModel
from transcripts.models.manifest import Manifest

SPEECH = "owner/whisper-tiny"
VOICES = "owner/voices"


@pytest_asyncio.fixture
async def hub() -> AsyncIterator[FakeHub]:
    """It has two models, of which nobody can load anything."""
    files = {"config.json": b"{}", "model.bin": b"weights", "tokenizer.json": b"{}", "README.md": b"#"}
    async with FakeHub({SPEECH: files, VOICES: {"config.yaml": b"", "plda/plda.npz": b"plda"}}) as hub:
        yield hub


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """They name the hub's speech model, and none for voices."""
    return loaded(tmp_path).model_copy(
        update={"speech": Speech(model=SPEECH, device="cpu", threads=1), "diarization": Diarization(model=None)}
    )


async def test_what_was_fetched_is_said_as_it_has_to_be_configured(
    hub: FakeHub, settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the folder's whole path, and what to do next."""
    to = tmp_path / "models"

    assert await asyncio.to_thread(fetch_models, settings, to, endpoint=hub.url) == 0

    said = capsys.readouterr().out
    assert f"speech:\n  model: {to}/whisper-tiny\n" in said
    assert f"greffier models verify --to {to}" in said
    assert "fetching owner/whisper-tiny: model.bin (0.0 MB)" in said
    assert sorted(path.name for path in (to / "whisper-tiny").iterdir() if not path.name.startswith(".")) == [
        "config.json",
        manifest.FILE_NAME,
        "model.bin",
        "tokenizer.json",
    ]


async def test_the_model_of_voices_comes_along(
    hub: FakeHub, settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also where what it needs is not installed: it is fetched for another machine."""
    both = settings.model_copy(update={"diarization": Diarization(model=VOICES)})
    await asyncio.to_thread(fetch_models, both, tmp_path / "models", endpoint=hub.url)
    assert (tmp_path / "models" / "voices" / "plda" / "plda.npz").read_bytes() == b"plda"
    assert f"diarization:\n  model: {tmp_path}/models/voices\n" in capsys.readouterr().out


async def test_where_a_server_recognises_speech_no_model_is_fetched(
    hub: FakeHub, settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """There is nothing to configure either."""
    elsewhere = Speech.model_validate({"model": "whisper-1", "endpoint": "https://speech.tchap.test/v1"})
    settings = settings.model_copy(update={"speech": elsewhere})
    assert await asyncio.to_thread(fetch_models, settings, tmp_path / "models", endpoint=hub.url) == 0
    assert (
        capsys.readouterr().out == "speech.endpoint is set: speech is recognised there, and no model is needed here\n"
    )
    assert hub.served == []


def test_a_folder_that_is_configured_is_not_fetched(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is there; no hub is asked."""
    here = settings.model_copy(update={"speech": Speech(model=str(tmp_path))})
    assert fetch_models(here, tmp_path / "models", endpoint="http://127.0.0.1:9") == 0
    assert "nothing to fetch" in capsys.readouterr().out


def kept_in(folder: Path, settings: Settings) -> Settings:
    """The settings that name this folder, whose files are now as fetched."""
    files = {path.name: manifest.describe(path) for path in folder.iterdir() if path.name != manifest.FILE_NAME}
    manifest.write(folder, Manifest("owner/whisper-base", "c0ffee", files))
    return settings.model_copy(update={"speech": Speech(model=str(folder), device="cpu", threads=1)})


@pytest.fixture
def kept(tmp_path: Path, settings: Settings) -> tuple[Settings, Path]:
    """A model that is whole and means nothing, and settings that name its folder."""
    folder = tmp_path / "models" / "whisper-base"
    folder.mkdir(parents=True)
    for name in ("config.json", "tokenizer.json", "model.bin"):
        (folder / name).write_text(f"this is {name}")
    return kept_in(folder, settings), folder


def test_a_whole_model_is_loaded(tmp_path: Path, settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    """The real one; and that is all there is to say."""
    folder = tmp_path / "models" / "whisper-base"
    folder.mkdir(parents=True)
    for file in speech_model().iterdir():
        (folder / file.name).symlink_to(file)

    assert verify_models(kept_in(folder, settings), folder.parent) == 0
    assert f"ok      speech.model: {folder} is whole, and loads" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        pytest.param(lambda folder: (folder / "model.bin").write_bytes(b"half"), "model.bin has 4 bytes of", id="half"),
        pytest.param(lambda folder: (folder / "tokenizer.json").unlink(), "tokenizer.json is missing", id="missing"),
        pytest.param(
            lambda folder: _with_other_contents(folder / "config.json"), "config.json is not what", id="altered"
        ),
        pytest.param(
            lambda folder: (folder / manifest.FILE_NAME).unlink(), "no model that was fetched whole", id="cut"
        ),
        pytest.param(lambda folder: (folder / manifest.FILE_NAME).write_text("{"), "fetched whole", id="no manifest"),
        pytest.param(shutil.rmtree, "no model that was fetched whole", id="no folder"),
    ],
)
def test_a_model_that_is_not_whole_is_told_file_by_file(
    kept: tuple[Settings, Path], damage: object, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With what mends it."""
    settings, folder = kept
    assert callable(damage)
    damage(folder)

    assert verify_models(settings, folder.parent) == 1

    said = capsys.readouterr().out
    assert said.startswith("FAILED  speech.model: ")
    assert told in said
    assert f"run greffier models fetch --to {folder.parent} where the hub is reached" in said


def test_a_whole_model_that_does_not_load_is_told(
    kept: tuple[Settings, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """It may be whole and no Whisper model."""
    settings, folder = kept
    assert verify_models(settings, folder.parent) == 1
    assert "cannot be loaded on cpu" in capsys.readouterr().out


async def test_a_path_that_is_none_is_not_blamed_on_the_network(
    hub: FakeHub, settings: Settings, tmp_path: Path
) -> None:
    """The configuration of the closed network names folders: those are not what the hub is asked for."""
    settings = settings.model_copy(update={"speech": Speech(model="/srv/models/whisper-small")})
    with pytest.raises(NoSuchModel, match=r"/srv/models/whisper-small is no folder here, and no model's id on the hub"):
        await asyncio.to_thread(fetch_models, settings, tmp_path / "models", endpoint=hub.url)


async def test_a_folder_that_cannot_be_made_is_told_before_anything_is_fetched(
    settings: Settings, tmp_path: Path
) -> None:
    """Gigabytes later would be late."""
    (tmp_path / "models").write_text("in the way")
    with pytest.raises(CannotKeep, match="models cannot be made"):
        await asyncio.to_thread(fetch_models, settings, tmp_path / "models", endpoint="http://127.0.0.1:9")


def test_a_folder_beside_the_configuration_needs_no_fetching(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its name alone is a path too."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "whisper").mkdir()
    assert fetch_models(settings.model_copy(update={"speech": Speech(model="whisper")}), tmp_path / "models") == 0
    assert "speech.model is the folder whisper already: nothing to fetch" in capsys.readouterr().out


def test_a_whole_folder_that_is_no_model_of_voices_is_told(
    kept: tuple[Settings, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """Each model is loaded by what will use it."""
    settings, folder = kept
    voices = Diarization(model=f"owner/{folder.name}")
    elsewhere = Speech.model_validate({"model": "whisper-1", "endpoint": "https://speech.tchap.test/v1"})
    settings = settings.model_copy(update={"speech": elsewhere, "diarization": voices})

    assert verify_models(settings, folder.parent) == 1
    assert f"FAILED  diarization.model: the folder {folder} has no config.yaml" in capsys.readouterr().out


def test_the_list_of_files_is_read_by_anybody(kept: tuple[Settings, Path]) -> None:
    """It is what a signature or a checksum tool may be held against."""
    _, folder = kept
    listed = json.loads((folder / manifest.FILE_NAME).read_text())
    assert listed["model"] == "owner/whisper-base"
    assert listed["files"]["model.bin"]["size_bytes"] == (folder / "model.bin").stat().st_size
    assert len(listed["files"]["model.bin"]["sha256"]) == 64
    assert (folder / manifest.FILE_NAME).stat().st_mode & 0o777 == 0o644


def _with_other_contents(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))
