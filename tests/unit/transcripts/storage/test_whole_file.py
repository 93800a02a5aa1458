"""A file is replaced as a whole, and what could not be is not left beside it."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from transcripts.storage import whole_file


def test_content_that_the_disk_does_not_take_leaves_the_old_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A half-written transcript would hold words that nobody erases, and room that a full disk does not have."""
    file = tmp_path / "m-1.json"
    whole_file.replace(file, b"before", durably=True)

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "no room")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no room"):
        whole_file.replace(file, b"after", durably=True)

    assert [path.name for path in tmp_path.iterdir()] == ["m-1.json"]
    assert file.read_bytes() == b"before"


def test_half_of_a_file_that_a_killed_process_left_is_in_nobody_s_way(tmp_path: Path) -> None:
    """Whoever writes next writes it whole."""
    (tmp_path / "m-1.json.new").write_bytes(b"half of something much longer")

    whole_file.replace(tmp_path / "m-1.json", b"all", durably=False)

    assert [path.name for path in tmp_path.iterdir()] == ["m-1.json"]
    assert (tmp_path / "m-1.json").read_bytes() == b"all"


def test_erasing_takes_along_what_a_killed_process_left(tmp_path: Path) -> None:
    """Nothing of what it held stays; a second time does nothing more."""
    file = tmp_path / "m-1.json"
    whole_file.replace(file, b"all", durably=False)
    (tmp_path / "m-1.json.new").write_bytes(b"half")

    whole_file.erase(file)
    whole_file.erase(file)

    assert list(tmp_path.iterdir()) == []
