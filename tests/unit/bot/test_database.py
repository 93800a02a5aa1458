"""The storage folder and its database."""

from __future__ import annotations

import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.database import StorageUnusable, open_engine, prepare


def test_the_folder_and_the_file_are_for_their_owner_alone(tmp_path: Path) -> None:
    """They hold what people said."""
    file = prepare(tmp_path / "deep" / "data")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_preparing_again_keeps_what_is_there(tmp_path: Path) -> None:
    """Every process does it at its start."""
    with closing(sqlite3.connect(prepare(tmp_path))) as connection:
        connection.execute("CREATE TABLE kept (x)")
    with closing(sqlite3.connect(prepare(tmp_path))) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("kept",)]
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


async def test_a_commit_is_on_disk_when_it_returns(tmp_path: Path) -> None:
    """SQLite's own default beside a write-ahead log would not wait for the disk."""
    engine = open_engine(prepare(tmp_path))
    try:
        async with engine.connect() as connection:
            assert (await connection.execute(text("PRAGMA synchronous"))).scalar() == 2
    finally:
        await engine.dispose()


@pytest.mark.parametrize("obstacle", ["file", "not a database"])
def test_a_folder_that_cannot_be_used_is_said_in_one_sentence(tmp_path: Path, obstacle: str) -> None:
    """With the key of the setting, and the cause."""
    folder = tmp_path / "data"
    if obstacle == "file":
        folder.write_text("in the way")
    else:
        folder.mkdir()
        (folder / "greffier.sqlite").write_bytes(b"no database at all" * 1000)
    with pytest.raises(StorageUnusable, match=rf"storage\.folder: {folder} cannot be used \(.+\)"):
        prepare(folder)
