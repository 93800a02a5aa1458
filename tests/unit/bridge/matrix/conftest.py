"""A database for what the bot hears."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bridge.matrix.tables import SCHEMA


@pytest_asyncio.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    """A database in a file, with the tables of the inbox."""
    engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path / 'greffier.sqlite'}")
    async with engine.begin() as connection:
        await connection.run_sync(SCHEMA.create_all)
    yield engine
    await engine.dispose()
