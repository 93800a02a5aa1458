"""The database: its tables and how they change, the register of meetings; and waiting for a storage that is away."""
