"""What the first version left behind, which knew no revisions: its tables as they were in the SQLite file."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

MEETINGS = """
CREATE TABLE meetings (
    id VARCHAR NOT NULL,
    room_id VARCHAR NOT NULL,
    command_id VARCHAR NOT NULL,
    opened_by VARCHAR NOT NULL,
    opened_at DATETIME NOT NULL,
    title VARCHAR NOT NULL,
    language VARCHAR NOT NULL,
    link VARCHAR NOT NULL,
    transcribed BOOLEAN NOT NULL,
    card_id VARCHAR,
    ended_at DATETIME,
    finished_at DATETIME,
    PRIMARY KEY (id),
    UNIQUE (command_id),
    UNIQUE (link)
);
CREATE UNIQUE INDEX one_open_meeting_a_room ON meetings (room_id) WHERE ended_at IS NULL;
CREATE TABLE rooms (room_id VARCHAR NOT NULL, language VARCHAR NOT NULL, PRIMARY KEY (room_id));
"""
"""The front made these when it started …"""
INBOX = """
CREATE TABLE matrix_inbox (
    position INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    event_id TEXT NOT NULL,
    room_id TEXT NOT NULL,
    sender TEXT NOT NULL,
    body TEXT,
    origin_server_ts_ms BIGINT NOT NULL,
    received_at_s FLOAT NOT NULL,
    handled_at_s FLOAT,
    failed TEXT,
    UNIQUE (event_id)
);
CREATE INDEX matrix_inbox_by_room ON matrix_inbox (handled_at_s, room_id, position);
CREATE TABLE matrix_invite (room_id TEXT NOT NULL, inviter TEXT, PRIMARY KEY (room_id));
CREATE TABLE matrix_sync (user_id TEXT NOT NULL, next_batch TEXT NOT NULL, PRIMARY KEY (user_id));
"""
"""… and these when it first listened."""
A_MEETING = """
INSERT INTO meetings (id, room_id, command_id, opened_by, opened_at, title, language, link, transcribed, card_id)
VALUES ('m-0123456789abcdef', '!room:tchap.test', '$command', '@camille:tchap.test', '2026-11-12 13:05:00.000000',
        'Point budget', 'fr', 'abcdefghijklmnopqrstuv', 1, '$card');
INSERT INTO rooms VALUES ('!room:tchap.test', 'en');
"""
A_COMMAND = """
INSERT INTO matrix_inbox (event_id, room_id, sender, body, origin_server_ts_ms, received_at_s)
VALUES ('$1', '!room:tchap.test', '@camille:tchap.test', '!visio fin', 1, 2.5);
INSERT INTO matrix_sync VALUES ('@greffier:tchap.test', 's1');
"""


def leave_behind(file: Path, *statements: str) -> None:
    """Do this to the file, as the first version did."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.executescript("\n".join(statements))
