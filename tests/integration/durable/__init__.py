"""Real processes on one database: killed, missed, stopped, replaced."""
