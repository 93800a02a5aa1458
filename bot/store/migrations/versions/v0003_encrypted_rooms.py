"""Encrypted rooms: the bot's device and identity, other people's devices, keys; pushed transactions; upgraded rooms."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the tables of the encryption, and of what else comes in and is remembered of rooms."""
    op.add_column("matrix_inbox", sa.Column("was_encrypted", sa.Boolean, nullable=False, server_default=sa.false()))
    op.create_table(
        "matrix_transaction",
        sa.Column("txn_id", sa.Text, primary_key=True),
        sa.Column("received_at_s", sa.Float, nullable=False),
    )
    op.create_table(
        "matrix_undecrypted",
        sa.Column("event_id", sa.Text, primary_key=True),
        sa.Column("room_id", sa.Text, nullable=False),
        sa.Column("sender", sa.Text, nullable=False),
        sa.Column("session_id", sa.Text, nullable=False),
        sa.Column("sender_key", sa.Text),
        sa.Column("ciphertext", sa.Text, nullable=False),
        sa.Column("origin_server_ts_ms", sa.BigInteger, nullable=False),
        sa.Column("received_at_s", sa.Float, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
    )
    op.create_table(
        "matrix_told",
        sa.Column("room_id", sa.Text, primary_key=True),
        sa.Column("what", sa.Text, primary_key=True),
        sa.Column("told_at_s", sa.Float, nullable=False),
    )
    op.create_table(
        "matrix_encrypted_room",
        sa.Column("room_id", sa.Text, primary_key=True),
    )
    op.create_table(
        "matrix_successor",
        sa.Column("room_id", sa.Text, primary_key=True),
        sa.Column("successor", sa.Text, nullable=False),
        sa.Column("sender", sa.Text, nullable=False),
        sa.Column("followed_at_s", sa.Float),
    )
    op.create_table(
        "matrix_device",
        sa.Column("user_id", sa.Text, primary_key=True),
        sa.Column("device_id", sa.Text, nullable=False),
        sa.Column("access_token", sa.LargeBinary),
        sa.Column("account", sa.LargeBinary),
        sa.Column("is_published", sa.Boolean, nullable=False),
    )
    op.create_table(
        "matrix_identity",
        sa.Column("user_id", sa.Text, primary_key=True),
        sa.Column("sealed_root", sa.LargeBinary, nullable=False),
        sa.Column("created_at_s", sa.Float, nullable=False),
        sa.Column("recovery_key_shown_at_s", sa.Float),
    )
    op.create_table(
        "matrix_olm_session",
        sa.Column("user_id", sa.Text, primary_key=True),
        sa.Column("sender_key", sa.Text, primary_key=True),
        sa.Column("session_id", sa.Text, primary_key=True),
        sa.Column("pickle", sa.LargeBinary, nullable=False),
        sa.Column("created_at_s", sa.Float, nullable=False),
        sa.Column("used_at_s", sa.Float, nullable=False),
    )
    op.create_table(
        "matrix_megolm_session",
        sa.Column("room_id", sa.Text, primary_key=True),
        sa.Column("session_id", sa.Text, primary_key=True),
        sa.Column("sender_key", sa.Text, primary_key=True),
        sa.Column("ed25519", sa.Text, nullable=False),
        sa.Column("first_index", sa.BigInteger, nullable=False),
        sa.Column("pickle", sa.LargeBinary, nullable=False),
        sa.Column("received_at_s", sa.Float, nullable=False),
        sa.Column("is_own", sa.Boolean, nullable=False),
    )
    op.create_table(
        "matrix_user",
        sa.Column("user_id", sa.Text, primary_key=True),
        sa.Column("is_outdated", sa.Boolean, nullable=False),
        sa.Column("master_key", sa.Text),
        sa.Column("self_signing_key", sa.Text),
    )
    op.create_table(
        "matrix_user_device",
        sa.Column("user_id", sa.Text, primary_key=True),
        sa.Column("device_id", sa.Text, primary_key=True),
        sa.Column("curve25519", sa.Text, nullable=False),
        sa.Column("ed25519", sa.Text, nullable=False),
        sa.Column("is_signed", sa.Boolean, nullable=False),
    )
    op.add_column("matrix_invite", sa.Column("times", sa.Integer, nullable=False, server_default="1"))
    op.add_column("meetings", sa.Column("moved_to", sa.String))
    op.add_column("meetings", sa.Column("moved_card_id", sa.String))
    op.create_index("matrix_undecrypted_by_session", "matrix_undecrypted", ["room_id", "session_id"])
