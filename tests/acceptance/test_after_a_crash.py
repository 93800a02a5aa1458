"""Any of Greffier's processes may be killed in mid-call: the meeting goes on, and its transcript comes, once."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import Literal

import pytest

from tests.acceptance.team import NewTeam, NobodyWatches
from tests.evaluation.meetings import Meeting
from tests.stack.meeting_in_room import open_call, read_transcript, speak
from tests.stack.stack import Stack

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]


@pytest.mark.parametrize("killed", [("front",), ("recorder", "speech")], ids="-and-".join)
async def test_a_meeting_survives_a_kill(
    stack: Stack, new_team: NewTeam, short_meeting: Meeting, killed: tuple[Literal["front", "recorder", "speech"], ...]
) -> None:
    """SIGKILL while people talk; they notice nothing, and both are named in the one transcript that is posted."""
    team = await new_team()
    card_id, link = await open_call(team.host, team.room_id, stack.bot_user_id, "Point budget")
    async with asyncio.TaskGroup() as meeting:
        speaking = meeting.create_task(speak(stack, short_meeting, link, NobodyWatches()))
        await team.card_saying(card_id, "2 participants")
        before = stack.greffier.pids()
        for role in killed:
            os.kill(before[role], signal.SIGKILL)
    held = await read_transcript(team.host, team.room_id, card_id, hung_up_at_ms=speaking.result(), within_s=150)
    after = stack.greffier.pids()
    assert {role for role in after if after[role] != before[role]} == set(killed)
    assert "Nadia" in held.transcript[0].body
    assert "Thomas" in held.transcript[0].body
    bodies = [message.body for message in held.thread]
    assert len(bodies) == len(set(bodies))
    assert len(held.messages) == 1 + len(held.thread)  # the card and the thread, each once
