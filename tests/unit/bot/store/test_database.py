"""The storage folder and the SQLite database in it; migrations, and PostgreSQL, are in the integration tests."""

from __future__ import annotations

import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy import text

from bot.store import migrations
from bot.store.database import Database, DatabaseUnusable, StorageUnusable, database_file, prepare_folder
from tests.unit.bot.samples import settings


def test_the_folder_and_the_file_are_for_their_owner_alone(tmp_path: Path) -> None:
    """They hold what people said."""
    folder = tmp_path / "deep" / "data"
    Database.open(settings(folder))
    assert stat.S_IMODE(database_file(folder).stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_opening_again_keeps_what_is_there(tmp_path: Path) -> None:
    """Every process does it at its start; the write-ahead log lets them work side by side."""
    Database.open(settings(tmp_path))
    with closing(sqlite3.connect(database_file(tmp_path))) as connection:
        connection.execute("CREATE TABLE kept (x)")
    Database.open(settings(tmp_path))
    with closing(sqlite3.connect(database_file(tmp_path))) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("kept",)]
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


async def test_a_commit_is_on_disk_when_it_returns(database: Database) -> None:
    """SQLite's own default beside a write-ahead log would not wait for the disk."""
    async with database.engine.connect() as connection:
        assert (await connection.execute(text("PRAGMA synchronous"))).scalar() == 2


async def test_its_connections_are_closed_however_the_block_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command that fails leaves none behind."""
    disposed: list[Database] = []
    dispose = Database.dispose

    async def noted(database: Database) -> None:
        disposed.append(database)
        await dispose(database)

    monkeypatch.setattr(Database, "dispose", noted)
    with pytest.raises(LookupError):
        async with Database.opened(settings(tmp_path)) as database:
            raise LookupError
    assert disposed == [database]


def test_the_file_is_for_the_processes_of_one_machine(tmp_path: Path) -> None:
    """The durable work is in it too."""
    database = Database.open(settings(tmp_path))
    assert not database.is_shared
    assert database.system_url == f"sqlite:///{tmp_path}/greffier.sqlite"
    assert database.name == f"the SQLite file {tmp_path}/greffier.sqlite"


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
        Database.open(settings(folder))


def test_processes_that_start_together_on_a_new_file_do_not_refuse_it(tmp_path: Path) -> None:
    """SQLite waits for nobody while it turns its write-ahead log on: one in some ten such starts used to fail."""
    with ThreadPoolExecutor(4) as pool:
        for attempt in range(60):
            together = Barrier(4)

            def start(folder: Path, together: Barrier = together) -> None:
                together.wait(10)
                Database.open(settings(folder))

            starts = [pool.submit(start, tmp_path / str(attempt)) for _ in range(4)]
            for started in starts:
                started.result(30)


def test_preparing_the_folder_leaves_nothing_in_it(tmp_path: Path) -> None:
    """It is tried with a file that goes at once."""
    prepare_folder(tmp_path / "data")
    assert list((tmp_path / "data").iterdir()) == []


async def test_the_revision_can_be_asked_for_without_changing_anything(tmp_path: Path) -> None:
    """None before the first start."""
    database = Database.open(settings(tmp_path))
    try:
        assert await database.revision() is None
        async with database.engine.connect() as connection:
            assert (await connection.execute(text("SELECT count(*) FROM sqlite_master"))).scalar() == 0
        await database.migrate()
        assert await database.revision() == migrations.newest()
    finally:
        await database.dispose()


async def test_a_database_of_a_newer_version_is_refused_and_left_as_it_is(database: Database) -> None:
    """The operator is told what to do; an older program would damage it."""
    async with database.engine.begin() as connection:
        await connection.execute(text("UPDATE greffier_version SET version_num = '9999'"))
    expected = r"the SQLite file .*greffier\.sqlite was written by a newer Greffier \(revision 9999; this one knows "
    with pytest.raises(DatabaseUnusable, match=expected):
        await database.migrate()
    with pytest.raises(DatabaseUnusable, match=expected):
        await database.revision()
    async with database.engine.connect() as connection:
        assert (await connection.execute(text("SELECT version_num FROM greffier_version"))).scalars().all() == ["9999"]
