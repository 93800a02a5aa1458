"""What is kept of the bot's device is kept on PostgreSQL as on SQLite: the same tests."""

from __future__ import annotations

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.store.database import Database
from config.models import Settings
from tests.unit.bridge.matrix.test_account import *  # noqa: F403 (all of them, whichever are added)


@pytest.fixture
def database_settings(postgresql_settings: Settings) -> Settings:
    """Settings that name a PostgreSQL database."""
    return postgresql_settings


@pytest.fixture
def engine(database: Database) -> AsyncEngine:
    """The database, with our tables."""
    return database.engine
