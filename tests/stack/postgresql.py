"""A real PostgreSQL on a free loopback port, as an async context manager.

Its data are in a folder of their own directly under /tmp: it refuses to run as root, so a root who runs the tests lends
it to a user who cannot reach root's own folders; and the path of a socket must be short.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from tests.stack.ports import free_tcp_port
from tests.stack.server_process import ServerDidNotStart, ServerProcess

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

USER = "greffier"
"""Owns the databases, and is nobody else: what an operator makes for Greffier."""
_START_S = 60
_DEBIAN = Path("/usr/lib/postgresql")
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "fsync": "off",  # what it is killed with leaves the system's own memory as it is
    "full_page_writes": "off",
    "max_connections": "60",
    "shared_buffers": "16MB",
    "autovacuum": "off",
}


class PostgreSQLServer:
    """A PostgreSQL that can be stopped, killed and started again on the same data and port."""

    def __init__(self, folder: Path, **changed: str) -> None:
        self.password = secrets.token_hex(12)
        self.port = free_tcp_port()
        self.home = Path(tempfile.mkdtemp(prefix="greffier-postgresql-", dir="/tmp"))
        self._data = self.home / "data"
        self._as_user = _as_somebody(self.home) if os.geteuid() == 0 else []
        settings = _SETTINGS | changed | {"port": str(self.port), "unix_socket_directories": str(self.home)}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        self.process = ServerProcess(
            "postgresql", [*self._as_user, _program("postgres"), "-D", self._data, *options], folder
        )

    def url(self, database: str, *, user: str = USER, password: str | None = None) -> str:
        """The address of a database, as an operator writes it."""
        return f"postgresql://{user}:{password or self.password}@127.0.0.1:{self.port}/{database}"

    async def start(self) -> None:
        """Start it and wait until it answers.

        Raises:
            ServerDidNotStart: with the end of its log.
        """
        if not self._data.exists():
            await asyncio.to_thread(self._make_data)
        self.process.start()
        await self.process.until(self._answers, where=f"port {self.port}", within_s=_START_S)

    async def stop(self) -> None:
        """Stop it; connections break off."""
        with contextlib.suppress(RuntimeError, ProcessLookupError):
            os.kill(self.process.pid, signal.SIGINT)  # at SIGTERM it would wait for whoever is connected to leave
        await self.process.stop()

    async def kill(self) -> None:
        """End it as a crash of its machine would, with the processes of its own that would keep it from starting."""
        pid = self.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        await self.process.kill()
        for child in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(child), signal.SIGKILL)

    async def create_database(self, *, options: str = "") -> str:
        """A new database of the `USER`'s; returns its address."""
        name = f"greffier_{secrets.token_hex(6)}"
        await self.administer(f'CREATE DATABASE "{name}" OWNER "{USER}" {options}')
        return self.url(name)

    async def administer(self, *statements: str, database: str = "postgres") -> None:
        """Do something as the superuser, over the local socket."""
        async with await self._superuser(database) as connection:
            for statement in statements:
                await connection.execute(statement.encode())

    async def _superuser(self, database: str) -> psycopg.AsyncConnection[tuple[object, ...]]:
        return await psycopg.AsyncConnection.connect(
            host=str(self.home), port=self.port, user="postgres", dbname=database, autocommit=True, connect_timeout=5
        )

    async def _answers(self) -> bool:
        try:
            async with await self._superuser("postgres") as connection:
                await connection.execute(
                    f"DO $$BEGIN IF to_regrole('{USER}') IS NULL THEN "
                    f"CREATE ROLE {USER} LOGIN PASSWORD '{self.password}'; END IF; END$$".encode()
                )
        except psycopg.OperationalError:
            return False
        return True

    def _make_data(self) -> None:
        options = ["--username=postgres", "--auth-local=trust", "--auth-host=scram-sha-256", "--no-sync"]
        made = subprocess.run(
            [*self._as_user, _program("initdb"), "-D", self._data, "--encoding=UTF8", "--no-locale", *options],
            cwd=self.home,
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode != 0:
            raise ServerDidNotStart(f"initdb failed:\n{made.stdout}{made.stderr}")


def _program(name: str) -> Path:
    """PostgreSQL's own programs, which Debian does not put on the PATH.

    Raises:
        ServerDidNotStart: they are not installed.
    """
    on_path = shutil.which(name)
    if on_path is not None:
        return Path(on_path)
    versions = [folder for folder in _DEBIAN.glob("*/bin") if (folder / name).exists()]
    if not versions:
        raise ServerDidNotStart(f"PostgreSQL's {name} was not found; scripts/bootstrap postgresql installs it")
    return max(versions, key=lambda folder: float(folder.parent.name)) / name


def _as_somebody(home: Path) -> list[str]:
    """Give `home` to an unprivileged user; returns what to put before a command so that they run it."""
    users = {user.pw_name: user for user in pwd.getpwall()}
    user = users.get("postgres") or users["nobody"]
    os.chown(home, user.pw_uid, user.pw_gid)
    ids = [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    return ["setpriv", *ids, "--pdeathsig=keep", "--"]


@asynccontextmanager
async def running_postgresql(folder: Path, **changed: str) -> AsyncIterator[PostgreSQLServer]:
    """A PostgreSQL that answers, without a database yet; its log is in `folder`, and its data go in the end.

    Settings of the server that are to be others than the tests' are `changed`.
    """
    server = PostgreSQLServer(folder, **changed)
    try:
        await server.start()
        yield server
    finally:
        await server.stop()
        await asyncio.to_thread(shutil.rmtree, server.home)
