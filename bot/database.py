"""The one SQLite file of this machine, for our own tables and for the durable workflows beside them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import MetaData, event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

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
