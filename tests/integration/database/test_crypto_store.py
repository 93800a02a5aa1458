"""The rows of the encryption do on PostgreSQL all that they do on SQLite: the same tests."""

from __future__ import annotations

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.store.database import Database
from config.models import Settings
from tests.unit.bridge.matrix.encryption.conftest import machine, phone, store
from tests.unit.bridge.matrix.encryption.test_receiving import (
    test_a_key_that_another_sent_first_does_not_keep_its_owners_out,
    test_nobody_overwrites_the_key_of_another,
    test_of_two_keys_of_a_session_the_one_that_opens_more_is_kept,
)
from tests.unit.bridge.matrix.encryption.test_store import *  # noqa: F403 (all of them, whichever are added)

__all__ = [
    "machine",
    "phone",
    "store",
    "test_a_key_that_another_sent_first_does_not_keep_its_owners_out",
    "test_nobody_overwrites_the_key_of_another",
    "test_of_two_keys_of_a_session_the_one_that_opens_more_is_kept",
]


@pytest.fixture
def database_settings(postgresql_settings: Settings) -> Settings:
    """Settings that name a PostgreSQL database."""
    return postgresql_settings


@pytest.fixture
def engine(database: Database) -> AsyncEngine:
    """The database, with our tables."""
    return database.engine
