"""The register of meetings: which room has which call open, under which link, since when; and each room's language.

A meeting is registered before anything of it exists elsewhere. One open meeting a room is a rule of the table itself.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NewType

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Float,
    Index,
    MetaData,
    Row,
    Select,
    String,
    Table,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.store.timestamps import Moment
from bridge.matrix.ids import EventId, RoomId, UserId
from config.models import Language
from transcripts.storage.spool import MeetingId

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
    Column("opened_at", Moment, nullable=False),
    Column("title", String, nullable=False),
    Column("language", String, nullable=False),
    Column("link", String, nullable=False, unique=True),
    Column("transcribed", Boolean, nullable=False),
    Column("card_id", String),
    Column("ended_at", Moment),
    Column("finished_at", Moment),
    Column("recording_began_at", Moment),
    Column("undelivered", String),
    Column("transcribing_s", Float),
    Column("moved_to", String),
    Column("moved_card_id", String),
    Column("recorded_at", Moment),
    Column("unheard_s", Float),
)
Index(
    "one_open_meeting_a_room",
    _meetings.c.room_id,
    unique=True,
    sqlite_where=_meetings.c.ended_at.is_(None),
    postgresql_where=_meetings.c.ended_at.is_(None),
)
_present_room = func.coalesce(_meetings.c.moved_to, _meetings.c.room_id)
_shared_microphones = Table(
    "shared_microphones",
    SCHEMA,
    Column("meeting_id", String, primary_key=True),
    Column("name", String, primary_key=True),
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
    recording_began_at: datetime | None = None
    """The zero of the meeting's clock: when a recorder was first told to record it."""
    undelivered: str | None = None
    """Why what was to be posted is still kept here, and not in its room."""
    transcribing_s: float | None = None
    """How long after the last of its sound the transcript was there."""
    moved_to: RoomId | None = None
    """The room that has replaced the one in which it was opened, if one has."""
    moved_card_id: EventId | None = None
    """The message that stands for it there; None also where that was refused."""
    recorded_at: datetime | None = None
    """When the last of its sound was written; what is heard until then is not all."""
    unheard_s: float | None = None
    """How much speech of it waits for being recognised, as far as that was said."""

    @property
    def present_room(self) -> RoomId:
        """Where it is told of now."""
        return self.moved_to or self.room_id


class Register:
    """The meetings, as a table."""

    def __init__(self, engine: AsyncEngine, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._engine = engine
        self._now = now
        self._upsert = postgresql.insert if engine.dialect.name == "postgresql" else sqlite.insert

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
            known = await self._one(_meetings.c.command_id == command_id) or await self.open_in(room_id)
            if known is not None:
                return known
            with suppress(IntegrityError):
                async with self._engine.begin() as connection:
                    await connection.execute(insert(_meetings).values(row))
                return Meeting(**row, card_id=None, ended_at=None, finished_at=None)
        raise LookupError(f"the meeting of {command_id} can neither be registered nor be found")

    async def get(self, meeting: MeetingId) -> Meeting | None:
        """The meeting of this id."""
        return await self._one(_meetings.c.id == meeting)

    async def open_in(self, room_id: RoomId) -> Meeting | None:
        """The meeting whose call is open in this room, or has come from it or into it when it was replaced."""
        return await self._one(_known_in(room_id) & _meetings.c.ended_at.is_(None))

    async def unfinished(self) -> list[Meeting]:
        """The meetings about which something is still to be done."""
        return await self._all(select(_meetings).where(_meetings.c.finished_at.is_(None)))

    async def latest_in(self, room_id: RoomId) -> Meeting | None:
        """The meeting opened last in this room, whatever became of it; those that moved belong to both rooms."""
        return await self._one(_known_in(room_id))

    async def by_link(self, link: Link) -> Meeting | None:
        """The meeting behind a join link."""
        return await self._one(_meetings.c.link == link)

    async def note_card(self, meeting: MeetingId, card_id: EventId) -> None:
        """The meeting's card is this message."""
        await self._set(meeting, card_id=card_id)

    async def begin_recording(self, meeting: MeetingId) -> datetime:
        """The meeting's clock runs, since now or since it was first said; returns that time."""
        return await self._set_once(meeting, "recording_began_at")

    async def end(self, meeting: MeetingId) -> datetime:
        """The call is over, since now or since it was first said; returns that time."""
        return await self._set_once(meeting, "ended_at")

    async def note_recorded(self, meeting: MeetingId) -> datetime:
        """All of its sound is written, since now or since it was first said; returns that time."""
        return await self._set_once(meeting, "recorded_at")

    async def note_unheard(self, meeting: MeetingId, speech_s: float) -> None:
        """So many seconds of its speech wait for being recognised."""
        await self._set(meeting, unheard_s=speech_s)

    async def share_microphone(self, meeting: MeetingId, name: str) -> None:
        """Somebody said that several people speak into the microphone of the participant of this name."""
        shared = self._upsert(_shared_microphones).values(meeting_id=meeting, name=name)
        async with self._engine.begin() as connection:
            await connection.execute(shared.on_conflict_do_nothing())

    async def shared_microphones(self, meeting: MeetingId) -> tuple[str, ...]:
        """The names for which that was said, in alphabetical order."""
        query = select(_shared_microphones.c.name).where(_shared_microphones.c.meeting_id == meeting)
        async with self._engine.connect() as connection:
            return tuple(sorted(await connection.scalars(query)))

    async def finish(self, meeting: MeetingId) -> None:
        """Nothing more will be done about this meeting; one that is forgotten stays so."""
        with suppress(LookupError):
            await self._set_once(meeting, "finished_at")

    async def stop_transcription(self, meeting: MeetingId) -> None:
        """From now on this meeting has never been transcribed."""
        await self._set(meeting, transcribed=False)

    async def note_transcribed(self, meeting: MeetingId, took_s: float) -> None:
        """Its transcript was there so long after the last of its sound."""
        await self._set(meeting, transcribing_s=took_s)

    async def note_undelivered(self, meeting: MeetingId, why: str) -> None:
        """Its room could not be told what it was to be told; that is kept."""
        await self._set(meeting, undelivered=why)

    async def note_delivered(self, meeting: MeetingId) -> None:
        """Its room has it after all."""
        await self._set(meeting, undelivered=None)

    async def undelivered(self, room_id: RoomId | None = None) -> list[Meeting]:
        """The meetings of which something is kept for their room, or for this room; oldest first."""
        query = select(_meetings).where(_meetings.c.undelivered.is_not(None)).order_by(_meetings.c.opened_at)
        return await self._all(query if room_id is None else query.where(_present_room == room_id))

    async def staying_in(self, room_id: RoomId) -> list[Meeting]:
        """The meetings of which something is still to be told in this room; oldest first."""
        awaited = _meetings.c.finished_at.is_(None) | _meetings.c.undelivered.is_not(None)
        query = select(_meetings).where(_present_room == room_id, awaited)
        return await self._all(query.order_by(_meetings.c.opened_at))

    async def move(self, meeting: MeetingId, room_id: RoomId, card_id: EventId | None) -> None:
        """From now on the meeting is told of in this room, under this card."""
        card_ids = {"moved_card_id": card_id, "card_id": func.coalesce(_meetings.c.card_id, card_id)}
        await self._set(meeting, moved_to=room_id, **card_ids)

    async def finished_before(self, moment: datetime) -> list[Meeting]:
        """The meetings about which nothing has been done since then; oldest first."""
        query = select(_meetings).where(_meetings.c.finished_at < moment)
        return await self._all(query.order_by(_meetings.c.finished_at))

    async def forget(self, meeting: MeetingId) -> None:
        """There has never been such a meeting."""
        async with self._engine.begin() as connection:
            await connection.execute(delete(_shared_microphones).where(_shared_microphones.c.meeting_id == meeting))
            await connection.execute(delete(_meetings).where(_meetings.c.id == meeting))

    async def language_of(self, room_id: RoomId) -> Language | None:
        """The language that was chosen in this room, if one was."""
        async with self._engine.connect() as connection:
            language: Language | None = await connection.scalar(
                select(_rooms.c.language).where(_rooms.c.room_id == room_id)
            )
            return language

    async def set_language(self, room_id: RoomId, language: Language) -> None:
        """Remember the language chosen in this room."""
        choice = self._upsert(_rooms).values(room_id=room_id, language=language)
        async with self._engine.begin() as connection:
            await connection.execute(
                choice.on_conflict_do_update(index_elements=["room_id"], set_={"language": language})
            )

    async def _set(self, meeting: MeetingId, **values: object) -> None:
        async with self._engine.begin() as connection:
            await connection.execute(update(_meetings).where(_meetings.c.id == meeting).values(values))

    async def _set_once(self, meeting: MeetingId, column: str) -> datetime:
        this = _meetings.c.id == meeting
        async with self._engine.begin() as connection:
            unset = update(_meetings).where(this & _meetings.c[column].is_(None))
            await connection.execute(unset.values({column: self._now()}))
            since: datetime | None = await connection.scalar(select(_meetings.c[column]).where(this))
        if since is None:
            raise LookupError(meeting)
        return since

    async def _one(self, condition: ColumnElement[bool]) -> Meeting | None:
        query = select(_meetings).where(condition).order_by(_meetings.c.opened_at.desc()).limit(1)
        return next(iter(await self._all(query)), None)

    async def _all(self, query: Select[Any]) -> list[Meeting]:
        async with self._engine.connect() as connection:
            return [_meeting(row) for row in await connection.execute(query)]


def _known_in(room_id: RoomId) -> ColumnElement[bool]:
    return (_meetings.c.room_id == room_id) | (_meetings.c.moved_to == room_id)


def _meeting(row: Row[Any]) -> Meeting:
    return Meeting(**row._mapping)  # noqa: SLF001 (the documented way to a row's columns by name)
