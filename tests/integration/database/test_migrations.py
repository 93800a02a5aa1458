"""From whatever is there to the tables that the code knows: nothing lost, whoever begins, and however many at once."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from dbos import DBOS
from sqlalchemy import Connection, MetaData, inspect, text

from bot.process import presence as processes
from bot.store import migrations, register
from bot.store.database import Database, DatabaseAway, DatabaseUnusable, database_file
from bot.store.register import Register
from bridge.matrix import tables
from bridge.matrix.ids import EventId, RoomId, UserId
from bridge.matrix.inbox import Inbox
from config.models import Settings
from tests.integration.database.first_version import A_COMMAND, A_MEETING, INBOX, MEETINGS, leave_behind
from tests.unit.bot.samples import OPENED_AT, a_meeting, settings

TABLES = MetaData()
"""All our tables as the code knows them."""
for schema in (register.SCHEMA, tables.SCHEMA, processes.SCHEMA):
    for table in schema.tables.values():
        table.to_metadata(TABLES)

STARTS = """
import asyncio, sys
from pathlib import Path
from bot.store.database import Database
from config import models
from tests.unit.bot.samples import settings

async def start(folder, url):
    database = Database.open(settings(Path(folder), database=models.Database(url=url or None)))
    print("ready", flush=True)
    sys.stdin.readline()
    await database.migrate()
    print(await database.revision(), flush=True)
    await database.dispose()

asyncio.run(start(*sys.argv[1:]))
"""


async def tables_of(database: Database) -> set[str]:
    """The tables that are there, and not hidden away in a schema of their own."""
    async with database.engine.connect() as connection:
        return set(await connection.run_sync(lambda sync: inspect(sync).get_table_names()))


async def differences(database: Database, *, but_for: frozenset[str] = frozenset()) -> list[Any]:
    """What would have to be changed in the database to have it as the code knows it."""

    def compare(connection: Connection) -> list[Any]:
        options = {
            "version_table": migrations.VERSION_TABLE,
            "include_name": lambda name, kind, _parents: kind != "table" or name not in but_for,
        }
        found: list[Any] = compare_metadata(MigrationContext.configure(connection, opts=options), TABLES)
        return found

    async with database.engine.connect() as connection:
        return await connection.run_sync(compare)


async def test_an_empty_database_gets_the_tables_that_the_code_knows(database: Database) -> None:
    """No more, no less; a table or a column that is added to the code needs a revision."""
    assert await differences(database) == []
    assert await tables_of(database) == {*TABLES.tables, "greffier_version"}
    assert await database.revision() == migrations.newest()


async def test_a_difference_would_be_seen(database: Database) -> None:
    """So that the test before this one says something."""
    async with database.engine.begin() as connection:
        await connection.execute(text("DROP INDEX one_open_meeting_a_room"))
        await connection.execute(text("ALTER TABLE meetings DROP COLUMN undelivered"))
    assert len(await differences(database)) == 2


async def test_a_second_start_changes_nothing(database: Database, another_database: Database) -> None:
    """Every process brings the tables up to date when it starts."""
    opened = await Register(database.engine).open(
        RoomId("!room:tchap.test"),
        EventId("$1"),
        opened_by=UserId("@camille:tchap.test"),
        title="Point budget",
        language="fr",
        transcribed=True,
    )
    await another_database.migrate()
    await database.migrate()
    assert await Register(another_database.engine).get(opened.id) == opened
    assert await differences(database) == []


@pytest.mark.parametrize("whole", [True, False])
async def test_what_the_first_version_left_is_taken_over(tmp_path: Path, whole: bool) -> None:
    """Its open meeting and its commands are there; also where it was killed before it had made all its tables."""
    leave_behind(database_file(tmp_path), MEETINGS, A_MEETING, *((INBOX, A_COMMAND) if whole else ()))
    async with Database.opened(settings(tmp_path)) as database:
        await database.migrate()
        assert await differences(database) == []
        register = Register(database.engine)
        room, user = RoomId("!room:tchap.test"), UserId("@greffier:tchap.test")
        assert await register.open_in(room) == a_meeting(card_id=EventId("$card"), opened_at=OPENED_AT)
        assert await register.language_of(room) == "en"
        heard = Inbox(database.engine, user)
        assert await heard.next_batch() == ("s1" if whole else None)
        assert await heard.rooms_waiting() == ({room} if whole else set())


async def test_processes_that_start_together_migrate_once(database_settings: Settings) -> None:
    """They wait for each other, and all find the tables that they need."""
    folder, url = database_settings.storage.folder, database_settings.database.url
    argv = [sys.executable, "-c", STARTS, str(folder), url.get_secret_value() if url else ""]
    pipes: dict[str, Any] = {"stdin": asyncio.subprocess.PIPE, "stdout": asyncio.subprocess.PIPE}
    started = await asyncio.gather(*(asyncio.create_subprocess_exec(*argv, **pipes) for _ in range(3)))
    for process in started:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
    said = [out.decode() for out, _ in await asyncio.gather(*(process.communicate(b"go\n") for process in started))]
    assert [out.splitlines()[-1] for out in said] == [migrations.newest()] * 3
    assert sum("database migrated" in out for out in said) == 1
    async with Database.opened(database_settings) as database:
        assert await differences(database) == []
        async with database.engine.connect() as connection:
            versions = await connection.execute(text("SELECT version_num FROM greffier_version"))
            assert versions.scalars().all() == [migrations.newest()]


async def test_a_migration_that_fails_leaves_nothing_half_done(
    database_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is one transaction, on SQLite too; the next start begins where this one did."""

    def fail(connection: Connection) -> None:
        upgrade(connection)
        connection.execute(text("SELECT * FROM nowhere"))

    upgrade = migrations.upgrade
    async with Database.opened(database_settings) as database:
        monkeypatch.setattr(migrations, "upgrade", fail)
        with pytest.raises(Exception, match="nowhere"):
            await database.migrate()
        assert await tables_of(database) == set()
        monkeypatch.undo()
        await database.migrate()
        assert await differences(database) == []


async def test_a_database_that_is_locked_for_long_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody has the file open and writes: starting again later may do."""
    monkeypatch.setattr("bot.store.database.BUSY_TIMEOUT_S", 0.2)
    async with Database.opened(settings(tmp_path)) as database, Database.opened(settings(tmp_path)) as other:
        async with other.engine.connect() as connection:
            await connection.exec_driver_sql("BEGIN IMMEDIATE")
            with pytest.raises(DatabaseAway, match=r"the SQLite file .* cannot be used: database is locked"):
                await database.migrate()
        await database.migrate()


async def test_the_durable_work_and_our_tables_leave_each_other_alone(database_settings: Settings) -> None:
    """They are in one database, and each looks after its own, whichever comes first."""
    async with Database.opened(database_settings) as database:
        await asyncio.to_thread(DBOS.migrate, database.system_url)
        theirs = frozenset(await tables_of(database))
        await database.migrate()
        assert await tables_of(database) == {*theirs, *TABLES.tables, "greffier_version"}
        assert await differences(database, but_for=theirs) == []
        await asyncio.to_thread(DBOS.migrate, database.system_url)
        assert await differences(database, but_for=theirs) == []
        async with database.engine.connect() as connection:
            work = "dbos.workflow_status" if database.is_shared else "workflow_status"
            assert (await connection.execute(text(f"SELECT count(*) FROM {work}"))).scalar() == 0  # noqa: S608


async def test_a_database_of_a_newer_version_is_refused(database: Database) -> None:
    """And left as it is."""
    async with database.engine.begin() as connection:
        await connection.execute(text("UPDATE greffier_version SET version_num = '9999'"))
    with pytest.raises(DatabaseUnusable, match=r"was written by a newer Greffier \(revision 9999; this one knows"):
        await database.migrate()


def test_there_is_no_way_back() -> None:
    """A revision that could be undone would promise that what the newer version wrote is kept."""
    revisions = list(ScriptDirectory(str(Path(migrations.__file__).parent)).walk_revisions())
    assert [revision.revision for revision in revisions] == ["0005", "0004", "0003", "0002", "0001"]
    assert not any(hasattr(revision.module, "downgrade") for revision in revisions)
