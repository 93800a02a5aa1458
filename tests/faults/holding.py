"""Holds a short meeting on the real stack, with a kill in it or none, and gathers what it leaves behind."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.evaluation.meetings import MEETINGS, first, load, since
from tests.faults.greffier import FOLDER_VARIABLE
from tests.faults.judging import Outcome
from tests.faults.orders import Orders
from tests.faults.spans import Span
from tests.stack.meeting_in_room import CARD_KEY, TRANSCRIPT_KEY, TranscriptMissing, open_call, read_transcript, speak
from tests.stack.people import DidNotHappen
from tests.stack.speech_model import speech_model
from tests.stack.stack import running_stack
from tests.stack.webvtt import read_cues, words_by_voice

if TYPE_CHECKING:
    import sys
    from collections.abc import AsyncIterator, Callable

    from tests.evaluation.meetings import Meeting, Segment
    from tests.faults.steps import Row
    from tests.stack.people import MatrixPerson
    from tests.stack.room_view import RoomView, SeenEvent
    from tests.stack.stack import Stack

REPOSITORY = Path(__file__).parents[2]
_TITLE = "Point accueil"
_RECORDER_IN = "recorder in the call"
_GIVEN_UP = "given up"
_RECORDED_WITHIN_S = 40.0
_AT_ONCE_S = 1.0
"""A death that comes with the opening of the call has come by then."""
_MID_SPEECH_TURN = 2
_MID_SPEECH_S = 1.2
"""When somebody has said so much of that turn, the turns before it ended more than a second ago."""
_DONE_WITHIN_S = 180.0
_BACK_WITHIN_S = 60.0
_FREE_WITHIN_S = 60.0


def short_meeting() -> Meeting:
    """Twenty seconds of two people who take turns, with a turn that comes late enough for a recorder to be back."""
    return first(since(load(MEETINGS / "dev2"), 68.4), 20.2)


@dataclass
class Place:
    """The running servers, two people who see what happens in their rooms, and the orders for Greffier's processes."""

    stack: Stack
    host: MatrixPerson
    colleague: MatrixPerson
    orders: Orders
    folder: Path
    held: int = 0

    async def new_room(self) -> str:
        """A room with both of them and the bot."""
        self.held += 1
        return await self.stack.shared_room(f"Salon {self.held}", [self.host, self.colleague])


@dataclass
class _Run:
    """What is noted of one meeting while it is held."""

    log_from: int
    pids: dict[str, int]
    spoke_at: float = 0.0
    card_after_s: float = 0.0
    complaints: list[str] = field(default_factory=list)


@asynccontextmanager
async def faulty_place(folder: Path, tell: Callable[[str], None] = lambda _: None) -> AsyncIterator[Place]:
    """All servers, with a Greffier whose processes die when they are ordered to."""
    orders = folder / "orders"
    orders.mkdir(parents=True)
    async with running_stack(
        folder,
        model_folder=speech_model(),
        settings={"calls": {"departure_timeout_s": 2}},
        tell=tell,
        program=(_python(), "-m", "tests.faults.greffier"),
        variables={FOLDER_VARIABLE: str(orders), "PYTHONPATH": str(REPOSITORY)},
    ) as stack:
        host = await stack.register("nadia", "Nadia Morel [DINUM]")
        colleague = await stack.register("thomas", "Thomas Roy [DINUM]")
        async with host.listening(), colleague.listening():
            yield Place(stack, host, colleague, Orders(orders), folder)


def _python() -> str:
    import sys  # noqa: PLC0415

    return sys.executable


async def hold(place: Place, meeting: Meeting, row: Row | None = None) -> Outcome:
    """Hold the meeting in a new room, kill as the row says, and wait until Greffier has done all that it will do."""
    greffier = place.stack.greffier
    run = _Run(greffier.process.log_file.stat().st_size, greffier.pids())
    room_id = await place.new_room()
    watcher = _Watcher(place.orders, run, row)
    try:
        if row and row.since == "the command":
            place.orders.give(row.moment)
        typed_at = time.monotonic()
        card_id, link = await open_call(place.host, room_id, place.stack.bot_user_id, _TITLE)
        run.card_after_s = time.monotonic() - typed_at
        await _until_the_recorder_listens(place, run)
        keeping = asyncio.create_task(_keep_the_sound(place, room_id, card_id))
        try:
            hung_up_at_ms = await speak(place.stack, meeting, link, watcher)
            held = await read_transcript(
                place.host, room_id, card_id, hung_up_at_ms=hung_up_at_ms, within_s=_DONE_WITHIN_S
            )
            said = words_by_voice(read_cues((await place.colleague.download(held.file(".vtt"))).decode()))
            sound = await keeping
        finally:
            keeping.cancel()
        if row:
            await _until_back(place, run, row)
        await _until_free(place, room_id, held.meeting_id, run)
        _look_for_what_was_given_up(place, run)
        stored = greffier.transcript(held.meeting_id)
        messages = place.host.room(room_id).messages_of(place.stack.bot_user_id)
        return Outcome(
            posted=tuple(_kind(message, card_id) for message in messages if not _is_an_answer(message)),
            settled=_settled(place.host.room(room_id).event(card_id)),
            said=said,
            sound=sound,
            gaps=_gaps(stored),
            spoke_at=run.spoke_at,
            card_after_s=run.card_after_s,
            complete_after_s=held.hangup_to_complete_s,
            died_at=place.orders.carried_out_at() if row else None,
            lost_the_recorder=bool(row and row.moment.role == "recorder"),
            complaints=tuple(run.complaints),
        )
    finally:
        if row:
            place.orders.withdraw(row.moment)


class Unfinished(Exception):
    """A meeting did not come to its end; the message says where it stopped."""


class _Watcher:
    """Notes when people begin to speak, and gives the order that is for when they do."""

    def __init__(self, orders: Orders, run: _Run, row: Row | None) -> None:
        self._orders = orders
        self._run = run
        self._row = row
        self._turns = 0

    def happened(self, what: str) -> None:
        """Something took place."""

    def speaks(self, segment: Segment) -> None:
        """Somebody begins a turn."""
        self._run.spoke_at = self._run.spoke_at or time.time() - segment.start
        if self._row and self._row.since == "mid-speech" and self._turns == _MID_SPEECH_TURN:
            asyncio.get_running_loop().call_later(_MID_SPEECH_S, self._orders.give, self._row.moment)
        self._turns += 1


async def _until_the_recorder_listens(place: Place, run: _Run) -> None:
    """People come when the recorder is in: what is measured is what a death costs, not how long a start takes."""
    await _until(lambda: _RECORDER_IN in _log(place, run), _RECORDED_WITHIN_S, "the recorder in the call")
    await asyncio.sleep(_AT_ONCE_S)


async def _keep_the_sound(place: Place, room_id: str, card_id: str) -> dict[str, tuple[Span, ...]]:
    """When the call is over, and before its sound is erased: when sound was recorded of whom."""

    def over(room: RoomView) -> SeenEvent | None:
        card = room.event(card_id)
        return card if card.content[CARD_KEY]["state"] != "open" else None

    card = await place.host.wait_for(room_id, over, within_s=_DONE_WITHIN_S, what="the end of the call on the card")
    meeting_id = card.content[CARD_KEY]["meeting"]
    kept = place.folder / "sound" / meeting_id
    shutil.copytree(_spooled(place, meeting_id), kept, copy_function=os.link)
    began_at = json.loads((kept / "meeting.json").read_text())["began_at"]
    sound: dict[str, list[Span]] = {}
    for file in sorted(kept.glob("*.pcm")):
        track = json.loads(file.with_suffix(".json").read_text())
        if track["started_s"] is not None:
            start = began_at + track["started_s"]
            sound.setdefault(track["name"], []).append(Span(start, start + file.stat().st_size / 2 / 16_000))
    return {name: tuple(spans) for name, spans in sound.items()}


def _spooled(place: Place, meeting_id: str) -> Path:
    return place.stack.greffier.storage_folder / "spool" / meeting_id


async def _until_back(place: Place, run: _Run, row: Row) -> None:
    """Whoever was to die has died, and a new process is there in its place."""
    greffier = place.stack.greffier
    try:
        await _until(lambda: place.orders.carried_out_at() is not None, _BACK_WITHIN_S, f"the death at: {row}")
        await _until(
            lambda: greffier.pids()[row.moment.role] != run.pids[row.moment.role], _BACK_WITHIN_S, "a new process"
        )
    except DidNotHappen as error:
        run.complaints.append(str(error))
    await greffier.process.until_it_answers(f"{place.stack.public_url}/health/ready", within_s=_BACK_WITHIN_S)


async def _until_free(place: Place, room_id: str, meeting_id: str, run: _Run) -> None:
    """The sound is erased and the room is free for the next call."""
    try:
        await _until(lambda: not _spooled(place, meeting_id).exists(), _FREE_WITHIN_S, "the sound being erased")
        give_up_at = time.monotonic() + _FREE_WITHIN_S
        while not await _is_free(place, room_id):
            if time.monotonic() > give_up_at:
                raise DidNotHappen("the room is not free for the next call")
            await asyncio.sleep(1)
    except DidNotHappen as error:
        run.complaints.append(str(error))


async def _is_free(place: Place, room_id: str) -> bool:
    asked = await place.host.send_text(room_id, "!visio état")

    def answer(room: RoomView) -> SeenEvent | None:
        return next((message for message in room.messages if _answers(message, asked)), None)

    answered = await place.host.wait_for(room_id, answer, within_s=_FREE_WITHIN_S, what="an answer to !visio état")
    return answered.body.startswith("Aucun appel")


def _look_for_what_was_given_up(place: Place, run: _Run) -> None:
    run.complaints += [line.strip() for line in _log(place, run).splitlines() if _GIVEN_UP in line]


def log_since(place: Place, offset: int) -> str:
    """What Greffier has written since its log was so long."""
    with place.stack.greffier.process.log_file.open("rb") as log:
        log.seek(offset)
        return log.read().decode(errors="replace")


def _log(place: Place, run: _Run) -> str:
    return log_since(place, run.log_from)


def _kind(message: SeenEvent, card_id: str) -> str:
    if CARD_KEY in message.content:
        return "card"
    place = "" if message.thread_root == card_id else " outside the thread"
    if TRANSCRIPT_KEY in message.content:
        part = message.content[TRANSCRIPT_KEY]
        return f"part {part['part']} of {part['parts']}{place}"
    if message.content.get("msgtype") == "m.file":
        return f"{Path(message.body).suffix}{place}"
    return f"“{message.body}”"


def _settled(card: SeenEvent) -> tuple[str, ...]:
    """The card's state, how many took part, and its remarks; not how long the call was."""
    _, line, *remarks = card.body.splitlines()
    return (card.content[CARD_KEY]["state"], *re.findall(r"\d+ participants?", line), *remarks)


def _gaps(stored: dict[str, Any]) -> tuple[Span, ...]:
    began_at = datetime.fromisoformat(stored["started_at"]).timestamp()
    return tuple(Span(began_at + gap["start_s"], began_at + gap["end_s"]) for gap in stored.get("gaps", ()))


def _is_an_answer(message: SeenEvent) -> bool:
    relation: dict[str, Any] = message.content.get("m.relates_to", {})
    return "m.in_reply_to" in relation and message.thread_root is None


def _answers(message: SeenEvent, event_id: str) -> bool:
    return _is_an_answer(message) and message.content["m.relates_to"]["m.in_reply_to"]["event_id"] == event_id


async def _until(condition: Callable[[], bool], within_s: float, what: str) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            raise DidNotHappen(f"this did not happen within {within_s:.0f} s: {what}")
        await asyncio.sleep(0.1)
