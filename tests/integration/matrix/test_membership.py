"""Coming, going, being put out and being asked again, on the real homeserver: the bot is where people want it."""

from __future__ import annotations

import secrets

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from structlog.testing import capture_logs

from bridge.matrix.events import Invite
from bridge.matrix.homeserver import Homeserver
from bridge.matrix.ids import RoomId, UserId
from bridge.matrix.inbox import Inbox
from config.models import Matrix
from tests.fakes.matrix import Heard
from tests.integration.matrix.test_listener import bot_becomes, listening, room_with_bot
from tests.stack.people import MatrixPerson, MatrixRefusal


async def banned(person: MatrixPerson, room_id: str, user_id: str, *, again: bool = False) -> None:
    """Keep a user out of a room for good, or (`again`) let them be invited again."""
    act = "unban" if again else "ban"
    await person.request("POST", f"/_matrix/client/v3/rooms/{room_id}/{act}", {"user_id": user_id})


async def test_a_bot_that_was_put_out_comes_back_when_it_is_invited(
    settings: Matrix, engine: AsyncEngine, claire: MatrixPerson
) -> None:
    """What was typed while it was out is not for it; what is typed afterwards is."""
    heard = Heard()
    async with listening(settings, engine, heard):
        room_id = await room_with_bot(claire, settings)
        await claire.kick(room_id, settings.bot_user_id)
        await bot_becomes(claire, room_id, settings, "leave")
        await claire.send_text(room_id, "!visio sans lui")
        await claire.invite(room_id, settings.bot_user_id)
        await bot_becomes(claire, room_id, settings, "join")
        await claire.send_text(room_id, "!visio avec lui")
        await heard.until("!visio avec lui")


async def test_a_bot_that_was_put_out_and_invited_while_it_was_away_comes_back(
    settings: Matrix, engine: AsyncEngine, claire: MatrixPerson
) -> None:
    """All it hears of it is the invitation."""
    async with listening(settings, engine, Heard()):
        room_id = await room_with_bot(claire, settings)
    await claire.kick(room_id, settings.bot_user_id)
    await claire.invite(room_id, settings.bot_user_id)
    async with listening(settings, engine, Heard()):
        await bot_becomes(claire, room_id, settings, "join")


async def test_a_bot_that_was_banned_stays_out_until_it_is_not_any_more(
    settings: Matrix, engine: AsyncEngine, claire: MatrixPerson
) -> None:
    """Nobody can invite it; once they can, it comes."""
    heard = Heard()
    async with listening(settings, engine, heard):
        room_id = await room_with_bot(claire, settings)
        await banned(claire, room_id, settings.bot_user_id)
        await bot_becomes(claire, room_id, settings, "ban")
        with pytest.raises(MatrixRefusal):
            await claire.invite(room_id, settings.bot_user_id)
        await banned(claire, room_id, settings.bot_user_id, again=True)
        await claire.invite(room_id, settings.bot_user_id)
        await bot_becomes(claire, room_id, settings, "join")
        await claire.send_text(room_id, "!visio")
        await heard.until("!visio")


async def test_an_invitation_that_was_withdrawn_is_given_up_and_the_next_one_accepted(
    settings: Matrix, engine: AsyncEngine, claire: MatrixPerson, homeserver: Homeserver
) -> None:
    """It had been heard, and not yet answered, when it was withdrawn; nobody is told of a fault."""
    room_id = RoomId(await claire.create_room("Budget"))
    async with listening(settings, engine, Heard()):
        pass  # it has a position
    inbox = Inbox(engine, homeserver.user_id)
    await claire.invite(room_id, homeserver.user_id)
    position = await inbox.next_batch()
    assert position is not None
    await inbox.store(position, (), [Invite(room_id, UserId(claire.user_id))])
    await claire.kick(room_id, homeserver.user_id)
    with capture_logs() as logs:
        async with listening(settings, engine, Heard()):
            await claire.invite(room_id, homeserver.user_id)
            await bot_becomes(claire, room_id, settings, "join")
    assert [entry for entry in logs if entry["log_level"] == "error"] == []


async def test_an_invitation_that_was_withdrawn_while_the_bot_was_away_is_not_heard_of(
    settings: Matrix, engine: AsyncEngine, claire: MatrixPerson
) -> None:
    """And keeps it from nothing else."""
    async with listening(settings, engine, Heard()):
        pass
    withdrawn, room_id = await claire.create_room("Retiré"), await claire.create_room("Budget")
    await claire.invite(withdrawn, settings.bot_user_id)
    await claire.kick(withdrawn, settings.bot_user_id)
    await claire.invite(room_id, settings.bot_user_id)
    async with listening(settings, engine, Heard()):
        await bot_becomes(claire, room_id, settings, "join")
    path = f"/_matrix/client/v3/rooms/{withdrawn}/state/m.room.member/{settings.bot_user_id}"
    assert (await claire.request("GET", path))["membership"] == "leave"


async def test_a_room_that_everybody_has_left_is_no_trouble(
    settings: Matrix, engine: AsyncEngine, claire: MatrixPerson, homeserver: Homeserver
) -> None:
    """The bot may be alone in a room, or have left and forgotten one: it hears what is said in the others."""
    heard = Heard()
    async with listening(settings, engine, heard):
        alone, forgotten, room_id = [await room_with_bot(claire, settings) for _ in range(3)]
        await homeserver.leave(RoomId(forgotten))
        await claire.leave(alone)
        await claire.send_text(room_id, "!visio")
        await heard.until("!visio")
    assert await homeserver.is_member(RoomId(alone))
    assert not await homeserver.is_member(RoomId(forgotten))


async def test_a_direct_room_is_a_room_like_any_other(
    settings: Matrix, engine: AsyncEngine, claire: MatrixPerson
) -> None:
    """Tchap's own kind of it: of two people, made with the invitation."""
    heard = Heard()
    rule = {"type": "im.vector.room.access_rules", "state_key": "", "content": {"rule": "direct"}}
    body = {
        "is_direct": True,
        "preset": "trusted_private_chat",
        "invite": [settings.bot_user_id],
        "initial_state": [rule],
        "name": f"direct {secrets.token_hex(2)}",
    }
    async with listening(settings, engine, heard):
        room_id = str((await claire.request("POST", "/_matrix/client/v3/createRoom", body))["room_id"])
        await bot_becomes(claire, room_id, settings, "join")
        await claire.send_text(room_id, "!visio")
        await heard.until("!visio")
