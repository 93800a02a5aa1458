"""Encrypted commands once: which message of a session a command was, so that no other event can repeat it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add what tells the repetition of an encrypted command."""
    op.add_column("matrix_inbox", sa.Column("megolm_message", sa.Text))
    op.create_index("matrix_inbox_once", "matrix_inbox", ["megolm_message"], unique=True)
