"""The one SQLite file of this machine, for our own tables and for the durable workflows beside them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import MetaData, event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bot import processes, register
from config.models import Settings

BUSY_TIMEOUT_S = 30


class StorageUnusable(Exception):
    """The storage folder cannot be written; the message says which and why."""


def database_file(folder: Path) -> Path:
    """Where the database is, in the storage folder."""
    return folder / "greffier.sqlite"


def prepare(folder: Path) -> Path:
    """Make the storage folder and its database, once, before anything opens it.

    The write-ahead log lets three processes read while one writes; SQLite remembers it in the file.

    Raises:
        StorageUnusable: The folder cannot be made or written, or the file is not a database.
    """
    file = database_file(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with closing(sqlite3.connect(file, timeout=BUSY_TIMEOUT_S)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
        file.chmod(0o600)
    except (OSError, sqlite3.Error) as error:
        raise StorageUnusable(f"storage.folder: {folder} cannot be used ({error})") from error
    return file


def open_engine(file: Path) -> AsyncEngine:
    """The engine for our own tables. A commit is on disk when it returns: what is acknowledged is stored."""
    engine = create_async_engine(f"sqlite+aiosqlite:///{file}", connect_args={"timeout": BUSY_TIMEOUT_S})

    @event.listens_for(engine.sync_engine, "connect")
    def _durable(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA synchronous=FULL")

    return engine


async def create_tables(engine: AsyncEngine, *schemas: MetaData) -> None:
    """Create the tables of `schemas` that are not there yet."""
    async with engine.begin() as connection:
        for schema in schemas:
            await connection.run_sync(schema.create_all)


@dataclass(frozen=True)
class Database:
    """Our own tables and the durable workflows, opened once a process."""

    engine: AsyncEngine
    system_url: str
    """For the durable workflows."""
    is_shared: bool = False
    """Whether several machines may use it."""

    @staticmethod
    def open(settings: Settings) -> Database:
        """Open the database that the settings name; raises `StorageUnusable`."""
        file = prepare(settings.storage.folder)
        return Database(open_engine(file), f"sqlite:///{file}")

    async def migrate(self) -> None:
        """Bring the tables to what this version expects."""
        await create_tables(self.engine, register.SCHEMA, processes.SCHEMA)

    async def dispose(self) -> None:
        """Close its connections."""
        await self.engine.dispose()
