"""Fetching: a model from the hub into a folder, file by file, going on where it was cut short."""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from huggingface_hub import HfApi, hf_hub_download
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
)
from huggingface_hub.hf_api import RepoFile

from transcripts.models import manifest
from transcripts.models.manifest import Manifest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

ALL_FILES: Final = ("*",)


class NotFetched(Exception):
    """A model could not be fetched; the message says what to do."""


class NoSuchModel(NotFetched):
    """The hub has no such model, or does not show it to us."""


class CannotKeep(NotFetched):
    """The folder does not take the files."""


class HubAway(NotFetched):
    """The hub did not answer, or broke off; what was fetched so far is kept."""


def fetch(
    model: str,
    folder: Path,
    *,
    wanted: Sequence[str] = ALL_FILES,
    token: str | None = None,
    endpoint: str | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Manifest:
    """Bring the folder to what the hub has now; files that are there and sound are left as they are.

    Args:
        model: the model's id on the hub, `owner/name`.
        folder: where its files go; made if it is not there.
        wanted: patterns of the files that are needed.
        token: what the hub wants to see of a model behind a form.
        endpoint: the hub's address, where it is not the usual one (`HF_ENDPOINT`).
        say: told before each file that is fetched, as this takes its time.

    Raises:
        NotFetched: one of its kinds; going on later fetches only what is still missing.
    """
    try:
        return _fetch(model, folder, wanted, token, endpoint, say)
    except NotFetched:
        raise
    except HFValidationError as error:
        raise NoSuchModel(
            f"{model} is no folder here, and no model's id on the hub: to fetch a model, name it by its id (owner/name)"
        ) from error
    except GatedRepoError as error:
        raise NoSuchModel(
            f"{model} is behind a form: accept its conditions on the hub, and give a token of that account "
            "(diarization.hub_token, or HF_TOKEN in the environment)"
        ) from error
    except RepositoryNotFoundError as error:
        raise NoSuchModel(f"the hub has no model {model} that is shown to everybody; check the name") from error
    except (HfHubHTTPError, LocalEntryNotFoundError, ConnectionError) as error:
        raise HubAway(_away(model, error)) from error
    except OSError as error:
        if error.errno is not None:
            raise CannotKeep(f"{folder} cannot be written ({error.strerror})") from error
        raise HubAway(_away(model, error)) from error  # of another size than it should have, says the hub's client
    except Exception as error:  # the HTTP client below has its own, and changes
        raise HubAway(_away(model, error)) from error


def _fetch(
    model: str,
    folder: Path,
    wanted: Sequence[str],
    token: str | None,
    endpoint: str | None,
    say: Callable[[str], None],
) -> Manifest:
    hub = HfApi(endpoint=endpoint, token=token)
    revision = hub.model_info(model).sha or "main"
    entries = hub.list_repo_tree(model, recursive=True, revision=revision)
    listed = {entry.path: entry for entry in entries if isinstance(entry, RepoFile)}
    names = [name for name in sorted(listed) if _is_wanted(name, wanted)]
    if not names:
        raise NoSuchModel(f"{model} is on the hub, and has none of the files {', '.join(wanted)}")
    folder.mkdir(parents=True, exist_ok=True)
    known = manifest.read(folder)
    files = {}
    for name in names:
        path = folder / name
        file = listed[name]
        sha256 = file.lfs.sha256 if file.lfs is not None else None
        if known is not None and known.revision == revision and name in known.files and path.is_file():
            sha256 = known.files[name].sha256
        if path.is_file() and (path.stat().st_size != file.size or not _is(path, sha256)):
            path.unlink()  # the hub's client would believe its own notes, and leave it as it is
        if not path.is_file():
            say(f"fetching {model}: {name} ({_size(file.size)})")
            hf_hub_download(model, name, revision=revision, local_dir=folder, token=token, endpoint=endpoint)
        files[name] = manifest.describe(path)
        if sha256 is not None and files[name].sha256 != sha256:
            raise HubAway(f"{model}: {name} came with other contents than the hub says; fetch it again")
    fetched = Manifest(model, revision, files)
    manifest.write(folder, fetched)
    return fetched


def _is_wanted(name: str, wanted: Sequence[str]) -> bool:
    path = PurePosixPath(name)
    outside = path.is_absolute() or ".." in path.parts
    hidden = any(part.startswith(".") for part in path.parts)
    return not outside and not hidden and any(fnmatch(name, pattern) for pattern in wanted)


def _is(path: Path, sha256: str | None) -> bool:
    return sha256 is None or manifest.describe(path).sha256 == sha256


def _away(model: str, error: Exception) -> str:
    what = " ".join(str(error).split())[:200] or type(error).__name__
    return (
        f"{model} could not be fetched: the hub is not reached, or broke off ({what}). Check the network and "
        "HF_ENDPOINT, and run the command again: it goes on where it was"
    )


def _size(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:.1f} MB"
