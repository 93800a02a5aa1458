"""A database of its own for each test, of either kind."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from config import models
from config.models import Settings
from tests.stack.postgresql import PostgreSQLServer
from tests.unit.bot.conftest import another_database, database, register
from tests.unit.bot.samples import settings

__all__ = ["another_database", "database", "register"]


def on_postgresql(folder: Path, url: str) -> Settings:
    """Settings that name this database."""
    return settings(folder, database=models.Database(url=SecretStr(url)))


@pytest.fixture
async def postgresql_settings(tmp_path: Path, postgresql: PostgreSQLServer) -> Settings:
    """Settings that name a new PostgreSQL database."""
    return on_postgresql(tmp_path, await postgresql.create_database())


@pytest.fixture(params=["sqlite", "postgresql"])
def database_settings(request: pytest.FixtureRequest, tmp_path: Path, postgresql_settings: Settings) -> Settings:
    """Settings that name a new database, of each kind in turn."""
    return settings(tmp_path) if request.param == "sqlite" else postgresql_settings
