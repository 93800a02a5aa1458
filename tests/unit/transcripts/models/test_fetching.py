"""A model is fetched whole or not at all, and fetching goes on where it was cut short."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest
import pytest_asyncio

from tests.fakes.hub import REVISION, FakeHub
from transcripts.models import manifest
from transcripts.models.fetching import CannotKeep, HubAway, NoSuchModel, fetch
from transcripts.models.manifest import Manifest

MODEL = "owner/tiny"
FILES = {"config.json": b"{}", "model.bin": bytes(range(256)) * 400, "part/more.bin": b"more" * 100, "README.md": b"#"}


@pytest_asyncio.fixture
async def hub() -> AsyncIterator[FakeHub]:
    """It has one small model."""
    async with FakeHub({MODEL: dict(FILES)}) as hub:
        yield hub


async def fetched(hub: FakeHub, folder: Path, model: str = MODEL, **more: str) -> Manifest:
    """Fetch from this hub; the client blocks."""
    ask = partial(fetch, model, folder, wanted=("*.json", "*.bin"), endpoint=hub.url, **more)  # type: ignore[arg-type]
    return await asyncio.to_thread(ask)


async def test_a_model_comes_with_all_its_files_and_their_list(hub: FakeHub, tmp_path: Path) -> None:
    """Those that are wanted, and nothing else."""
    listed = await fetched(hub, tmp_path / "tiny")

    assert listed == manifest.read(tmp_path / "tiny")
    assert (listed.model, listed.revision) == (MODEL, REVISION)
    assert sorted(listed.files) == ["config.json", "model.bin", "part/more.bin"]
    assert all((tmp_path / "tiny" / name).read_bytes() == FILES[name] for name in listed.files)
    assert not (tmp_path / "tiny" / "README.md").exists()
    assert list(manifest.faults(tmp_path / "tiny", listed)) == []


async def test_what_is_there_is_not_fetched_again(hub: FakeHub, tmp_path: Path) -> None:
    """The second time only looks."""
    await fetched(hub, tmp_path / "tiny")
    hub.served.clear()

    await fetched(hub, tmp_path / "tiny")

    assert hub.served == []


@pytest.mark.parametrize("damaged", [b"", b"{]", None])
async def test_a_damaged_file_is_fetched_again_and_only_that(
    hub: FakeHub, tmp_path: Path, damaged: bytes | None
) -> None:
    """Emptied, changed without another size, or gone."""
    await fetched(hub, tmp_path / "tiny")
    hub.served.clear()
    config = tmp_path / "tiny" / "config.json"
    if damaged is None:
        config.unlink()
    else:
        config.write_bytes(damaged)

    await fetched(hub, tmp_path / "tiny")

    assert hub.served == [("config.json", 0)]
    assert config.read_bytes() == FILES["config.json"]


async def test_fetching_goes_on_with_the_files_that_are_missing(hub: FakeHub, tmp_path: Path) -> None:
    """And until it has all of them, there is no list that says it had."""
    hub.away_for.add("part/more.bin")
    with pytest.raises(HubAway, match="it goes on where it was"):
        await fetched(hub, tmp_path / "tiny")
    assert manifest.read(tmp_path / "tiny") is None
    hub.away_for.clear()
    hub.served.clear()

    await fetched(hub, tmp_path / "tiny")

    assert hub.served == [("part/more.bin", 0)]


async def test_a_file_goes_on_where_it_broke_off(hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model is a large file, of which the client writes 10 MB at a time."""
    monkeypatch.setattr("huggingface_hub.constants.DOWNLOAD_CHUNK_SIZE", 10_000)
    hub.breaks_off_at["model.bin"] = 60_000

    listed = await fetched(hub, tmp_path / "tiny")

    assert [first for name, first in hub.served if name == "model.bin"] == [0, 60_000]
    assert list(manifest.faults(tmp_path / "tiny", listed)) == []


async def test_contents_that_the_hub_did_not_announce_are_not_kept_as_the_model(hub: FakeHub, tmp_path: Path) -> None:
    """Whatever altered them on the way."""
    hub.wrong.add("model.bin")
    with pytest.raises(HubAway, match=r"model\.bin came with other contents"):
        await fetched(hub, tmp_path / "tiny")
    assert manifest.read(tmp_path / "tiny") is None


async def test_a_model_that_there_is_not_is_told(hub: FakeHub, tmp_path: Path) -> None:
    """By its name."""
    with pytest.raises(NoSuchModel, match="the hub has no model owner/huge"):
        await fetched(hub, tmp_path / "huge", "owner/huge")
    assert not (tmp_path / "huge").exists()


async def test_a_model_behind_a_form_is_told_with_what_it_takes(hub: FakeHub, tmp_path: Path) -> None:
    """The token comes after the form."""
    hub.gated.add(MODEL)
    with pytest.raises(NoSuchModel, match=r"behind a form: accept its conditions .* \(diarization\.hub_token"):
        await fetched(hub, tmp_path / "tiny")


async def test_a_repository_without_such_files_is_no_model(hub: FakeHub, tmp_path: Path) -> None:
    """It is something else."""
    hub.models["owner/text"] = {"README.md": b"#"}
    with pytest.raises(NoSuchModel, match="has none of the files"):
        await fetched(hub, tmp_path / "text", "owner/text")


async def test_a_hub_that_is_not_there_is_told_as_one(tmp_path: Path) -> None:
    """With what to look at."""
    with pytest.raises(HubAway, match="Check the network and HF_ENDPOINT"):
        await fetched(FakeHub(url="http://127.0.0.1:9"), tmp_path / "tiny")


async def test_a_folder_that_takes_nothing_is_told(hub: FakeHub, tmp_path: Path) -> None:
    """A file is in its place."""
    (tmp_path / "tiny").write_bytes(b"")
    with pytest.raises(CannotKeep, match="tiny cannot be written"):
        await fetched(hub, tmp_path / "tiny")


async def test_a_file_outside_the_folder_is_not_fetched(hub: FakeHub, tmp_path: Path) -> None:
    """Whatever a hub lists."""
    hub.models[MODEL]["../outside.bin"] = b"outside"
    listed = await fetched(hub, tmp_path / "tiny")
    assert "../outside.bin" not in listed.files
    assert not (tmp_path / "outside.bin").exists()
