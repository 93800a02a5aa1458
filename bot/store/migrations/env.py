"""What Alembic runs for an upgrade: with the connection that it is handed, in the transaction that this is in."""

from __future__ import annotations

from alembic import context

from bot.store.migrations import VERSION_TABLE

context.configure(connection=context.config.attributes["connection"], version_table=VERSION_TABLE)
context.run_migrations()
