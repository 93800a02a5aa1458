"""PostgreSQL as our database: how it is spoken to, and what its refusals mean. What psycopg says is read here alone."""

from __future__ import annotations

import asyncio
import re

import psycopg
from psycopg import pq
from psycopg.conninfo import make_conninfo
from sqlalchemy import URL, Connection, make_url, text
from sqlalchemy.exc import DBAPIError

_ADDED: dict[str, str] = {
    "application_name": "greffier",
    "connect_timeout": "10",
    # A server whose machine is gone is noticed within half a minute, not in hours.
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",
}
_DURABLE = "--synchronous_commit=on"
"""A commit is on the server's disk when it returns, also where the server's own default is otherwise."""
_FULL = re.compile(r"too many|connection slots|trop de|de connexions? restant", re.IGNORECASE)
"""All connections taken: nothing but the server's own words tells it from a wrong password."""


def engine_url(address: str) -> URL:
    """The address that an operator wrote, for SQLAlchemy, with what we add where they said nothing else."""
    url = make_url(address).set(drivername="postgresql+psycopg")
    options = " ".join([*url.normalized_query.get("options", ()), _DURABLE])
    return url.set(query={**_ADDED, **url.query, "options": options})


def shown(url: URL) -> str:
    """The database as it may be shown: without user and password."""
    host = url.host or url.normalized_query["host"][0]
    return f"the PostgreSQL database {url.database} on {host}" + (f":{url.port}" if url.port else "")


def conninfo(url: URL) -> str:
    """The same address for libpq, password included."""
    # Not as an address again: SQLAlchemy writes a space in it as +, which libpq does not read so.
    options = {key: ",".join(values) for key, values in url.normalized_query.items()}
    return make_conninfo(**url.translate_connect_args(username="user", database="dbname"), **options)


async def is_away(url: URL, error: DBAPIError) -> bool:
    """Whether a connection that failed may succeed later; otherwise the server is there, and refuses us."""
    if not isinstance(error.orig, psycopg.OperationalError):
        return False
    if _FULL.search(str(error.orig)):
        return True
    answer = await asyncio.to_thread(pq.PGconn.ping, conninfo(url).encode())
    return answer in (pq.Ping.NO_RESPONSE, pq.Ping.REJECT)


def in_one_line(error: DBAPIError, url: URL) -> str:
    """What the server or the driver says, without the password."""
    said = " ".join(str(error.orig).split())
    return said.replace(str(url.password), "…") if url.password else said


def is_about_rights(error: DBAPIError) -> bool:
    """Whether the user may not do what was tried."""
    return isinstance(error.orig, psycopg.errors.InsufficientPrivilege)


def unfit(connection: Connection) -> str | None:
    """Why we could not work with this database later on, and what to do; None when we can."""
    if connection.scalar(text("SHOW server_encoding")) != "UTF8":
        return "its encoding is not UTF8: make it with ENCODING 'UTF8' TEMPLATE template0"
    may = "to_regnamespace('dbos') IS NOT NULL OR has_database_privilege(current_database(), 'CREATE')"
    if not connection.scalar(text(f"SELECT {may}")):
        return "the user may make no schema in it: make that user its owner"
    return None
