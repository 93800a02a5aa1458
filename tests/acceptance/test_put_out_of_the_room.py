"""The bot is put out of the room while people talk: their transcript waits for it to be let in again."""

from __future__ import annotations

import asyncio

import pytest

from tests.acceptance.team import NewTeam, NobodyWatches
from tests.evaluation.meetings import Meeting
from tests.stack.meeting_in_room import open_call, read_transcript, speak
from tests.stack.stack import Stack

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]


async def test_a_bot_that_is_invited_again_brings_the_transcript_along(
    stack: Stack, new_team: NewTeam, short_meeting: Meeting
) -> None:
    """Once, under the card of the call; the operator's log says meanwhile what to do, and the room can meet again."""
    team = await new_team()
    card_id, link = await open_call(team.host, team.room_id, stack.bot_user_id, "Point budget")
    async with asyncio.TaskGroup() as meeting:
        speaking = meeting.create_task(speak(stack, short_meeting, link, NobodyWatches()))
        await team.card_saying(card_id, "2 participants")
        await team.host.kick(team.room_id, stack.bot_user_id)
    log_file = stack.greffier.process.log_file
    async with asyncio.timeout(150):
        while "have somebody invite Greffier into the room again" not in log_file.read_text():  # noqa: ASYNC110
            await asyncio.sleep(0.2)
    await team.host.invite(team.room_id, stack.bot_user_id)
    held = await read_transcript(team.host, team.room_id, card_id, hung_up_at_ms=speaking.result(), within_s=60)
    assert "Nadia" in held.transcript[0].body
    assert "Le compte rendu et la transcription sont dans le fil de discussion." in held.card.body
    bodies = [message.body for message in held.thread]
    assert len(bodies) == len(set(bodies))
    assert len(held.messages) == 1 + len(held.thread)  # the card and the thread, each once
    assert (await team.ask(team.host, "!visio état")).body.startswith("Aucun appel n’est ouvert dans ce salon.")
