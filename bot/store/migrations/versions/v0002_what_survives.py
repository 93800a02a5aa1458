"""What it takes to lose nothing: the meeting's clock, what could not be delivered, which processes there are."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add to the meetings, and make the processes."""
    op.add_column("meetings", sa.Column("recording_began_at", sa.DateTime(timezone=True)))
    op.add_column("meetings", sa.Column("undelivered", sa.String))
    op.add_column("meetings", sa.Column("transcribing_s", sa.Float))
    op.create_table(
        "processes",
        sa.Column("executor_id", sa.String, primary_key=True),
        sa.Column("role", sa.String, nullable=False),
        sa.Column("host", sa.String, nullable=False),
        sa.Column("pid", sa.Integer, nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
    )
