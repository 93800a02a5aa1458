"""Meetings as they are held: real register, real durable workflows, real spool and archive; rooms and calls in memory.

The jobs of the recorder and the speech process run here too, with fakes that do the work. The durable work can be
stopped in the middle and begun anew, as when the process is restarted.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from dbos import DBOS, WorkflowHandleAsync
from dbos._dbos import _get_dbos_instance, _get_or_create_dbos_registry
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.commands.answering import Answers
from bot.durable.jobs import recordings, transcriptions
from bot.durable.signals import LOOK, Signal, tell
from bot.durable.workflows import RECORDINGS, TRANSCRIPTIONS, taking_part
from bot.meeting.meetings import Meetings
from bot.meeting.moving import Moving
from bot.meeting.redelivery import Redelivery
from bot.meeting.retention import Retention
from bot.meeting.steps import MeetingSteps
from bot.meeting.transcribing import Transcribing
from bot.process.identity import Identity
from bot.room.delivery import Delivery
from bot.store.database import Database
from bot.store.register import Meeting, Register
from bridge.livekit.ids import CallId
from bridge.matrix.events import RoomMessage
from bridge.matrix.ids import EventId, RoomId, UserId
from tests.fakes.calls import FakeCalls
from tests.fakes.jobs import FakeRecorder, FakeSpeech, turn
from tests.fakes.rooms import FakeRooms, Sent
from tests.fakes.waiting import until
from tests.unit.bot.samples import settings
from transcripts.storage.archive import Archive
from transcripts.storage.spool import Spool

ROOM = RoomId("!room:tchap.test")
CAMILLE = UserId("@camille:tchap.test")
MARC = UserId("@marc:tchap.test")
WITHIN_S = 10.0
KEPT_FOR = timedelta(days=90)


class Hall:
    """One Greffier, from commands to transcripts."""

    def __init__(self, folder: Path, **sections: Any) -> None:
        self.settings = settings(folder, **sections)
        self.rooms = FakeRooms(names={CAMILLE: "Camille", MARC: "Marc <b>"})
        self.calls = FakeCalls()
        self.spool = Spool(folder / "spool")
        self.archive = Archive(folder / "transcripts")
        self.recorder = FakeRecorder(self.calls, self.spool)
        self.speech = FakeSpeech(self.archive, (turn("Claire", "Bonjour à tous"), turn("Marc", "Bonjour Claire", 2.0)))
        self.later = timedelta()
        """How far this Greffier's clock has been put forward."""
        self.lingers_s = 0.0
        """How long the process still lives when the durable work has ended: nothing may happen then."""
        self.database: Database
        self.register: Register
        self.redelivery: Redelivery
        self.moving: Moving
        self.retention: Retention
        self.clear_up: Callable[[], Awaitable[None]]
        self._answers: Answers
        self._engine: AsyncEngine
        self._said = 0

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Hall]:
        """Take part in the durable work, and end as a process does: what it was doing is left where it was."""
        registry = _get_or_create_dbos_registry()
        registry.instance_info_map.clear()  # those of an earlier Greffier
        registry.dbos = None
        registry.get_internal_queue()._polling_interval_sec = 0.05  # through which interrupted work comes back
        database = self.database = Database.open(self.settings)
        await database.migrate()
        self._engine = database.engine
        self.register = Register(database.engine, self.now)
        self.speech.register = self.register
        steps = MeetingSteps(self.settings, self.register, self.calls, self.rooms, self.spool, self.now)
        delivery = Delivery(self.rooms, self.register, self.archive, ZoneInfo(self.settings.rooms.time_zone), self.now)
        transcribing = Transcribing(steps, delivery)
        meetings = Meetings(self.register, steps, transcribing)
        self.clear_up = meetings.clear_up
        self.redelivery = Redelivery(self.register, self.rooms, steps, transcribing)
        self.moving = Moving(self.settings, self.register, self.calls, self.rooms, self.redelivery, self.now)
        self.retention = Retention(self.register, self.archive, self.spool, KEPT_FOR, self.now)
        self._answers = Answers(self.settings, self.register, meetings, self.calls, self.rooms, self.rooms)
        recordings(self.recorder.work)
        transcriptions(self.speech.work)
        try:
            async with taking_part(Identity.of("front"), database, (RECORDINGS, TRANSCRIPTIONS)):
                jobs = _get_dbos_instance()._workflow_tasks
                yield self
                await self.redelivery.leave_off()
                await meetings.leave_off()
                left = [job for job in jobs if job.get_loop() is asyncio.get_running_loop()]  # DBOS has one of its own
            await asyncio.sleep(self.lingers_s)
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)
        finally:
            await database.dispose()

    def now(self) -> datetime:
        """The time on this Greffier's clock."""
        return datetime.now(UTC) + self.later

    async def hears(
        self, body: str, sender: UserId = CAMILLE, *, event_id: str | None = None, room: RoomId = ROOM
    ) -> EventId:
        """Somebody types something; returns its event id once it has been handled."""
        self._said += 1
        message = RoomMessage(room, EventId(event_id or f"$said-{self._said}"), sender, body, 0)
        await self._answers.answer(message)
        return message.event_id

    async def begins(self, body: str = "!visio Point budget", *people: str, room: RoomId = ROOM) -> Meeting:
        """A meeting is opened, its recorder is there, and these people join."""
        await self.hears(body, room=room)
        opened = await self.register.open_in(room)
        assert opened is not None
        await self.until(lambda: CallId(opened.id) in self.calls.present and self.said("Rejoindre", "Join"))
        meeting = opened
        while meeting.card_id is None:  # said, and on its way into the register
            await asyncio.sleep(0.01)
            meeting = await self.register.get(opened.id) or opened
        if meeting.transcribed:
            await self.until(lambda: opened.id in self.recorder.begun)
        if people:
            self.calls.join(CallId(meeting.id), *people)
            await tell(meeting.id, LOOK)
            await self.until(lambda: self.said(" · depuis ", " · since "))
        return meeting

    async def holds_a_meeting_ending_after_each_message(self, sender: UserId = CAMILLE) -> None:
        """A meeting that somebody joins, in a process that ends after each of its messages, and begins anew."""
        self.rooms.loses_answers = True
        async with self.open():
            await self.hears("!visio", sender=sender)
            await self.until(lambda: self.rooms.sent)
            meeting = await self.register.open_in(ROOM)
        assert meeting is not None
        self.calls.join(CallId(meeting.id), "Claire")
        for count in range(2, 8):
            async with self.open():
                await self.until(lambda count=count: len(self.rooms.sent) == count)  # type: ignore[misc]
            self.calls.close_all()
        async with self.open():
            await self.finishes(meeting)

    async def leaves(self, meeting: Meeting) -> None:
        """Everyone hangs up, and LiveKit says so."""
        self.calls.everyone_leaves(CallId(meeting.id))
        await tell(meeting.id, Signal("closed"))

    async def finishes(self, meeting: Meeting) -> Meeting:
        """Wait until nothing more is done about a meeting."""
        await self.until_idle(meeting.id)
        finished = await self.register.get(meeting.id)
        assert finished is not None
        return finished

    async def until_idle(self, workflow_id: str) -> None:
        """Wait until a piece of durable work is over, however it ended."""
        handle: WorkflowHandleAsync[None] = await DBOS.retrieve_workflow_async(workflow_id)
        async with asyncio.timeout(WITHIN_S):
            await handle.get_result(polling_interval_sec=0.05)

    async def forget_card(self, meeting: Meeting) -> None:
        """The meeting has no card, as far as anybody knows."""
        async with self._engine.begin() as connection:
            await connection.execute(text("UPDATE meetings SET card_id = NULL WHERE id = :id"), {"id": meeting.id})

    async def delivered(self, meeting: Meeting) -> None:
        """Wait until a transcript that was kept is in its room."""
        async with asyncio.timeout(WITHIN_S):
            while any(  # noqa: ASYNC110 (a database tells nobody)
                kept.id == meeting.id for kept in await self.register.undelivered()
            ):
                await asyncio.sleep(0.02)

    async def until(self, holds: Callable[[], object], *, within_s: float = WITHIN_S) -> None:
        """Wait until something is so."""
        await until(holds, within_s=within_s)

    def said(self, *texts: str) -> list[Sent]:
        """What the bot has said with one of these texts in it."""
        return [event for event in self.rooms.sent if any(text in event.body for text in texts)]

    def card(self, room: RoomId = ROOM) -> list[str]:
        """The lines of the room's last card, as it is shown now."""
        events = self.rooms.of(room)
        cards = [event for event in events if "fr.greffier.card" in event.content and event.edits is None]
        edits = [event for event in events if event.edits == cards[-1].event_id]
        return [cards[-1], *edits][-1].body.splitlines()

    def thread(self, room: RoomId = ROOM) -> list[Sent]:
        """What stands in threads, in order."""
        return [event for event in self.rooms.of(room) if event.thread is not None]
