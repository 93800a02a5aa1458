"""A server that Greffier depends on is away: the room is told in plain words, and all works again by itself."""

from __future__ import annotations

import pytest

from tests.acceptance.team import NewTeam
from tests.stack.meeting_in_room import open_call
from tests.stack.stack import Stack

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]


async def test_without_livekit_the_room_is_told_and_the_next_call_opens(stack: Stack, new_team: NewTeam) -> None:
    """The command gets one sentence; nothing of the call that could not be opened stands in the way of the next."""
    team = await new_team()
    await stack.livekit.stop()
    try:
        await team.host.send_text(team.room_id, "!visio Point budget")
        await team.host.wait_for(
            team.room_id,
            lambda room: any("Le serveur d’appels ne répond pas" in message.body for message in room.messages),
            within_s=40,
            what="the sentence about the call server",
        )
    finally:
        await stack.livekit.start()
    card_id, _ = await open_call(team.host, team.room_id, stack.bot_user_id, "Point budget")
    await team.ask(team.host, "!visio fin")
    await team.card_at_the_end(card_id)


async def test_a_homeserver_that_restarts_is_listened_to_again(stack: Stack, new_team: NewTeam) -> None:
    """A command typed after the restart is answered, and one from before is not answered twice."""
    team = await new_team()
    before = await team.ask(team.host, "!visio aide")
    await stack.synapse.stop()
    await stack.synapse.start()
    after = await team.ask(team.host, "!visio état")
    assert after.body.startswith("Aucun appel n’est ouvert dans ce salon.")
    answers = [message for message in team.room.messages_of(stack.bot_user_id) if message.body == before.body]
    assert len(answers) == 1
