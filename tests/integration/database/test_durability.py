"""What is acknowledged is stored: a commit is on the disk when it returns, and is there after a crash."""

from __future__ import annotations

import asyncio
from pathlib import Path

from sqlalchemy import create_engine, text

from bot.store.database import Database
from bot.store.register import Register
from bridge.matrix.ids import RoomId
from config.models import Settings
from tests.integration.database.conftest import on_postgresql
from tests.stack.postgresql import PostgreSQLServer, running_postgresql

ROOM = RoomId("!room:tchap.test")


async def test_postgresql_waits_for_the_disk_whatever_its_default(
    postgresql: PostgreSQLServer, postgresql_settings: Settings
) -> None:
    """For our tables and for the durable work; SQLite is in the unit tests."""
    database = Database.open(postgresql_settings)
    await postgresql.administer(f"ALTER DATABASE {database.engine.url.database} SET synchronous_commit = off")
    try:
        async with database.engine.connect() as connection:
            assert (await connection.execute(text("SHOW synchronous_commit"))).scalar() == "on"
        assert await asyncio.to_thread(_of_the_durable_work, database.system_url) == "on"
    finally:
        await database.dispose()


def _of_the_durable_work(url: str) -> object:
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            return connection.execute(text("SHOW synchronous_commit")).scalar()
    finally:
        engine.dispose()


async def test_a_server_that_crashed_still_knows_and_is_used_again(tmp_path: Path) -> None:
    """By the processes that go on, which notice that their connections are dead before they use them."""
    async with (
        running_postgresql(tmp_path / "postgresql") as server,
        Database.opened(on_postgresql(tmp_path / "storage", await server.create_database())) as database,
    ):
        await database.migrate()
        await Register(database.engine).set_language(ROOM, "en")
        await server.kill()
        await server.start()
        assert await Register(database.engine).language_of(ROOM) == "en"
