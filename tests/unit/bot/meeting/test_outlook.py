"""How long a transcript will take: from the real queue, the register and the processes that are there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from sqlalchemy import event

from bot.meeting.outlook import Outlook
from bot.room.wording import FRENCH
from bot.store.register import Meeting
from bridge.matrix.ids import RoomId
from tests.unit.bot.hall import Hall


async def transcribed(hall: Hall, number: int, *, lasted: timedelta, took_s: float) -> Meeting:
    """A meeting of the past, with how long its call and its transcription were."""
    hall.later = timedelta()
    meeting = await hall.begins("!visio", "Claire", room=RoomId(f"!past-{number}:tchap.test"))
    hall.later = lasted
    await hall.leaves(meeting)
    finished = await hall.finishes(meeting)
    await hall.register.note_transcribed(meeting.id, took_s)
    return finished


@contextmanager
def reading(hall: Hall) -> Iterator[list[str]]:
    """What is asked of the register in the block."""
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if "FROM meetings" in statement:
            asked.append(statement)

    event.listen(hall._engine.sync_engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(hall._engine.sync_engine, "before_cursor_execute", note)


async def test_nothing_is_said_before_anything_is_known(hall: Hall) -> None:
    """The first transcription of all takes as long as it takes."""
    hall.speech.may_finish = False
    meeting = await hall.begins("!visio", "Claire")
    await hall.leaves(meeting)
    await hall.until(lambda: hall.card()[-1] == FRENCH.transcribing)


async def test_a_room_is_told_roughly_when_its_transcript_comes(hall: Hall) -> None:
    """From what waits before it, and from how long the last ones took."""
    await transcribed(hall, 1, lasted=timedelta(minutes=10), took_s=300)
    hall.speech.may_finish = False
    hall.later = timedelta()
    first = await hall.begins("!visio", "Claire", room=RoomId("!first:tchap.test"))
    second = await hall.begins("!visio", "Claire", room=RoomId("!second:tchap.test"))
    hall.later = timedelta(minutes=20)
    for meeting in (first, second):
        await hall.leaves(meeting)
        await hall.until(
            lambda meeting=meeting: hall.card(meeting.room_id)[-1].startswith("Transcription en cours\u00a0: ")  # type: ignore[misc]
        )
    assert "environ 10\u00a0min" in hall.card(first.room_id)[-1]
    assert "environ 20\u00a0min" in hall.card(second.room_id)[-1]


async def test_a_short_wait_is_not_worth_a_number(hall: Hall) -> None:
    """It is over before it is read."""
    await transcribed(hall, 1, lasted=timedelta(minutes=10), took_s=10)
    hall.speech.may_finish = False
    hall.later = timedelta()
    meeting = await hall.begins("!visio", "Claire")
    hall.later = timedelta(minutes=10)
    await hall.leaves(meeting)
    await hall.until(lambda: hall.card()[-1] == FRENCH.transcribing)
    outlook = Outlook(hall.register, hall._engine)
    assert (await outlook.wait_s(await hall.register.get(meeting.id) or meeting) or 0) < 60


async def test_a_long_queue_is_read_in_one_go(hall: Hall) -> None:
    """Each of a hundred meetings that wait asks: were they read one by one, the front would do nothing else."""
    await transcribed(hall, 1, lasted=timedelta(minutes=10), took_s=10)
    hall.speech.may_finish = False
    hall.later = timedelta()
    waiting = [await hall.begins("!visio", "Claire", room=RoomId(f"!room-{number}:tchap.test")) for number in range(4)]
    for meeting in waiting:
        await hall.leaves(meeting)
        await hall.until(lambda meeting=meeting: hall.card(meeting.room_id)[-1] == FRENCH.transcribing)  # type: ignore[misc]
    outlook = Outlook(hall.register, hall._engine)
    with reading(hall) as first:
        await outlook.wait_s(waiting[0])
    with reading(hall) as last:
        await outlook.wait_s(waiting[-1])
    assert len(first) == len(last)
