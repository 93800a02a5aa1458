"""Forgetting old meetings: everything of them, nothing of the others, and again where something went wrong."""

from __future__ import annotations

from datetime import timedelta

import pytest
from dbos import DBOS
from structlog.testing import capture_logs

from bot.store.register import Meeting
from tests.unit.bot.hall import KEPT_FOR, ROOM, Hall
from transcripts.storage.spool import MeetingId


async def held(hall: Hall) -> Meeting:
    """A meeting that is over."""
    meeting = await hall.begins("!visio", "Claire")
    await hall.leaves(meeting)
    return await hall.finishes(meeting)


async def work_on(meeting: Meeting) -> list[str]:
    """The durable work that is written down for a meeting."""
    return [work.workflow_id for work in await DBOS.list_workflows_async(workflow_id_prefix=meeting.id)]


def has_transcript(hall: Hall, meeting: Meeting) -> bool:
    """Whether the archive has it."""
    try:
        hall.archive.read(meeting.id)
    except OSError:
        return False
    return True


async def test_an_old_meeting_is_forgotten_and_its_room_left_as_it_is(hall: Hall) -> None:
    """Transcript, sound, the register's row, its jobs; a link to it leads nowhere any more."""
    meeting = await held(hall)
    hall.recorder._write(meeting.id)  # sound that was kept by choice
    said = list(hall.rooms.sent)
    assert len(await work_on(meeting)) == 3
    hall.later = KEPT_FOR + timedelta(hours=1)
    await hall.retention.forget_old()
    assert not has_transcript(hall, meeting)
    assert hall.spool.tracks(meeting.id) == []
    assert await work_on(meeting) == []
    assert await hall.register.get(meeting.id) is None
    assert await hall.register.by_link(meeting.link) is None
    assert hall.rooms.sent == said


async def test_a_meeting_is_kept_for_as_long_as_it_is_to_be(hall: Hall) -> None:
    """And one that goes on, however long ago it began."""
    meeting = await held(hall)
    hall.later = KEPT_FOR - timedelta(hours=1)
    await hall.retention.forget_old()
    assert has_transcript(hall, meeting)
    assert len(await work_on(meeting)) == 3
    going_on = await hall.begins("!visio", "Claire")
    hall.later = KEPT_FOR * 2
    await hall.retention.forget_old()
    assert await hall.register.get(meeting.id) is None
    assert await hall.register.get(going_on.id) is not None


async def test_one_that_cannot_be_forgotten_stops_no_other_and_is_tried_again(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that belongs to somebody else, say; the log says which meeting, once it is mended all is gone."""
    stuck, other = await held(hall), await held(hall)
    hall.later = KEPT_FOR + timedelta(hours=1)
    erase = hall.archive.erase

    def refuse(meeting: MeetingId) -> None:
        if meeting == stuck.id:
            raise PermissionError("not ours")
        erase(meeting)

    with monkeypatch.context() as patch, capture_logs() as logs:
        patch.setattr(hall.archive, "erase", refuse)
        await hall.retention.forget_old()
    assert await hall.register.get(other.id) is None
    assert await hall.register.get(stuck.id) is not None
    assert [entry["meeting_id"] for entry in logs if entry["log_level"] == "error"] == [stuck.id]
    await hall.retention.forget_old()
    assert await hall.register.get(stuck.id) is None
    assert not has_transcript(hall, stuck)


async def test_a_transcript_that_was_never_posted_is_given_up_at_last_and_the_log_says_so(hall: Hall) -> None:
    """With the work of its later deliveries; coming back into the room afterwards does nothing."""
    meeting = await hall.begins("!visio", "Claire")
    hall.rooms.put_out_of.add(ROOM)
    await hall.leaves(meeting)
    await hall.finishes(meeting)
    await hall.redelivery.into(ROOM)
    await hall.until_idle(f"{meeting.id}.again.0")
    hall.later = KEPT_FOR + timedelta(hours=1)
    with capture_logs() as logs:
        await hall.retention.forget_old()
    assert await work_on(meeting) == []
    (told,) = [entry for entry in logs if entry["log_level"] == "warning"]
    assert (told["meeting_id"], told["room_id"], told["why"]) == (meeting.id, ROOM, "kicked")
    hall.rooms.put_out_of.clear()
    before = list(hall.rooms.sent)
    await hall.redelivery.into(ROOM)
    assert hall.rooms.sent == before


async def test_a_meeting_that_is_still_worked_on_is_left_for_another_day(hall: Hall) -> None:
    """Its workflow would find nothing under its feet."""
    hall.recorder.says_when_done = False
    meeting = await hall.begins("!visio", "Claire")
    await hall.leaves(meeting)
    await hall.finishes(meeting)
    hall.later = KEPT_FOR + timedelta(hours=1)
    await hall.retention.forget_old()
    assert await hall.register.get(meeting.id) is not None
    hall.recorder.says_when_done = True
    await hall.until_idle(f"{meeting.id}.recordings")
    await hall.retention.forget_old()
    assert await hall.register.get(meeting.id) is None
