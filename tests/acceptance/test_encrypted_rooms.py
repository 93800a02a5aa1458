"""An encrypted room, in each way the bot can be known to a homeserver: its members read it, and nobody else does.

The members' client is matrix-js-sdk, which exchanges keys with no device that its owner has not signed.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.acceptance.team import NewTeam, NobodyWatches, Team, teams
from tests.evaluation.meetings import MEETINGS, Meeting, first, load, since
from tests.stack.encrypted_person import NO_SHIELD, EncryptedPerson
from tests.stack.meeting_in_room import open_call, read_transcript, speak
from tests.stack.speech_model import speech_model
from tests.stack.stack import Stack, running_stack
from tests.stack.surroundings import Way

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]

WAYS: tuple[Way, ...] = ("sync", "push", "account")
SEEN_WITHIN_S = 30.0


@pytest_asyncio.fixture(scope="module", loop_scope="session", params=WAYS)
async def stack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """The servers, with a Greffier that the homeserver knows in one of the ways."""
    folder = tmp_path_factory.mktemp(f"stack-{request.param}")
    async with running_stack(folder, model_folder=speech_model(), way=request.param) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def new_team(stack: Stack) -> AsyncIterator[NewTeam]:
    """Makes a team in a room of its own."""
    async with teams(stack) as make:
        yield make


@pytest.fixture(scope="module")
def meeting() -> Meeting:
    """Twelve seconds of two people who take turns."""
    return first(since(load(MEETINGS / "dev2"), 2.6), 12.0)


async def test_a_meeting_is_read_by_the_members_of_its_room_and_by_nobody_else(
    stack: Stack, new_team: NewTeam, meeting: Meeting
) -> None:
    """Command, card and its edits, thread, files: no client has anything to warn of, the homeserver nothing to read."""
    team = await new_team()
    card_id, link = await open_call(team.colleague, team.room_id, stack.bot_user_id, "Point accueil")
    hung_up_at_ms = await speak(stack, meeting, link, NobodyWatches())
    for reader in (team.host, team.colleague):
        held = await read_transcript(reader, team.room_id, card_id, hung_up_at_ms=hung_up_at_ms, within_s=150)
        assert held.card.edits >= 2  # people have joined, and it is over
        assert held.transcript[0].body.startswith("Transcription — Visio · Point accueil")
        for ending in (".md", ".vtt"):
            written = await reader.read_file(held.file(ending))
            assert "Nadia" in written.decode()
            uri = held.file(ending).content["file"]["url"]
            assert b"Nadia" not in await reader.download(uri)
        for message in held.messages:
            assert await reader.shield(message, team.room_id) == NO_SHIELD, message.body
        assert await _signed(reader, stack.bot_user_id) == [True]
        assert team.room.unreadable == []

    stored = await team.host.as_stored(team.room_id)
    said = [event for event in stored if event["sender"] == stack.bot_user_id and "state_key" not in event]
    assert len(said) >= len(held.messages) + held.card.edits
    assert {event["type"] for event in said} == {"m.room.encrypted"}
    assert "Point accueil" not in str(stored)
    assert "Nadia" not in str(stored)


async def test_after_a_restart_the_bot_is_on_the_same_device(stack: Stack, new_team: NewTeam) -> None:
    """It answers what was typed in its absence, and what is typed after; no client sees another device or a warning."""
    team = await new_team()
    before = await team.ask(team.host, "!visio aide")
    devices = await team.host.devices_of(stack.bot_user_id)
    await stack.greffier.stop()
    typed = await team.colleague.send_text(team.room_id, "!visio aide")
    await stack.greffier.start()
    for answer in (before, await team.answer_to(typed), await team.ask(team.host, "!visio état")):
        assert await team.host.shield(answer, team.room_id) == NO_SHIELD
    assert await team.host.devices_of(stack.bot_user_id) == devices
    assert [device.signed_by_owner for device in devices] == [True]


async def test_a_device_that_its_owner_has_not_signed_neither_commands_nor_reads(
    stack: Stack, new_team: NewTeam
) -> None:
    """Its command changes nothing. When its owner has no other, the room has been told so, once, and how to mend it."""
    team = await new_team()
    unsigned = await team.colleague.on_unsigned_device()
    ignored = await unsigned.send_text(team.room_id, "!visio Réunion cachée")
    first_answer = await team.ask(team.host, "!visio état")
    assert first_answer.body.startswith("Aucun appel n’est ouvert dans ce salon.")
    await unsigned.wait_for(
        team.room_id,
        lambda room: first_answer.event_id in room and room.event(first_answer.event_id).unreadable,
        within_s=SEEN_WITHIN_S,
        what="an answer that it cannot read",
    )

    await team.colleague.request("POST", "/_matrix/client/v3/logout", {})
    await team.ask(team.host, "!visio état")
    await team.host.wait_for(
        team.room_id, lambda _: _told_of_karim(team, stack), within_s=SEEN_WITHIN_S, what="whose device is not verified"
    )
    await team.ask(team.host, "!visio aide")
    assert len(_told_of_karim(team, stack)) == 1
    assert not any(ignored in str(message.content) for message in team.room.messages_of(stack.bot_user_id))


def _told_of_karim(team: Team, stack: Stack) -> list[str]:
    return [message.body for message in team.room.messages_of(stack.bot_user_id) if "Karim Benali" in message.body]


async def _signed(reader: EncryptedPerson, user_id: str) -> list[bool]:
    """Of each of a user's devices, whether its owner has signed it."""
    return [device.signed_by_owner for device in await reader.devices_of(user_id)]
