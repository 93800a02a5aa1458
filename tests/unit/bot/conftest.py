"""A real database in a temporary folder, and a Greffier that holds meetings with it."""

from __future__ import annotations

import asyncio
import logging
import shutil
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import structlog

from bot.durable.workflows import MESSAGE_POLL_S
from bot.process.identity import ROLES
from bot.store.database import Database, database_file
from bot.store.register import Register
from config.models import Settings
from tests.unit.bot.hall import Hall
from tests.unit.bot.samples import settings


@pytest.fixture
def database_settings(tmp_path: Path) -> Settings:
    """Settings that name the database of the test."""
    return settings(tmp_path)


@pytest.fixture
async def database(database_settings: Settings) -> AsyncIterator[Database]:
    """The database, with our tables."""
    async with Database.opened(database_settings) as database:
        await database.migrate()
        yield database


@pytest.fixture
async def another_database(database: Database, database_settings: Settings) -> AsyncIterator[Database]:
    """The same, as another process opens it."""
    async with Database.opened(database_settings) as another:
        yield another


@pytest.fixture
def register(database: Database) -> Register:
    """An empty register."""
    return Register(database.engine)


@pytest.fixture
def logging_as_before() -> Iterator[None]:
    """Leave logging as it was: a logger that is first used while it is set up for a process stays so for good."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def shorten_waits(patch: pytest.MonkeyPatch) -> None:
    """Waits that are there for people and for machines with other work are short."""
    patch.setattr("bot.durable.workflows.QUEUE_POLL_S", 0.05)
    patch.setitem(MESSAGE_POLL_S, "front", 0.02)
    patch.setattr(
        "bot.durable.workflows.application_of", lambda _role: "greffier"
    )  # one process does the work of all three
    patch.setattr("bot.durable.workflows._VERSIONS", dict.fromkeys(ROLES, "1"))
    patch.setattr("bot.durable.enqueueing.application_of", lambda _role: "greffier")
    patch.setattr("bot.running.overview.application_of", lambda _role: "greffier")
    patch.setattr("bot.meeting.retention.application_of", lambda _role: "greffier")
    patch.setattr("bot.meeting.following.BURST_S", 0.05)
    patch.setattr("bot.meeting.transcribing.RECORDING_ENDS_WITHIN_S", 1.0)
    patch.setattr("bot.meeting.transcribing.RECORDER_NUDGED_EVERY_S", 0.5)
    patch.setattr("bot.meeting.steps.OPEN_ATTEMPTS_AFTER_S", (0.0, 0.0, 0.0))


@pytest.fixture(scope="session")
def used_before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database that a Greffier has used before: the durable work finds its queues in it a second sooner."""
    folder = tmp_path_factory.mktemp("used-before")

    async def use() -> None:
        async with Hall(folder).open():
            pass

    with pytest.MonkeyPatch.context() as patch:
        shorten_waits(patch)
        asyncio.run(use())
    with closing(sqlite3.connect(database_file(folder))) as connection:
        connection.execute("VACUUM INTO ?", [str(folder / "copy.sqlite")])
    return folder / "copy.sqlite"


@pytest.fixture
def briskly(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, used_before: Path) -> None:
    """Meetings that are held in `tmp_path` wait for nothing longer than they must."""
    shorten_waits(monkeypatch)
    shutil.copyfile(used_before, database_file(tmp_path))


@pytest.fixture
async def hall(tmp_path: Path, briskly: None) -> AsyncIterator[Hall]:
    """A Greffier that holds meetings."""
    async with Hall(tmp_path).open() as hall:
        yield hall
