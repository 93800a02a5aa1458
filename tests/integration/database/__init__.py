"""Our own tables, on SQLite and on a real PostgreSQL."""
