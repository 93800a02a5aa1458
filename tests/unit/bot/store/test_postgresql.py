"""The address of a PostgreSQL database, as an operator wrote it, as it is used and as it is shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict
from pydantic import SecretStr
from sqlalchemy import make_url

from bot.store import postgresql
from bot.store.database import Database
from config import models
from tests.unit.bot.samples import settings


def test_the_address_is_used_with_what_makes_commits_durable() -> None:
    """Other options of the operator's stay, and theirs go before ours."""
    url = postgresql.engine_url("postgres://g:p%40ss@db/greffier?options=-cjit%3Doff&connect_timeout=3")
    assert url.drivername == "postgresql+psycopg"
    assert url.password == "p@ss"
    assert url.query["options"] == "-cjit=off --synchronous_commit=on"
    assert url.query["connect_timeout"] == "3"
    assert url.query["tcp_user_timeout"] == "30000"


def test_the_address_is_the_same_for_the_durable_work(tmp_path: Path) -> None:
    """Which is on the same database."""
    url = "postgresql://greffier:p%40ss@db.tchap.test/greffier?sslmode=require"
    database = Database.open(settings(tmp_path, database=models.Database(url=SecretStr(url))))
    assert database.is_shared
    assert make_url(database.system_url) == postgresql.engine_url(url)


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("postgresql://greffier:p%40ss@db.tchap.test/minutes", "the PostgreSQL database minutes on db.tchap.test"),
        ("postgresql://greffier:p%40ss@db:5433/minutes", "the PostgreSQL database minutes on db:5433"),
        ("postgresql:///minutes?host=/run/pg", "the PostgreSQL database minutes on /run/pg"),
    ],
)
def test_the_address_is_shown_without_user_and_password(address: str, name: str) -> None:
    """In logs and in sentences."""
    assert postgresql.shown(postgresql.engine_url(address)) == name


def test_libpq_is_given_the_same() -> None:
    """A space in an option, and what is special in a password, arrive as they are."""
    url = postgresql.engine_url("postgresql://greffier:a%27%20%5Cb@/minutes?host=/run/pg&options=-c%20jit%3Doff")
    told = conninfo_to_dict(postgresql.conninfo(url))
    assert told["password"] == "a' \\b"
    assert told["host"] == "/run/pg"
    assert told["dbname"] == "minutes"
    assert told["options"] == "-c jit=off --synchronous_commit=on"
