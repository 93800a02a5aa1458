"""A look at a call tells apart an empty one, one that is gone, and a call server that does not say."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from bot.meeting.looking import look_at_call
from bridge.livekit.calls import CallError, CallServerRefused, CallServerUnreachable
from bridge.livekit.ids import CallId
from tests.fakes.calls import FakeCalls
from tests.unit.bot.samples import a_meeting

MEETING = a_meeting()
CALL = CallId(MEETING.id)


async def test_who_is_in_the_call_is_seen() -> None:
    """Each by name, and how many there are."""
    calls = FakeCalls(present={CALL: {}})
    calls.join(CALL, "Claire", "Marc")
    seen = await look_at_call(calls, MEETING)
    assert [person.name for person in seen.people or ()] == ["Claire", "Marc"]
    assert (seen.present, seen.has_room) == (2, True)


async def test_an_empty_call_is_there_and_one_that_is_gone_is_not() -> None:
    """Nobody is in either."""
    empty = await look_at_call(FakeCalls(present={CALL: {}}), MEETING)
    gone = await look_at_call(FakeCalls(), MEETING)
    assert (empty.people, empty.present, empty.has_room) == ((), 0, True)
    assert (gone.people, gone.present, gone.has_room) == ((), 0, False)


@pytest.mark.parametrize("error", [CallServerUnreachable("away"), CallServerRefused("wrong key")])
async def test_a_call_server_that_does_not_say_is_logged_and_fails_nothing(error: CallError) -> None:
    """Nobody may take that for an empty call."""
    with capture_logs() as logs:
        seen = await look_at_call(FakeCalls(failing=error), MEETING)
    assert (seen.people, seen.present) == (None, 0)
    assert [(entry["event"], entry["meeting_id"], entry["cause"]) for entry in logs] == [
        ("call cannot be looked at", MEETING.id, str(error))
    ]
