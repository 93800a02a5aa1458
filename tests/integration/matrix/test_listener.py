"""Listening on the real homeserver: every command once, in order, whatever restarts in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from structlog.testing import capture_logs

from bridge.matrix.backoff import Backoff
from bridge.matrix.events import RoomMessage
from bridge.matrix.ids import UserId
from bridge.matrix.inbox import Inbox
from bridge.matrix.intake import Wanted
from config.models import Matrix
from tests.fakes.listening import intake_of, listener_of
from tests.fakes.matrix import Heard
from tests.stack.bots import bot
from tests.stack.people import MatrixPerson, MatrixRefusal
from tests.stack.room_view import RoomView
from tests.stack.synapse import SynapseServer


def folder_of(engine: AsyncEngine) -> Path:
    """Where the database is, and with it the secret."""
    return Path(str(engine.url.database)).parent


@asynccontextmanager
async def listening(
    settings: Matrix,
    engine: AsyncEngine,
    handle: Callable[[RoomMessage], Awaitable[None]],
    *,
    invitation_from: Callable[[UserId], bool] = lambda _: True,
) -> AsyncIterator[None]:
    """A bot that has heard its first answer, until the block ends."""
    async with bot(settings, engine, folder_of(engine)) as (homeserver, encryption):
        wanted = Wanted(invitation_from=invitation_from, message=lambda message: message.body.startswith("!visio"))
        intake = intake_of(homeserver, engine, wanted, keys=encryption)
        inbox = intake.inbox
        backoff = Backoff(first_s=0.1, most_s=1)
        listener = listener_of(homeserver, intake, handle, prepare=encryption.prepare, backoff=backoff)
        task = asyncio.create_task(listener.run())
        async with asyncio.timeout(30):
            while await inbox.next_batch() is None:  # noqa: ASYNC110 (a database tells nobody)
                await asyncio.sleep(0.02)
        try:
            yield
            assert not task.done(), "nothing may end the listener"
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def room_with_bot(claire: MatrixPerson, settings: Matrix) -> str:
    """A room of Claire's into which the listening bot has come by itself."""
    room_id = await claire.create_room("Budget")
    await claire.invite(room_id, settings.bot_user_id)
    await bot_becomes(claire, room_id, settings, "join")
    return room_id


async def bot_becomes(claire: MatrixPerson, room_id: str, settings: Matrix, membership: str) -> None:
    """Wait until Claire sees the bot's membership of the room become this."""

    def has_it(room: RoomView) -> bool:
        return room.membership(settings.bot_user_id) == membership

    await claire.wait_for(room_id, has_it, within_s=20, what=f"the bot’s membership become {membership}")


async def test_an_allowed_invitation_is_accepted(settings: Matrix, engine: AsyncEngine, claire: MatrixPerson) -> None:
    """Without anybody doing anything about it."""
    async with listening(settings, engine, Heard()):
        await room_with_bot(claire, settings)


async def test_another_invitation_is_declined(settings: Matrix, engine: AsyncEngine, claire: MatrixPerson) -> None:
    """The bot is never in the room."""
    room_id = await claire.create_room("Budget")
    heard = Heard()
    async with listening(settings, engine, heard, invitation_from=lambda user: user != claire.user_id):
        await claire.invite(room_id, settings.bot_user_id)
        await bot_becomes(claire, room_id, settings, "leave")
        await claire.send_text(room_id, "!visio")
        other = await claire.create_room("Autre")
        await claire.invite(other, settings.bot_user_id)
        await bot_becomes(claire, other, settings, "leave")
    assert heard.bodies == []


async def test_an_invitation_of_while_the_bot_was_away_is_accepted(
    settings: Matrix, engine: AsyncEngine, claire: MatrixPerson
) -> None:
    """Whether or not it has ever listened before."""
    async with listening(settings, engine, Heard()):
        pass
    room_id = await claire.create_room("Budget")
    await claire.invite(room_id, settings.bot_user_id)
    async with listening(settings, engine, Heard()):
        await bot_becomes(claire, room_id, settings, "join")


async def test_commands_are_heard_once_and_in_order_across_restarts_of_the_bot(
    settings: Matrix, engine: AsyncEngine, claire: MatrixPerson
) -> None:
    """Including what was said while it was down, more than one answer of the homeserver holds."""
    before, after = Heard(), Heard()
    async with listening(settings, engine, before):
        room_id = await room_with_bot(claire, settings)
        for number in range(5):
            await claire.send_text(room_id, f"!visio {number}")
        await before.until(*(f"!visio {number}" for number in range(5)))
        await asyncio.sleep(0.2)  # the last one's end is noted down
    for number in range(5, 50):
        await claire.send_text(room_id, f"!visio {number}")
    async with listening(settings, engine, after):
        await after.until(*(f"!visio {number}" for number in range(5, 50)))


async def test_a_restart_of_the_homeserver_is_one_sentence_and_loses_nothing(
    settings: Matrix, engine: AsyncEngine, claire: MatrixPerson, synapse: SynapseServer
) -> None:
    """Nor is anything heard twice."""
    heard = Heard()
    with capture_logs() as logs:
        async with listening(settings, engine, heard):
            room_id = await room_with_bot(claire, settings)
            await claire.send_text(room_id, "!visio avant")
            await heard.until("!visio avant")
            await synapse.stop()
            try:
                await asyncio.sleep(1.5)  # several tries
            finally:
                await synapse.start()
            await claire.send_text(room_id, "!visio après")
            await heard.until("!visio avant", "!visio après")
    told = [entry for entry in logs if entry.get("where") == "listening"]
    assert [entry["log_level"] for entry in told if entry.get("kind") in ("HomeserverUnreachable", None)] == [
        "error",
        "info",
    ]
    assert len(told) <= 3, "an answer of a homeserver that is closing down may be another kind of problem"


async def test_a_slow_handler_delays_its_own_room_only(
    settings: Matrix, engine: AsyncEngine, claire: MatrixPerson
) -> None:
    """The other room is heard within seconds, while the first is still busy."""
    heard = Heard()
    release = asyncio.Event()
    slow = ""

    async def handle(message: RoomMessage) -> None:
        if message.room_id == slow:
            await release.wait()
        await heard(message)

    async with listening(settings, engine, handle):
        slow = await room_with_bot(claire, settings)
        quick = await room_with_bot(claire, settings)
        await claire.send_text(slow, "!visio lent 1")
        await claire.send_text(slow, "!visio lent 2")
        await claire.send_text(quick, "!visio rapide")
        await heard.until("!visio rapide")
        release.set()
        await heard.until("!visio rapide", "!visio lent 1", "!visio lent 2")


async def test_what_was_said_before_the_bot_came_and_edits_are_not_commands(
    settings: Matrix, engine: AsyncEngine, claire: MatrixPerson
) -> None:
    """Nor are its own words, or notices of other bots."""
    heard = Heard()
    async with listening(settings, engine, heard):
        room_id = await claire.create_room("Budget")
        said = await claire.send_text(room_id, "!visio trop tôt")
        await claire.invite(room_id, settings.bot_user_id)
        await bot_becomes(claire, room_id, settings, "join")
        edit = {
            "msgtype": "m.text",
            "body": "!visio corrigé",
            "m.new_content": {"msgtype": "m.text", "body": "!visio corrigé"},
            "m.relates_to": {"rel_type": "m.replace", "event_id": said},
        }
        await claire.send(room_id, "m.room.message", edit)
        await claire.send(room_id, "m.room.message", {"msgtype": "m.notice", "body": "!visio d’un robot"})
        await claire.send_text(room_id, "!visio")
        await heard.until("!visio")


async def test_a_bot_that_was_thrown_out_can_come_back(
    settings: Matrix, engine: AsyncEngine, claire: MatrixPerson
) -> None:
    """And what was said meanwhile is not for it."""
    heard = Heard()
    async with listening(settings, engine, heard):
        room_id = await room_with_bot(claire, settings)
        await claire.request("POST", f"/_matrix/client/v3/rooms/{room_id}/kick", {"user_id": settings.bot_user_id})
        await bot_becomes(claire, room_id, settings, "leave")
        await claire.send_text(room_id, "!visio sans lui")
        await claire.invite(room_id, settings.bot_user_id)
        await bot_becomes(claire, room_id, settings, "join")
        await claire.send_text(room_id, "!visio avec lui")
        await heard.until("!visio avec lui")


@pytest.mark.parametrize("position", ["junk", "s999999999_1_0_1_1_1_1_1_0_1"])
async def test_a_position_of_another_homeserver_does_not_stop_the_bot(
    settings: Matrix, engine: AsyncEngine, claire: MatrixPerson, position: str
) -> None:
    """One that was made anew or restored: junk to it, or from its future."""
    inbox = Inbox(engine, UserId(settings.bot_user_id))
    await inbox.store(position)
    heard = Heard()
    async with listening(settings, engine, heard):
        room_id = await room_with_bot(claire, settings)
        await claire.send_text(room_id, "!visio")
        await heard.until("!visio")


HOSTILE: list[tuple[str, dict[str, Any]]] = [
    ("m.room.message", {}),
    ("m.room.message", {"msgtype": ["m.text"], "body": {"!visio": 1}}),
    ("m.room.message", {"msgtype": "m.text", "body": "!visio " + "é" * 20_000}),
    ("m.room.message", {"msgtype": "m.text", "body": "\u202e\u0007 !visio"}),
    ("m.room.message", {"msgtype": "m.text", "m.relates_to": [], "m.new_content": "x", "body": "!visio"}),
    ("m.room.encrypted", {"algorithm": 5, "ciphertext": []}),
    ("org.example.nonsense", {"nested": [[[[[[[[[[{"a": {}}]]]]]]]]]], "keys": {str(n): n for n in range(4000)}}),
]


async def test_hostile_events_change_nothing_and_stop_nothing(
    settings: Matrix, engine: AsyncEngine, marc: MatrixPerson
) -> None:
    """Missing, wrong-typed, huge and nested fields, as far as a homeserver lets them pass."""
    heard = Heard()
    async with listening(settings, engine, heard):
        room_id = await marc.create_room("Budget")
        await marc.invite(room_id, settings.bot_user_id)
        async with asyncio.timeout(20):
            member = ("m.room.member", settings.bot_user_id)
            while (await marc.state(room_id, *member))["membership"] != "join":  # noqa: ASYNC110 (he does not listen)
                await asyncio.sleep(0.1)
        sent = 0
        for kind, content in HOSTILE:
            with suppress(MatrixRefusal):
                await marc.send(room_id, kind, content)
                sent += 1
        assert sent >= 4, "most of them pass"
        await marc.set_state(room_id, "m.room.encryption", {"algorithm": []}, key="not the room’s own")
        await marc.send_text(room_id, "!visio")
        await heard.until("!visio")
