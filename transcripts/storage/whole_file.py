"""A file replaced as a whole: whoever reads it finds the old content or the new one, and never half of it."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def replace(path: Path, content: bytes, *, durably: bool) -> None:
    """Put the content in the place of what the file held; `durably` also waits until the disk has it.

    Raises:
        OSError: the disk does not take it; the file is as it was.
    """
    half_written = _half_written(path)
    try:
        with os.fdopen(os.open(half_written, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)
            if durably:
                file.flush()
                os.fsync(file.fileno())
        half_written.replace(path)
    except OSError:
        with suppress(OSError):  # it takes room on a full disk, and may hold what somebody said
            half_written.unlink()
        raise
    if durably:
        sync_folder(path.parent)


def erase(path: Path) -> None:
    """Remove a file, and what a killed process left of a new one; what is not there is gone already.

    Raises:
        OSError: it could not be removed.
    """
    for file in (_half_written(path), path):
        file.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Wait until the disk has the names of the files in a folder.

    Raises:
        OSError: the disk failed.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _half_written(path: Path) -> Path:
    return path.with_name(path.name + ".new")
