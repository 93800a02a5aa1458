"""Words during the call: when a meeting is recorded, how far its words are behind, which microphones are shared."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add what the speech process is told of a meeting, and tells."""
    op.add_column("meetings", sa.Column("recorded_at", sa.DateTime(timezone=True)))
    op.add_column("meetings", sa.Column("unheard_s", sa.Float))
    op.create_table(
        "shared_microphones",
        sa.Column("meeting_id", sa.String, primary_key=True),
        sa.Column("name", sa.String, primary_key=True),
    )
