"""The tables of the first version, which knew no revisions: what it left is taken over, and what is missing is made."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_TABLES = sa.MetaData()

_meetings = sa.Table(
    "meetings",
    _TABLES,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("room_id", sa.String, nullable=False),
    sa.Column("command_id", sa.String, nullable=False, unique=True),
    sa.Column("opened_by", sa.String, nullable=False),
    sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("title", sa.String, nullable=False),
    sa.Column("language", sa.String, nullable=False),
    sa.Column("link", sa.String, nullable=False, unique=True),
    sa.Column("transcribed", sa.Boolean, nullable=False),
    sa.Column("card_id", sa.String),
    sa.Column("ended_at", sa.DateTime(timezone=True)),
    sa.Column("finished_at", sa.DateTime(timezone=True)),
)
sa.Index(
    "one_open_meeting_a_room",
    _meetings.c.room_id,
    unique=True,
    sqlite_where=_meetings.c.ended_at.is_(None),
    postgresql_where=_meetings.c.ended_at.is_(None),
)
sa.Table(
    "rooms",
    _TABLES,
    sa.Column("room_id", sa.String, primary_key=True),
    sa.Column("language", sa.String, nullable=False),
)
sa.Table(
    "matrix_inbox",
    _TABLES,
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("event_id", sa.Text, nullable=False, unique=True),
    sa.Column("room_id", sa.Text, nullable=False),
    sa.Column("sender", sa.Text, nullable=False),
    sa.Column("body", sa.Text),
    sa.Column("origin_server_ts_ms", sa.BigInteger, nullable=False),
    sa.Column("received_at_s", sa.Float, nullable=False),
    sa.Column("handled_at_s", sa.Float),
    sa.Column("failed", sa.Text),
    sa.Index("matrix_inbox_by_room", "handled_at_s", "room_id", "position"),
    sqlite_autoincrement=True,
)
sa.Table(
    "matrix_invite",
    _TABLES,
    sa.Column("room_id", sa.Text, primary_key=True),
    sa.Column("inviter", sa.Text),
)
sa.Table(
    "matrix_sync",
    _TABLES,
    sa.Column("user_id", sa.Text, primary_key=True),
    sa.Column("next_batch", sa.Text, nullable=False),
)


def upgrade() -> None:
    """Make the tables that are not there: the first version may have been killed between two of them."""
    _TABLES.create_all(op.get_bind())
