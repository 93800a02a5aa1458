"""The history of our own tables: which revision a database is at, and how it is brought to the newest (Alembic).

There is no way back: an older Greffier needs the backup that was made before the newer one was started.
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

VERSION_TABLE = "greffier_version"
_FOLDER = Path(__file__).parent


class WrittenByNewer(Exception):
    """The database is at a revision that this version does not know; the message is the revision."""


def newest() -> str | None:
    """The revision that this version works with."""
    return ScriptDirectory(str(_FOLDER)).get_current_head()


def revision(connection: Connection) -> str | None:
    """The revision that the database is at; None before the first.

    Raises:
        WrittenByNewer: This version does not know it.
    """
    found = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE}).get_current_revision()
    if found is not None and found not in {known.revision for known in ScriptDirectory(str(_FOLDER)).walk_revisions()}:
        raise WrittenByNewer(found)
    return found


def upgrade(connection: Connection) -> None:
    """Bring the database to the newest revision, in the transaction that `connection` is in.

    Nobody else may do so meanwhile.
    """
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    command.upgrade(config, "head")
