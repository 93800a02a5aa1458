"""A PostgreSQL that is not there, or does not want us: what is for the operator to mend is told from what passes."""

from __future__ import annotations

import asyncio
import os
import subprocess
import traceback
from pathlib import Path

import pytest
from sqlalchemy import URL, make_url, text
from sqlalchemy.exc import DBAPIError

from bot.process.stopping import CONFIGURATION_FAULT, TEMPORARY_FAULT
from bot.running.checking import _database
from bot.store import postgresql as ours
from bot.store.database import Database, DatabaseAway, DatabaseUnusable
from bot.store.migrations import newest
from config.models import Settings
from tests.integration.database.conftest import on_postgresql
from tests.stack.greffier import COMMAND
from tests.stack.postgresql import USER, PostgreSQLServer, running_postgresql
from tests.unit.config.config_text import COMPLETE, write


@pytest.fixture(autouse=True)
def _brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    """A start waits a second, and looks often."""
    monkeypatch.setattr("bot.store.database.AWAY_FOR_S", 1.0)
    monkeypatch.setattr("bot.store.database.TRIED_EVERY_S", 0.05)


async def refusal(folder: Path, url: str, kind: type[Exception]) -> str:
    """The sentence with which a start fails; what else is shown of the error holds no password either."""
    async with Database.opened(on_postgresql(folder, url)) as database:
        with pytest.raises(kind) as raised:
            await database.migrate()
    password = make_url(url).password
    assert password
    assert password not in "".join(traceback.format_exception(raised.value))
    return str(raised.value)


class TestForTheOperator:
    """What starting again does not mend."""

    async def test_a_wrong_password(self, tmp_path: Path, postgresql: PostgreSQLServer) -> None:
        """The server says so, and the sentence names the setting."""
        url = (await postgresql.create_database()).replace(postgresql.password, "sesame-sesame")
        said = await refusal(tmp_path, url, DatabaseUnusable)
        assert said.startswith("the PostgreSQL database greffier_")
        assert f'password authentication failed for user "{USER}"' in said
        assert said.endswith(" (see database.url)")

    async def test_a_database_that_does_not_exist(self, tmp_path: Path, postgresql: PostgreSQLServer) -> None:
        """It is for the operator to make it: we have no right to."""
        said = await refusal(tmp_path, postgresql.url("nowhere"), DatabaseUnusable)
        assert 'database "nowhere" does not exist' in said

    async def test_an_option_that_does_not_exist(self, tmp_path: Path, postgresql: PostgreSQLServer) -> None:
        """A typing error in the address."""
        url = f"{await postgresql.create_database()}?sslmod=require"
        assert 'invalid connection option "sslmod"' in await refusal(tmp_path, url, DatabaseUnusable)

    async def test_a_database_of_somebody_else(self, tmp_path: Path, postgresql: PostgreSQLServer) -> None:
        """We may neither make a schema for the durable work, nor, where we may, our own tables."""
        url = await postgresql.create_database()
        name = url.rsplit("/", 1)[1]
        await postgresql.administer(f"ALTER DATABASE {name} OWNER TO postgres")
        assert "the user may make no schema in it: make" in await refusal(tmp_path, url, DatabaseUnusable)
        await postgresql.administer(f"GRANT CREATE ON DATABASE {name} TO {USER}")
        await postgresql.administer("REVOKE CREATE ON SCHEMA public FROM public", database=name)
        said = await refusal(tmp_path, url, DatabaseUnusable)
        assert "permission denied for schema public" in said
        assert said.endswith("(make the user of database.url the owner of the database)")
        await postgresql.administer(f"ALTER DATABASE {name} OWNER TO {USER}")
        async with Database.opened(on_postgresql(tmp_path, url)) as database:
            await database.migrate()

    async def test_a_database_that_cannot_hold_every_name(self, tmp_path: Path, postgresql: PostgreSQLServer) -> None:
        """An old server's default encoding; a title with an emoji would fail much later."""
        url = await postgresql.create_database(options="ENCODING 'LATIN1' TEMPLATE template0")
        assert "its encoding is not UTF8: make it with" in await refusal(tmp_path, url, DatabaseUnusable)


class TestPassing:
    """What may be over when the process is started again."""

    async def test_a_server_that_is_away(self, tmp_path: Path) -> None:
        """It is waited for, for a bounded time."""
        said = await refusal(tmp_path, "postgresql://greffier:sesame-sesame@127.0.0.1:9/minutes", DatabaseAway)
        assert said.startswith("the PostgreSQL database minutes on 127.0.0.1:9 cannot be used: ")
        assert "Connection refused" in said

    async def test_a_server_that_is_full(self, tmp_path: Path, postgresql: PostgreSQLServer) -> None:
        """It refuses as it refuses a wrong password, and takes us when somebody has left."""
        url = await postgresql.create_database()
        await postgresql.administer(f"ALTER DATABASE {url.rsplit('/', 1)[1]} CONNECTION LIMIT 0")
        assert "too many connections" in await refusal(tmp_path, url, DatabaseAway)

    async def test_a_server_that_comes_while_it_is_waited_for(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Both machines were switched on together; and when it is back after a crash, work goes on by itself."""
        monkeypatch.setattr("bot.store.database.AWAY_FOR_S", 60.0)
        looked = asyncio.Event()

        async def looks(url: URL, error: DBAPIError) -> bool:
            looked.set()
            return await is_away(url, error)

        is_away = ours.is_away
        monkeypatch.setattr(ours, "is_away", looks)
        async with running_postgresql(tmp_path / "postgresql") as server:
            url = await server.create_database()
            await server.kill()
            async with Database.opened(on_postgresql(tmp_path / "storage", url)) as database:
                migrating = asyncio.create_task(database.migrate())
                await looked.wait()
                assert not migrating.done()
                await server.start()
                await migrating
                await server.kill()
                await server.start()
                assert await database.revision() == newest()


class TestCommands:
    """What the commands say, and how they end."""

    @pytest.mark.parametrize(("port", "status"), [(None, CONFIGURATION_FAULT), (9, TEMPORARY_FAULT)])
    def test_the_exit_status_tells_the_supervisor_whether_to_try_again(
        self, tmp_path: Path, postgresql: PostgreSQLServer, port: int | None, status: int
    ) -> None:
        """A database that is missing must be made first; a server that is away comes back."""
        url = make_url(postgresql.url("nowhere")).set(port=port or postgresql.port)
        environment = {**os.environ, "GREFFIER_DATABASE_URL": url.render_as_string(hide_password=False)}
        config = write(tmp_path, COMPLETE.replace("/var/lib/greffier", str(tmp_path / "data")))
        end = subprocess.run(
            [COMMAND, "status", "-c", config], env=environment, capture_output=True, text=True, check=False, timeout=60
        )
        assert end.returncode == status, end.stderr
        said = [line for line in end.stderr.splitlines() if line.startswith("greffier: ")]
        assert len(said) == 1
        assert said[0].startswith("greffier: the PostgreSQL database nowhere on 127.0.0.1:")

    async def test_the_check_says_which_database_at_which_revision(self, database_settings: Settings) -> None:
        """Before the first start, after it, and before that of a newer version."""
        assert (await _database(database_settings)).endswith(" is to be given its tables at the first start")
        async with Database.opened(database_settings) as database:
            await database.migrate()
            assert await _database(database_settings) == f"{database.name} is at revision {newest()}"
            async with database.engine.begin() as connection:
                await connection.execute(text("UPDATE greffier_version SET version_num = '0001'"))
            assert await _database(database_settings) == (
                f"{database.name} is at revision 0001, to be brought to {newest()} at the next start"
            )

    async def test_the_check_does_not_wait(
        self, tmp_path: Path, postgresql: PostgreSQLServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Whoever types it sits in front of it."""
        monkeypatch.setattr("bot.store.database.TRIED_EVERY_S", 3600.0)
        away = on_postgresql(tmp_path, "postgresql://greffier:sesame@127.0.0.1:9/minutes")
        with pytest.raises(DatabaseAway, match="Connection refused"):
            await _database(away)
        with pytest.raises(DatabaseUnusable, match="does not exist"):
            await _database(on_postgresql(tmp_path, postgresql.url("nowhere")))
