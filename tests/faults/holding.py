"""Holds a short meeting on the real stack, with a kill in it or none, and gathers what it leaves behind."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.faults.judging import Outcome
from tests.faults.left_behind import gaps, is_an_answer, keep_sound, kind, settled, sound_in
from tests.faults.place import until
from tests.stack.meeting_in_room import CARD_KEY, open_call, read_transcript, speak
from tests.stack.people import DidNotHappen
from tests.stack.webvtt import read_cues, words_by_voice

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine
    from pathlib import Path

    from tests.evaluation.meetings import Meeting, Segment
    from tests.faults.place import Place
    from tests.faults.steps import Row
    from tests.stack.room_view import RoomView, SeenEvent

_TITLE = "Point accueil"
_RECORDER_IN = "recorder in the call"
_GIVEN_UP = "given up"
_RECORDED_WITHIN_S = 40.0
_AT_ONCE_S = 1.0
"""A death that comes with the opening of the call has come by then."""
_MID_SPEECH_TURN = 1
_MID_SPEECH_S = 1.3
"""When somebody has said so much of that turn, the turn before it ended more than a second ago."""
_KEEP_EVERY_S = 0.5
_DONE_WITHIN_S = 180.0
_BACK_WITHIN_S = 60.0
_FREE_WITHIN_S = 60.0


@dataclass
class _Run:
    """What is noted of one meeting while it is held."""

    log_from: int
    pids: dict[str, int]
    spoke_at: float = 0.0
    disturbed_at: float = 0.0
    complaints: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Disturbance:
    """Something else than a kill: what happens in mid-speech, in a room and under a card."""

    act: Callable[[str, str], Coroutine[Any, Any, None]]
    stops_the_recorder: bool = False


async def hold(
    place: Place, meeting: Meeting, row: Row | None = None, disturbance: Disturbance | None = None
) -> Outcome:
    """Hold the meeting in a new room, kill as the row says, and wait until Greffier has done all that it will do.

    Args:
        place: Where.
        meeting: What is said in it.
        row: When to kill which process, if one is to be killed.
        disturbance: What is done to it instead.

    Raises:
        DidNotHappen: what must come for the meeting to go on has not come.
        TranscriptMissing: there is no transcript.
    """
    try:
        return await _hold(place, meeting, row, disturbance)
    finally:
        if row:
            place.orders.withdraw(row.moment)


async def _hold(place: Place, meeting: Meeting, row: Row | None, disturbance: Disturbance | None) -> Outcome:
    greffier, bot = place.stack.greffier, place.stack.bot_user_id
    run = _Run(greffier.process.log_size(), greffier.pids())
    room_id = await place.new_room()
    room = place.host.room(room_id)
    if row and row.since == "the command":
        place.orders.give(row.moment)
    typed_at = time.monotonic()
    card_id, link = await open_call(place.host, room_id, bot, _TITLE)
    card_after_s = time.monotonic() - typed_at
    meeting_id = room.event(card_id).content[CARD_KEY]["meeting"]
    kept = place.folder / "sound" / meeting_id
    async with _keeping_the_sound(place.spooled(meeting_id), kept), asyncio.TaskGroup() as tasks:

        def in_mid_speech() -> None:
            run.disturbed_at = time.time()
            if row and row.since == "mid-speech":
                place.orders.give(row.moment)
            if disturbance:
                tasks.create_task(disturbance.act(room_id, card_id))

        await _until_the_recorder_listens(place, run)
        hung_up_at_ms = await speak(place.stack, meeting, link, _Watcher(run, in_mid_speech))
        held = await read_transcript(place.host, room_id, card_id, hung_up_at_ms=hung_up_at_ms, within_s=_DONE_WITHIN_S)
    said = words_by_voice(read_cues((await place.colleague.read_file(held.file(".vtt"))).decode()))
    if row:
        await _until_back(place, run, row)
    await _until_free(place, room_id, meeting_id, run)
    run.complaints += [
        line.strip() for line in greffier.process.log_since(run.log_from).splitlines() if _GIVEN_UP in line
    ]
    return Outcome(
        posted=tuple(kind(message, card_id) for message in room.messages_of(bot) if not is_an_answer(message)),
        settled=settled(room.event(card_id)),
        said=said,
        sound=sound_in(kept),
        gaps=gaps(greffier.transcript(meeting_id)),
        spoke_at=run.spoke_at,
        card_after_s=card_after_s,
        complete_after_s=held.hangup_to_complete_s,
        died_at=place.orders.carried_out_at() if row else run.disturbed_at,
        lost_the_recorder=bool(
            (row and row.moment.role == "recorder") or (disturbance and disturbance.stops_the_recorder)
        ),
        complaints=tuple(run.complaints),
    )


class _Watcher:
    """Notes when people begin to speak, and says when they are in the middle of it."""

    def __init__(self, run: _Run, in_mid_speech: Callable[[], None]) -> None:
        self._run = run
        self._in_mid_speech = in_mid_speech
        self._turns = 0

    def happened(self, what: str) -> None:
        """Something took place."""

    def speaks(self, segment: Segment) -> None:
        """Somebody begins a turn."""
        self._run.spoke_at = self._run.spoke_at or time.time() - segment.start
        if self._turns == _MID_SPEECH_TURN:
            asyncio.get_running_loop().call_later(_MID_SPEECH_S, self._in_mid_speech)
        self._turns += 1


async def _until_the_recorder_listens(place: Place, run: _Run) -> None:
    """People come when the recorder is in: what is measured is what a death costs, not how long a start takes."""
    log = place.stack.greffier.process
    await until(
        lambda: _RECORDER_IN in log.log_since(run.log_from),
        within_s=_RECORDED_WITHIN_S,
        what="the recorder in the call",
    )
    await asyncio.sleep(_AT_ONCE_S)


@asynccontextmanager
async def _keeping_the_sound(spooled: Path, kept: Path) -> AsyncIterator[None]:
    """Meanwhile, have all of a meeting's sound outlive its erasure, in the folder `kept`."""

    async def keep() -> None:
        while True:
            with suppress(FileNotFoundError):  # not there yet, or being erased
                keep_sound(spooled, kept)
            await asyncio.sleep(_KEEP_EVERY_S)

    keeping = asyncio.create_task(keep())
    try:
        yield
    finally:
        keeping.cancel()


async def _until_back(place: Place, run: _Run, row: Row) -> None:
    """Whoever was to die has died, and a new process is there in its place."""
    greffier, role = place.stack.greffier, row.moment.role
    try:
        await until(lambda: place.orders.carried_out_at() is not None, within_s=_BACK_WITHIN_S, what=f"the kill: {row}")
        what = f"a new {role}"
        await until(lambda: greffier.pids()[role] != run.pids[role], within_s=_BACK_WITHIN_S, what=what)
    except DidNotHappen as error:
        run.complaints.append(str(error))
    await greffier.process.until_it_answers(f"{place.stack.public_url}/health/ready", within_s=_BACK_WITHIN_S)


async def _until_free(place: Place, room_id: str, meeting_id: str, run: _Run) -> None:
    """The sound is erased and the room is free for the next call."""
    try:
        gone = place.spooled(meeting_id)
        await until(lambda: not gone.exists(), within_s=_FREE_WITHIN_S, what="the sound being erased")
    except DidNotHappen as error:
        run.complaints.append(str(error))
    give_up_at = time.monotonic() + _FREE_WITHIN_S
    while not await _is_free(place, room_id):
        if time.monotonic() > give_up_at:
            run.complaints.append("the room is not free for the next call")
            return
        await asyncio.sleep(1)


async def _is_free(place: Place, room_id: str) -> bool:
    asked = await place.host.send_text(room_id, "!visio état")

    def answer(room: RoomView) -> SeenEvent | None:
        return next((message for message in room.messages if is_an_answer(message, asked)), None)

    answered = await place.host.wait_for(room_id, answer, within_s=_FREE_WITHIN_S, what="an answer to !visio état")
    return answered.body.startswith("Aucun appel")
