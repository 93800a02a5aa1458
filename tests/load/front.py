"""The front of a load run: everything real from the stored command to the posted transcript, rooms and calls in memory.

A process of its own (`… FOLDER MEETINGS`): opens so many meetings at once, lets them go on, has all of them hang up at
the same moment, waits for the last transcript, and writes what it saw into FOLDER/held.json. Then it
waits to be ended.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.commands.answering import Answers
from bot.commands.parsing import is_addressed
from bot.durable.signals import LOOK, Signal, tell
from bot.durable.takeover import keep_taking_over
from bot.durable.workflows import TRANSCRIPTIONS, taking_part
from bot.meeting.meetings import Meetings
from bot.meeting.steps import MeetingSteps
from bot.meeting.transcribing import Transcribing
from bot.process.identity import Identity
from bot.room.card import CARD_KEY
from bot.room.delivery import TRANSCRIPT_KEY, Delivery
from bot.store.database import Database
from bot.store.register import Meeting, Register
from bridge.livekit.ids import CallId
from bridge.matrix.ids import RoomId
from bridge.matrix.intake import Wanted
from tests.fakes.listening import intake_of, listener_of
from tests.fakes.waiting import until
from tests.load.measure import LoopLag, cpu_s_of, only_warnings, percentile
from tests.load.processes import LONGEST_S, OTHERS, SILENT, SPEAKERS, ready_file, settings_of, speaker
from tests.load.world import SignalledCalls, TimedRooms, ToldHomeserver
from transcripts.storage.archive import Archive
from transcripts.storage.spool import Spool

PROBES: Final = 5
GOES_ON_S: Final = 4.0
SAMPLE_EVERY_S: Final = 1.0
NOTHING_MORE_S: Final = 5.0
"""When nothing has happened for so long, what has not happened yet will not."""


@dataclass
class Held:
    """What was seen of so many meetings at once; times in seconds."""

    meetings: int
    database: str = "SQLite"
    cards_s: list[float] = field(default_factory=list)
    """From each command to its card, when all came in the same moment."""
    cards_later_s: list[float] = field(default_factory=list)
    """The same for single commands while all these meetings go on."""
    steps_a_s: float = 0.0
    """Durable steps a second while the meetings were opened."""
    recorded: int = 0
    """Meetings whose recording had begun before they hung up."""
    cores: dict[str, float] = field(default_factory=dict)
    """What each process takes while the meetings go on."""
    lag_opening_s: float = 0.0
    lag_transcribing_s: float = 0.0
    """The event loop's lag, 99th percentile."""
    queue: list[tuple[float, int, float]] = field(default_factory=list)
    """Over the time since hanging up: transcriptions that wait or run, and the age of the oldest."""
    transcripts_s: list[float] = field(default_factory=list)
    """From hanging up until each room had its transcript, both files and the card that says so."""
    speech_s: float = 0.0
    """How much speech there was in all of them."""
    lost: list[str] = field(default_factory=list)
    """What is not as it should be in the end, room by room."""


class Front:
    """One front under load."""

    def __init__(self, folder: Path, meetings: int) -> None:
        self.settings = settings_of(folder)
        self.rooms = TimedRooms()
        self.calls = SignalledCalls(folder)
        self.homeserver = ToldHomeserver(self.settings)
        self.spool = Spool(self.settings.storage.spool)
        self.archive = Archive(self.settings.storage.transcripts)
        self.held = Held(meetings)
        self.lag = LoopLag()
        self.engine: AsyncEngine
        self.register: Register
        self._folder = folder

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Take part in the durable work, and listen."""
        database = Database.open(self.settings)
        await database.migrate()
        self.engine = database.engine
        self.held.database = "PostgreSQL" if database.is_shared else "SQLite"
        (self._folder / "over").mkdir(exist_ok=True)
        self.register = Register(self.engine)
        steps = MeetingSteps(self.settings, self.register, self.calls, self.rooms, self.spool)
        delivery = Delivery(self.rooms, self.register, self.archive, self.settings.rooms.zone)
        meetings = Meetings(self.register, steps, Transcribing(steps, delivery))
        answers = Answers(self.settings, self.register, meetings, self.calls, self.rooms, self.rooms)
        wanted = Wanted(invitation_from=lambda _: True, message=lambda message: is_addressed(message.body))
        intake = intake_of(self.homeserver, self.engine, wanted)
        async with self.homeserver, taking_part(Identity.of("front"), database, ()), self.lag.watched():
            listener = listener_of(self.homeserver, intake, answers.answer)
            tasks = [asyncio.create_task(run) for run in (listener.run(), keep_taking_over(self.engine))]
            try:
                yield
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                await meetings.leave_off()
        await database.dispose()

    async def hold(self) -> Held:
        """Hold the meetings, from the command to the transcript."""
        rooms = [RoomId(f"!{number:03}:tchap.test") for number in range(self.held.meetings)]
        silent = [RoomId(f"!silent-{number}:tchap.test") for number in range(PROBES)]
        await self._open(rooms)
        await self._go_on(rooms)
        for room in silent:
            await self._probe(room)
        await self._hang_up(rooms)
        for room in rooms:
            self.held.lost += await self._what_is_wrong_in(room)
        return self.held

    async def _open(self, rooms: list[RoomId]) -> None:
        """All commands in one answer of the homeserver."""
        steps_before = await self._count("operation_outputs")
        began_s = time.perf_counter()
        self.homeserver.say(rooms, "!visio {room}")
        await until(lambda: len(self.rooms.card_at_s) == len(rooms), within_s=LONGEST_S)
        took_s = time.perf_counter() - began_s
        self.held.cards_s = [self.rooms.card_at_s[room] - began_s for room in rooms]
        self.held.steps_a_s = (await self._count("operation_outputs") - steps_before) / took_s
        self.held.lag_opening_s = self._lag_since_last()

        recorded = await self._recorded(rooms)
        seen_s = time.perf_counter()
        while recorded < len(rooms) and time.perf_counter() - seen_s < NOTHING_MORE_S:
            await asyncio.sleep(SAMPLE_EVERY_S)
            more = await self._recorded(rooms)
            if more > recorded:
                recorded, seen_s = more, time.perf_counter()
        self.held.recorded = recorded

    async def _go_on(self, rooms: list[RoomId]) -> None:
        """People are in the calls, and nothing happens."""
        for meeting in await self._meetings(rooms):
            self.calls.join(CallId(meeting.id), *(speaker(meeting.title, number) for number in range(SPEAKERS)))
        async with asyncio.TaskGroup() as webhooks:
            for meeting in await self._meetings(rooms) * SPEAKERS:
                webhooks.create_task(tell(meeting.id, LOOK))
        await until(lambda: all(" · depuis " in self.rooms.of(room)[-1].body for room in rooms), within_s=LONGEST_S)
        pids = {"front": os.getpid()} | {role: int(ready_file(self._folder, role).read_text()) for role in OTHERS}
        before_s = {role: cpu_s_of(pid) for role, pid in pids.items()}
        await asyncio.sleep(GOES_ON_S)
        self.held.cores = {role: (cpu_s_of(pid) - before_s[role]) / GOES_ON_S for role, pid in pids.items()}

    async def _probe(self, room: RoomId) -> None:
        """One more meeting, opened and ended while the others go on."""
        began_s = time.perf_counter()
        self.homeserver.say([room], f"!visio {SILENT}")
        await until(lambda: room in self.rooms.card_at_s, within_s=LONGEST_S)
        self.held.cards_later_s.append(self.rooms.card_at_s[room] - began_s)
        self.homeserver.say([room], "!visio fin")

    async def _hang_up(self, rooms: list[RoomId]) -> None:
        """Everyone everywhere hangs up; returns when nothing is left to do."""
        meetings = await self._meetings(rooms)
        self._lag_since_last()
        began_s = time.perf_counter()
        for meeting in meetings:
            self.calls.everyone_leaves(CallId(meeting.id))
        async with asyncio.TaskGroup() as webhooks:
            for signal in (*[LOOK] * SPEAKERS, Signal("closed")):  # everybody left, and then the room was closed
                for meeting in meetings:
                    webhooks.create_task(tell(meeting.id, signal))
            while await self.register.unfinished():
                waiting, oldest_s = await self._queue()
                self.held.queue.append((round(time.perf_counter() - began_s, 1), waiting, round(oldest_s, 1)))
                await asyncio.sleep(SAMPLE_EVERY_S)
        self.held.transcripts_s = sorted(self.rooms.last_at_s[room] - began_s for room in rooms)
        self.held.lag_transcribing_s = self._lag_since_last()

    async def _what_is_wrong_in(self, room: RoomId) -> list[str]:
        """What a room lacks or has too much of: a card that is settled, its own meeting's transcript, two files."""
        events = self.rooms.of(room)
        meeting = await self.register.latest_in(room)
        if meeting is None:
            return [f"{room}: no meeting"]
        parts = [event.content[TRANSCRIPT_KEY] for event in events if TRANSCRIPT_KEY in event.content]
        files = [event for event in events if event.content.get("msgtype") == "m.file"]
        cards = [event for event in events if CARD_KEY in event.content and event.edits is None]
        said = "".join(event.body for event in events if TRANSCRIPT_KEY in event.content)
        wrong: list[str] = []
        if len(cards) != 1 or events[-1].edits != cards[0].event_id or meeting.finished_at is None:
            wrong.append(f"{room}: the card is not settled")
        if [part["part"] for part in parts] != list(range(1, len(parts) + 1)) or not parts or len(files) != 2:
            wrong.append(f"{room}: {len(parts)} parts of a transcript and {len(files)} files")
        elif not all(speaker(meeting.title, number) in said for number in range(SPEAKERS)):
            wrong.append(f"{room}: the transcript is another meeting's")
        else:
            self.held.speech_s += (await asyncio.to_thread(self.archive.read, meeting.id)).stats.speech_s
        return wrong

    async def _meeting(self, room: RoomId) -> Meeting:
        meeting = await self.register.latest_in(room)
        assert meeting is not None
        return meeting

    async def _meetings(self, rooms: list[RoomId]) -> list[Meeting]:
        return [await self._meeting(room) for room in rooms]

    async def _recorded(self, rooms: list[RoomId]) -> int:
        meetings = await self._meetings(rooms)
        return sum([len(await asyncio.to_thread(self.spool.tracks, meeting.id)) == SPEAKERS for meeting in meetings])

    async def _queue(self) -> tuple[int, float]:
        """How many transcriptions wait or run, and how old the oldest is."""
        table = self._dbos_table("workflow_status")
        query = text(
            f"SELECT count(*), min(created_at) FROM {table} "  # noqa: S608 (our own names)
            "WHERE queue_name = :queue AND status IN ('ENQUEUED', 'PENDING')"
        )
        async with self.engine.connect() as connection:
            waiting, oldest_ms = (await connection.execute(query, {"queue": TRANSCRIPTIONS.name})).one()
        return waiting, time.time() - oldest_ms / 1000 if waiting else 0.0

    async def _count(self, table: str) -> int:
        async with self.engine.connect() as connection:
            counted: int = await connection.scalar(text(f"SELECT count(*) FROM {self._dbos_table(table)}"))  # noqa: S608
            return counted

    def _dbos_table(self, name: str) -> str:
        return f"dbos.{name}" if self.engine.dialect.name == "postgresql" else name

    def _lag_since_last(self) -> float:
        lag_s = percentile(self.lag.seen_s, 99)
        self.lag.seen_s.clear()
        return lag_s


def held_file(folder: Path) -> Path:
    """Where it writes what it saw, when all is over."""
    return folder / "held.json"


async def main(folder: Path, meetings: int) -> None:
    """Hold them, and write down what was seen."""
    front = Front(folder, meetings)
    async with front.open():
        seen = json.dumps(asdict(await front.hold()))
        new = folder / "held.new"
        new.write_text(seen)
        new.replace(held_file(folder))
        await asyncio.Event().wait()


if __name__ == "__main__":
    only_warnings()
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
