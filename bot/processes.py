"""Which processes there are, and when each was last seen alive, by the clock of the database that they share."""

from __future__ import annotations

from sqlalchemy import Column, DateTime, Integer, MetaData, String, Table

SCHEMA = MetaData()

PROCESSES = Table(
    "processes",
    SCHEMA,
    Column("executor_id", String, primary_key=True),
    Column("role", String, nullable=False),
    Column("host", String, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("started_at", DateTime(timezone=True), nullable=False),
    Column("seen_at", DateTime(timezone=True), nullable=False),
)
