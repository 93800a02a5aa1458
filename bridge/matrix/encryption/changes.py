"""Owns what has changed in memory and is not in the database yet: a unit of work that outlives a failed commit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bridge.matrix.tables import MEGOLM_SESSIONS, inserting

Row = Mapping[str, Any]
Key = tuple[sa.Table, tuple[Any, ...]]


class Changes:
    """The newest row of everything that has changed, by table and primary key; None: the row is to go.

    What is written stays here until `settle`, so that a commit that failed, or of which nobody knows whether it did,
    is repeated by the next one. Every write is one that may be repeated.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._insert = inserting(engine)
        self._rows: dict[Key, Row | None] = {}

    def __bool__(self) -> bool:
        return bool(self._rows)

    def put(self, table: sa.Table, *rows: Row) -> None:
        """Collect rows, each to be inserted or to replace the columns that it names.

        Raises:
            ValueError: One holds text that no database takes, which would fail every commit from now on. None is
                collected.
        """
        if any(isinstance(value, str) and not _is_storable(value) for row in rows for value in row.values()):
            raise ValueError("text with NUL or half a character cannot be stored")
        for row in rows:
            self._rows[table, tuple(row[column.name] for column in table.primary_key)] = row

    def remove(self, table: sa.Table, *key: Any) -> None:
        """Collect that the row with this primary key is to go."""
        self._rows[table, key] = None

    def beginning_with(self, table: sa.Table, *start: Any) -> list[Row]:
        """The rows as they will be written whose primary key begins so."""
        size = len(start)
        return [row for (its, key), row in self._rows.items() if row and its is table and key[:size] == start]

    async def write(self, connection: AsyncConnection) -> Mapping[Key, Row | None]:
        """Write all of it in this transaction; what it gives back is for `settle`, once that is committed."""
        written = dict(self._rows)
        rows: defaultdict[tuple[sa.Table, tuple[str, ...]], list[Row]] = defaultdict(list)
        gone: defaultdict[sa.Table, list[Row]] = defaultdict(list)
        for (table, key), row in written.items():
            if row is None:
                gone[table].append(dict(zip((f"key_{column.name}" for column in table.primary_key), key, strict=True)))
            else:
                rows[table, tuple(row)].append(row)
        for table, keys in gone.items():
            its_key = (column == sa.bindparam(f"key_{column.name}") for column in table.primary_key)
            await connection.execute(sa.delete(table).where(*its_key), keys)
        for (table, columns), some in rows.items():
            await connection.execute(self._upsert(table, columns), some)
        return written

    def settle(self, written: Mapping[Key, Row | None]) -> None:
        """Forget what is in the database; what has changed again meanwhile stays."""
        for key, row in written.items():
            if key in self._rows and self._rows[key] is row:
                del self._rows[key]

    def _upsert(self, table: sa.Table, columns: tuple[str, ...]) -> sa.Insert:
        insert = self._insert(table)
        new = insert.excluded
        key = [column.name for column in table.primary_key]
        where = None
        if table is MEGOLM_SESSIONS:
            # A room key that we have from a device is replaced only by one that opens more. Decided here, as nobody
            # reads a thousand keys to receive one.
            where = sa.and_(table.c.ed25519 == new.ed25519, table.c.first_index > new.first_index)
        return insert.on_conflict_do_update(
            index_elements=key, set_={name: new[name] for name in columns if name not in key}, where=where
        )


def _is_storable(text: str) -> bool:
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False
