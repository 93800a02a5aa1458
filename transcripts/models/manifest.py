"""What a fetched model consists of: every file with its size and SHA-256, kept beside them and compared with them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pydantic import TypeAdapter, ValidationError

from transcripts.storage import whole_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILE_NAME: Final = "greffier-manifest.json"


@dataclass(frozen=True, slots=True)
class KeptFile:
    """One file of a model."""

    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """A model as it was on the hub; the files by their paths in its folder, with slashes."""

    model: str
    revision: str
    files: Mapping[str, KeptFile]


_FORM: Final = TypeAdapter(Manifest)


def read(folder: Path) -> Manifest | None:
    """The manifest of the model in a folder; None where there is none that can be read."""
    try:
        return _FORM.validate_json((folder / FILE_NAME).read_bytes())
    except (OSError, ValidationError):
        return None


def write(folder: Path, manifest: Manifest) -> None:
    """Put the manifest beside the files; the last thing that happens to a model that was fetched whole.

    Raises:
        OSError: the disk does not take it.
    """
    path = folder / FILE_NAME
    whole_file.replace(path, _FORM.dump_json(manifest, indent=2), durably=True)
    path.chmod(0o644)  # no secret, and others may run what loads the model


def faults(folder: Path, manifest: Manifest) -> Iterator[tuple[str, str]]:
    """The files that are not as they should be, each with what is wrong. It reads all of them."""
    for name, kept in sorted(manifest.files.items()):
        fault = _fault(folder / name, kept)
        if fault is not None:
            yield name, fault


def describe(path: Path) -> KeptFile:
    """What the manifest says of a file that is there.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return KeptFile(path.stat().st_size, sha256)


def _fault(path: Path, kept: KeptFile) -> str | None:
    try:
        size_bytes = path.stat().st_size
        if size_bytes != kept.size_bytes:
            return f"has {size_bytes} bytes of {kept.size_bytes}"
        return None if describe(path) == kept else "is not what was fetched"
    except FileNotFoundError:
        return "is missing"
    except OSError as error:
        return f"cannot be read ({error.strerror})"
