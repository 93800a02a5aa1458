"""The register of meetings: which room has which call open, under which link, since when; and each room's language.

A meeting is registered before anything of it exists elsewhere. One open meeting a room is a rule of the table itself.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NewType

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    DateTime,
    Index,
    MetaData,
    Row,
    String,
    Table,
    delete,
    insert,
    select,
    true,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from bridge.matrix.ids import EventId, RoomId, UserId
from config.models import Language
from transcripts.spool import MeetingId

Link = NewType("Link", str)
"""The unguessable part of a join link: 22 characters, 128 bits."""

_ATTEMPTS = 3

SCHEMA = MetaData()

_meetings = Table(
    "meetings",
    SCHEMA,
    Column("id", String, primary_key=True),
    Column("room_id", String, nullable=False),
    Column("command_id", String, nullable=False, unique=True),
    Column("opened_by", String, nullable=False),
    Column("opened_at", DateTime(timezone=True), nullable=False),
    Column("title", String, nullable=False),
    Column("language", String, nullable=False),
    Column("link", String, nullable=False, unique=True),
    Column("transcribed", Boolean, nullable=False),
    Column("card_id", String),
    Column("ended_at", DateTime(timezone=True)),
    Column("finished_at", DateTime(timezone=True)),
    Column("undelivered", String),
)
Index(
    "one_open_meeting_a_room",
    _meetings.c.room_id,
    unique=True,
    sqlite_where=_meetings.c.ended_at.is_(None),
    postgresql_where=_meetings.c.ended_at.is_(None),
)
_rooms = Table("rooms", SCHEMA, Column("room_id", String, primary_key=True), Column("language", String, nullable=False))


@dataclass(frozen=True)
class Meeting:
    """One meeting, from the command that opened it to its transcript. Times are in UTC."""

    id: MeetingId
    room_id: RoomId
    command_id: EventId
    opened_by: UserId
    opened_at: datetime
    title: str
    language: Language
    link: Link
    transcribed: bool
    card_id: EventId | None
    """The message that stands for it in its room, once that is posted."""
    ended_at: datetime | None
    finished_at: datetime | None
    """When its transcript was posted, or it was given up."""
    undelivered: str | None = None
    """Why its transcript is kept and not posted, where that is so."""


class Register:
    """The meetings, as a table."""

    def __init__(self, engine: AsyncEngine, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._engine = engine
        self._now = now

    async def open(
        self,
        room_id: RoomId,
        command_id: EventId,
        *,
        opened_by: UserId,
        title: str,
        language: Language,
        transcribed: bool,
    ) -> Meeting:
        """Register a meeting, unless this command has opened one already or the room has one open: then that one."""
        row: dict[str, Any] = {
            "id": MeetingId(f"m-{secrets.token_hex(8)}"),
            "room_id": room_id,
            "command_id": command_id,
            "opened_by": opened_by,
            "opened_at": self._now(),
            "title": title,
            "language": language,
            "link": Link(secrets.token_urlsafe(16)),
            "transcribed": transcribed,
        }
        for _ in range(_ATTEMPTS):  # the open meeting that is in the way may end before it is looked at
            try:
                async with self._engine.begin() as connection:
                    await connection.execute(insert(_meetings).values(row))
            except IntegrityError:
                known = await self._one(_meetings.c.command_id == command_id) or await self.open_in(room_id)
                if known is not None:
                    return known
            else:
                return Meeting(**row, card_id=None, ended_at=None, finished_at=None)
        raise LookupError(f"the meeting of {command_id} can neither be registered nor be found")

    async def get(self, meeting: MeetingId) -> Meeting | None:
        """The meeting of this id."""
        return await self._one(_meetings.c.id == meeting)

    async def open_in(self, room_id: RoomId) -> Meeting | None:
        """The meeting whose call is open in this room."""
        return await self._one((_meetings.c.room_id == room_id) & _meetings.c.ended_at.is_(None))

    async def unfinished(self) -> list[Meeting]:
        """The meetings about which something is still to be done."""
        async with self._engine.connect() as connection:
            rows = await connection.execute(select(_meetings).where(_meetings.c.finished_at.is_(None)))
            return [_meeting(row) for row in rows]

    async def latest_in(self, room_id: RoomId) -> Meeting | None:
        """The meeting opened last in this room, whatever became of it."""
        return await self._one(_meetings.c.room_id == room_id)

    async def by_link(self, link: Link) -> Meeting | None:
        """The meeting behind a join link."""
        return await self._one(_meetings.c.link == link)

    async def note_card(self, meeting: MeetingId, card_id: EventId) -> None:
        """The meeting's card is this message."""
        async with self._engine.begin() as connection:
            await connection.execute(update(_meetings).where(_meetings.c.id == meeting).values(card_id=card_id))

    async def end(self, meeting: MeetingId) -> datetime:
        """The call is over, since now or since it was first said; returns that time."""
        await self._set_once(meeting, "ended_at")
        ended = await self.get(meeting)
        if ended is None or ended.ended_at is None:
            raise LookupError(meeting)
        return ended.ended_at

    async def finish(self, meeting: MeetingId) -> None:
        """Nothing more will be done about this meeting."""
        await self._set_once(meeting, "finished_at")

    async def note_undelivered(self, meeting: MeetingId, why: str) -> None:
        """The meeting's transcript is kept, and not in its room."""
        await self._set_undelivered(meeting, why)

    async def note_delivered(self, meeting: MeetingId) -> None:
        """The meeting's transcript is in its room after all."""
        await self._set_undelivered(meeting, None)

    async def undelivered(self, room_id: RoomId | None = None) -> list[Meeting]:
        """The meetings whose transcripts are kept and not posted, of one room or of all; the oldest first."""
        where_they_belong = true() if room_id is None else _meetings.c.room_id == room_id
        return await self._all(_meetings.c.undelivered.is_not(None) & where_they_belong)

    async def finished_before(self, moment: datetime) -> list[Meeting]:
        """The meetings about which nothing more was to be done since before this moment; the oldest first."""
        return await self._all(_meetings.c.finished_at < moment)

    async def forget(self, meeting: MeetingId) -> None:
        """There has been no such meeting."""
        async with self._engine.begin() as connection:
            await connection.execute(delete(_meetings).where(_meetings.c.id == meeting))

    async def stop_transcription(self, meeting: MeetingId) -> None:
        """From now on this meeting has never been transcribed."""
        async with self._engine.begin() as connection:
            await connection.execute(update(_meetings).where(_meetings.c.id == meeting).values(transcribed=False))

    async def language_of(self, room_id: RoomId) -> Language | None:
        """The language that was chosen in this room, if one was."""
        async with self._engine.connect() as connection:
            language: Language | None = await connection.scalar(
                select(_rooms.c.language).where(_rooms.c.room_id == room_id)
            )
            return language

    async def set_language(self, room_id: RoomId, language: Language) -> None:
        """Remember the language chosen in this room."""
        async with self._engine.begin() as connection:
            changed = await connection.execute(
                update(_rooms).where(_rooms.c.room_id == room_id).values(language=language)
            )
            if changed.rowcount == 0:
                await connection.execute(insert(_rooms).values(room_id=room_id, language=language))

    async def _set_once(self, meeting: MeetingId, column: str) -> None:
        async with self._engine.begin() as connection:
            await connection.execute(
                update(_meetings)
                .where((_meetings.c.id == meeting) & _meetings.c[column].is_(None))
                .values({column: self._now()})
            )

    async def _set_undelivered(self, meeting: MeetingId, why: str | None) -> None:
        async with self._engine.begin() as connection:
            await connection.execute(update(_meetings).where(_meetings.c.id == meeting).values(undelivered=why))

    async def _all(self, condition: ColumnElement[bool]) -> list[Meeting]:
        async with self._engine.connect() as connection:
            rows = await connection.execute(select(_meetings).where(condition).order_by(_meetings.c.opened_at))
            return [_meeting(row) for row in rows]

    async def _one(self, condition: object) -> Meeting | None:
        query = select(_meetings).where(condition).order_by(_meetings.c.opened_at.desc()).limit(1)  # type: ignore[arg-type]
        async with self._engine.connect() as connection:
            row = (await connection.execute(query)).first()
        return _meeting(row) if row is not None else None


def _meeting(row: Row[tuple[object, ...]]) -> Meeting:
    fields = dict(row._mapping)  # noqa: SLF001 (the documented way to a row's columns by name)
    for time in ("opened_at", "ended_at", "finished_at"):
        if fields[time] is not None and fields[time].tzinfo is None:  # SQLite keeps no zone; what is stored is UTC
            fields[time] = fields[time].replace(tzinfo=UTC)
    return Meeting(**fields)
