"""The one database that our own tables and the durable workflows are in: an SQLite file, or PostgreSQL."""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import URL, event
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from bot.store import migrations, postgresql
from config.models import Settings

log = structlog.get_logger()

BUSY_TIMEOUT_S = 30
BUSY_TRIED_EVERY_S = 0.05
AWAY_FOR_S = 30.0
"""How long a start waits for a server that does not answer."""
REFUSALS = 3
"""A server that is just starting may refuse once more what it then takes; this often in a row, it means it."""
TRIED_EVERY_S = 1.0
_ONE_AT_A_TIME = {"sqlite": "BEGIN IMMEDIATE", "postgresql": "SELECT pg_advisory_xact_lock(4734066365472)"}
"""What makes others who would change the tables wait until the transaction ends; the number is any that is ours."""


class StorageUnusable(Exception):
    """The storage folder cannot be written; the message says which and why."""


class DatabaseUnusable(Exception):
    """The database cannot be used until an operator mends something; the message says what, and no password."""


class DatabaseAway(Exception):
    """The database does not answer now; starting again later may do."""


def prepare_folder(folder: Path) -> None:
    """Make the storage folder, for its owner alone.

    Raises:
        StorageUnusable: It cannot be made or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise StorageUnusable(f"storage.folder: {folder} cannot be used ({error})") from error


def database_file(folder: Path) -> Path:
    """Where the SQLite database is, in the storage folder."""
    return folder / "greffier.sqlite"


def _prepare_file(file: Path) -> None:
    """Make the SQLite file. Its write-ahead log lets processes read while one writes; the file remembers that."""
    try:
        with closing(sqlite3.connect(file, timeout=BUSY_TIMEOUT_S)) as connection:
            _log_ahead(connection)
        file.chmod(0o600)
    except (OSError, sqlite3.Error) as error:
        raise StorageUnusable(f"storage.folder: {file.parent} cannot be used ({error})") from error


def _log_ahead(connection: sqlite3.Connection) -> None:
    """Turn the write-ahead log on: SQLite does not wait here for others who do the same to a new file, but fails."""
    give_up_at_s = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > give_up_at_s:
                raise
            time.sleep(BUSY_TRIED_EVERY_S)
        else:
            return


class Database:
    """The database of one process, opened once. A commit is on disk when it returns: what is acknowledged is stored."""

    def __init__(self, url: URL, name: str) -> None:
        self.name = name
        """Which one it is, as it may be shown to anybody."""
        self.is_shared = url.get_backend_name() == "postgresql"
        """Whether processes on other machines can use it too."""
        self.engine = _engine(url)
        self._url = url

    @staticmethod
    def open(settings: Settings) -> Database:
        """The database that the settings name; the storage folder is there then, and nothing has been connected to.

        Raises:
            StorageUnusable: The storage folder cannot be made or written, or its file is not a database.
        """
        prepare_folder(settings.storage.folder)
        if settings.database.url is not None:
            url = postgresql.engine_url(settings.database.url.get_secret_value())
            return Database(url, postgresql.shown(url))
        file = database_file(settings.storage.folder)
        _prepare_file(file)
        return Database(URL.create("sqlite+aiosqlite", database=str(file)), f"the SQLite file {file}")

    @staticmethod
    @asynccontextmanager
    async def opened(settings: Settings) -> AsyncIterator[Database]:
        """The same for as long as the block runs; its connections are closed then."""
        database = Database.open(settings)
        try:
            yield database
        finally:
            await database.dispose()

    @property
    def system_url(self) -> str:
        """The address for the durable workflows, password included."""
        driver = "postgresql+psycopg" if self.is_shared else "sqlite"
        return self._url.set(drivername=driver).render_as_string(hide_password=False)

    async def migrate(self) -> None:
        """Bring our tables to what this version works with. Any number of processes may do so at once.

        Raises:
            DatabaseUnusable: It refuses us, is unfit, or was written by a newer version.
            DatabaseAway: It did not answer for `AWAY_FOR_S`, or broke off.
        """
        await self._reach(patience_s=AWAY_FOR_S)
        try:
            async with self.engine.begin() as connection:
                await self._make_sure_it_is_fit(connection)
                await connection.exec_driver_sql(_ONE_AT_A_TIME[self._url.get_backend_name()])
                before = await self._revision(connection)
                await connection.run_sync(migrations.upgrade)
                after = await self._revision(connection)
        except DBAPIError as error:
            raise self._translated(error) from None
        if before != after:
            log.info("database migrated", database=self.name, before=before, after=after)

    async def revision(self) -> str | None:
        """Which revision our tables are at; None when this version's are not there yet. Changes and awaits nothing.

        Raises:
            DatabaseUnusable: As above.
            DatabaseAway: It does not answer.
        """
        await self._reach(patience_s=0)
        try:
            async with self.engine.connect() as connection:
                await self._make_sure_it_is_fit(connection)
                return await self._revision(connection)
        except DBAPIError as error:
            raise self._translated(error) from None

    async def dispose(self) -> None:
        """Close its connections."""
        await self.engine.dispose()

    async def _reach(self, *, patience_s: float) -> None:
        """Wait until a server takes us, or until it is clear that it does not."""
        clock = asyncio.get_running_loop().time
        deadline = clock() + patience_s
        refusals = 0
        while self.is_shared:
            try:
                async with self.engine.connect():
                    return
            except DBAPIError as error:
                said = f"{self.name} cannot be used: {postgresql.in_one_line(error, self._url)}"
                away = await postgresql.is_away(self._url, error)
                refusals = 0 if away else refusals + 1
                if refusals == REFUSALS or (refusals and not patience_s):
                    raise DatabaseUnusable(f"{said} (see database.url)") from None
                if clock() >= deadline:
                    raise DatabaseAway(said) from None
                log.warning("database does not take us yet", database=self.name)
                await asyncio.sleep(TRIED_EVERY_S)

    async def _make_sure_it_is_fit(self, connection: AsyncConnection) -> None:
        problem = await connection.run_sync(postgresql.unfit) if self.is_shared else None
        if problem is not None:
            raise DatabaseUnusable(f"{self.name} cannot be used: {problem}")

    async def _revision(self, connection: AsyncConnection) -> str | None:
        try:
            return await connection.run_sync(migrations.revision)
        except migrations.WrittenByNewer as error:
            raise DatabaseUnusable(
                f"{self.name} was written by a newer Greffier (revision {error}; this one knows "
                f"{migrations.newest()}): start that version, or restore the backup made before it"
            ) from None

    def _translated(self, error: DBAPIError) -> Exception:
        said = f"{self.name} cannot be used: {postgresql.in_one_line(error, self._url)}"
        if postgresql.is_about_rights(error):
            return DatabaseUnusable(f"{said} (make the user of database.url the owner of the database)")
        return DatabaseAway(said) if isinstance(error, OperationalError) else error


def _engine(url: URL) -> AsyncEngine:
    if url.get_backend_name() == "postgresql":
        return create_async_engine(url, pool_pre_ping=True, hide_parameters=True)
    engine = create_async_engine(url, connect_args={"timeout": BUSY_TIMEOUT_S}, hide_parameters=True)

    @event.listens_for(engine.sync_engine, "connect")
    def _durable(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA synchronous=FULL")

    return engine
