"""Owns the tables of the Matrix side, as the newest revision has them; the migrations make them."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncEngine

SCHEMA = sa.MetaData()


def inserting(engine: AsyncEngine) -> Callable[[sa.Table], postgresql.Insert | sqlite.Insert]:
    """The INSERT of the kind of database that `engine` leads to: the one with ON CONFLICT."""
    return postgresql.insert if engine.dialect.name == "postgresql" else sqlite.insert


INBOX = sa.Table(
    "matrix_inbox",
    SCHEMA,
    sa.Column("position", sa.Integer, primary_key=True),  # the order of arrival
    sa.Column("event_id", sa.Text, nullable=False, unique=True),
    sa.Column("room_id", sa.Text, nullable=False),
    sa.Column("sender", sa.Text, nullable=False),
    sa.Column("body", sa.Text),
    sa.Column("origin_server_ts_ms", sa.BigInteger, nullable=False),
    sa.Column("received_at_s", sa.Float, nullable=False),
    sa.Column("handled_at_s", sa.Float),
    sa.Column("failed", sa.Text),  # the kind of error that made us give up
    sa.Column("was_encrypted", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("megolm_message", sa.Text),
    sa.Index("matrix_inbox_by_room", "handled_at_s", "room_id", "position"),
    sa.Index("matrix_inbox_once", "megolm_message", unique=True),
    sqlite_autoincrement=True,
)
INVITES = sa.Table(
    "matrix_invite",
    SCHEMA,
    sa.Column("room_id", sa.Text, primary_key=True),
    sa.Column("inviter", sa.Text),
    sa.Column("times", sa.Integer, nullable=False, server_default="1"),  # how often it was heard
)
SYNC = sa.Table(
    "matrix_sync",
    SCHEMA,
    sa.Column("user_id", sa.Text, primary_key=True),
    sa.Column("next_batch", sa.Text, nullable=False),
)
TRANSACTIONS = sa.Table(  # pushed by the homeserver and stored
    "matrix_transaction",
    SCHEMA,
    sa.Column("txn_id", sa.Text, primary_key=True),
    sa.Column("received_at_s", sa.Float, nullable=False),
)
UNDECRYPTED = sa.Table(  # events whose key may still come
    "matrix_undecrypted",
    SCHEMA,
    sa.Column("event_id", sa.Text, primary_key=True),
    sa.Column("room_id", sa.Text, nullable=False),
    sa.Column("sender", sa.Text, nullable=False),
    sa.Column("session_id", sa.Text, nullable=False),
    sa.Column("sender_key", sa.Text),
    sa.Column("ciphertext", sa.Text, nullable=False),
    sa.Column("origin_server_ts_ms", sa.BigInteger, nullable=False),
    sa.Column("received_at_s", sa.Float, nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Index("matrix_undecrypted_by_session", "room_id", "session_id"),
)
TOLD = sa.Table(  # what a room has been told once
    "matrix_told",
    SCHEMA,
    sa.Column("room_id", sa.Text, primary_key=True),
    sa.Column("what", sa.Text, primary_key=True),  # `unreadable`, or a user who cannot read us
    sa.Column("told_at_s", sa.Float, nullable=False),
)
ENCRYPTED_ROOMS = sa.Table(  # rooms that are never again taken for ones without encryption
    "matrix_encrypted_room",
    SCHEMA,
    sa.Column("room_id", sa.Text, primary_key=True),
)
SUCCESSORS = sa.Table(  # rooms that were upgraded
    "matrix_successor",
    SCHEMA,
    sa.Column("room_id", sa.Text, primary_key=True),
    sa.Column("successor", sa.Text, nullable=False),
    sa.Column("sender", sa.Text, nullable=False),  # who said so, on whose homeserver the successor is known
    sa.Column("followed_at_s", sa.Float),  # when the bot had joined it
)

DEVICE = sa.Table(  # the bot's own
    "matrix_device",
    SCHEMA,
    sa.Column("user_id", sa.Text, primary_key=True),
    sa.Column("device_id", sa.Text, nullable=False),
    sa.Column("access_token", sa.LargeBinary),  # sealed; of an ordinary account only
    sa.Column("account", sa.LargeBinary),  # vodozemac's pickle, encrypted
    sa.Column("is_published", sa.Boolean, nullable=False, default=False),  # its keys are on the homeserver
)
IDENTITY = sa.Table(  # the bot's cross-signing identity
    "matrix_identity",
    SCHEMA,
    sa.Column("user_id", sa.Text, primary_key=True),
    sa.Column("sealed_root", sa.LargeBinary, nullable=False),
    sa.Column("created_at_s", sa.Float, nullable=False),
    sa.Column("recovery_key_shown_at_s", sa.Float),
)
OLM_SESSIONS = sa.Table(
    "matrix_olm_session",
    SCHEMA,
    sa.Column("user_id", sa.Text, primary_key=True),
    sa.Column("sender_key", sa.Text, primary_key=True),
    sa.Column("session_id", sa.Text, primary_key=True),
    sa.Column("pickle", sa.LargeBinary, nullable=False),
    sa.Column("created_at_s", sa.Float, nullable=False),
    sa.Column("used_at_s", sa.Float, nullable=False),
)
MEGOLM_SESSIONS = sa.Table(
    "matrix_megolm_session",
    SCHEMA,
    sa.Column("room_id", sa.Text, primary_key=True),
    sa.Column("session_id", sa.Text, primary_key=True),
    sa.Column("sender_key", sa.Text, primary_key=True),
    sa.Column("ed25519", sa.Text, nullable=False),
    sa.Column("first_index", sa.BigInteger, nullable=False),  # of the first message that it opens
    sa.Column("pickle", sa.LargeBinary, nullable=False),
    sa.Column("received_at_s", sa.Float, nullable=False),
    sa.Column("is_own", sa.Boolean, nullable=False),
)
USERS = sa.Table(  # whose devices we follow
    "matrix_user",
    SCHEMA,
    sa.Column("user_id", sa.Text, primary_key=True),
    sa.Column("is_outdated", sa.Boolean, nullable=False),
    sa.Column("master_key", sa.Text),  # unpadded base64; None: without a cross-signing identity
    sa.Column("self_signing_key", sa.Text),  # unpadded base64, and signed by the master key
)
USER_DEVICES = sa.Table(
    "matrix_user_device",
    SCHEMA,
    sa.Column("user_id", sa.Text, primary_key=True),
    sa.Column("device_id", sa.Text, primary_key=True),
    sa.Column("curve25519", sa.Text, nullable=False),
    sa.Column("ed25519", sa.Text, nullable=False),
    sa.Column("is_signed", sa.Boolean, nullable=False),
)
