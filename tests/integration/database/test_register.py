"""The register of meetings does on PostgreSQL all that it does on SQLite: the same tests."""

from __future__ import annotations

import pytest

from config.models import Settings
from tests.unit.bot.store.test_register import *  # noqa: F403 (all of them, whichever are added)


@pytest.fixture
def database_settings(postgresql_settings: Settings) -> Settings:
    """Settings that name a PostgreSQL database."""
    return postgresql_settings
