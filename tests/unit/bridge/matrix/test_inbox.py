"""The durable inbox."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio
import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bridge.matrix.events import Invite, RoomMessage
from bridge.matrix.ids import EventId, RoomId, UserId
from bridge.matrix.inbox import KEPT_S, Inbox

BOT = UserId("@greffier:tchap.test")
CLAIRE = UserId("@claire:tchap.test")
ROOM = RoomId("!budget:tchap.test")
OTHER = RoomId("!other:tchap.test")


def command(event_id: str, *, room_id: RoomId = ROOM, body: str = "!visio") -> RoomMessage:
    """A message as the listener stores it."""
    return RoomMessage(room_id, EventId(event_id), CLAIRE, body, 1)


@pytest_asyncio.fixture
async def inbox(engine: AsyncEngine) -> Inbox:
    """An empty inbox."""
    return Inbox(engine, BOT)


async def test_what_is_stored_waits_in_the_order_of_arrival(inbox: Inbox) -> None:
    """Event ids say nothing about order."""
    await inbox.store("s1", [command("$z"), command("$a")])
    await inbox.store("s2", [command("$m")])
    order = []
    while waiting := await inbox.next_message(ROOM):
        order.append(waiting.event_id)
        await inbox.mark_handled(waiting.event_id)
    assert order == ["$z", "$a", "$m"]


async def test_it_survives_the_process(inbox: Inbox, engine: AsyncEngine) -> None:
    """Another inbox on the same database finds position and messages."""
    await inbox.store("s1", [command("$1")], [Invite(OTHER, CLAIRE)])
    again = Inbox(engine, BOT)
    assert await again.next_batch() == "s1"
    assert await again.next_message(ROOM) == command("$1")
    assert await again.rooms_waiting() == {ROOM, OTHER}


@pytest.mark.parametrize("was_encrypted", [True, False])
async def test_whether_a_message_was_encrypted_is_kept(inbox: Inbox, was_encrypted: bool) -> None:
    """It is acted upon later, perhaps by another process."""
    await inbox.store("s1", [replace(command("$1"), was_encrypted=was_encrypted)])
    waiting = await inbox.next_message(ROOM)
    assert waiting is not None
    assert waiting.was_encrypted is was_encrypted


async def test_a_known_event_id_is_stored_once(inbox: Inbox) -> None:
    """Also after it has been handled, and twice in one answer."""
    await inbox.store("s1", [command("$1"), command("$1")])
    await inbox.mark_handled(EventId("$1"))
    await inbox.store("s2", [command("$1"), command("$2")])
    waiting = await inbox.next_message(ROOM)
    assert waiting is not None
    assert waiting.event_id == "$2"


async def test_an_encrypted_command_is_stored_once_in_whatever_event_it_comes(
    inbox: Inbox, engine: AsyncEngine
) -> None:
    """A homeserver that hands it out again under another id, after a start too, opens no second call."""
    once = replace(command("$1"), was_encrypted=True, megolm_message="key session 4")
    assert await inbox.store("s1", [once])
    await inbox.mark_handled(EventId("$1"))
    again = Inbox(engine, BOT)
    await again.store(
        "s2", [replace(once, event_id=EventId("$2")), replace(once, event_id=EventId("$3"), megolm_message="5")]
    )
    waiting = await again.next_message(ROOM)
    assert waiting is not None
    assert waiting.event_id == "$3"
    await again.mark_handled(EventId("$3"))
    assert await again.rooms_waiting() == set()


async def test_plain_commands_alike_are_each_stored(inbox: Inbox) -> None:
    """Of them only the event tells which is which."""
    await inbox.store("s1", [command("$1"), command("$2")])
    await inbox.mark_handled(EventId("$1"))
    assert await inbox.next_message(ROOM) == command("$2")


async def test_rooms_do_not_mix(inbox: Inbox) -> None:
    """Each has its own order."""
    await inbox.store("s1", [command("$1"), command("$2", room_id=OTHER)])
    assert await inbox.next_message(OTHER) == command("$2", room_id=OTHER)
    assert await inbox.next_message(RoomId("!none:x")) is None


async def test_the_position_does_not_move_when_a_message_cannot_be_stored(inbox: Inbox, engine: AsyncEngine) -> None:
    """All or nothing: the homeserver is asked for the same again."""
    await inbox.store("s1")
    async with engine.begin() as connection:
        await connection.execute(sa.text("CREATE UNIQUE INDEX in_the_way ON matrix_inbox (body)"))
    with pytest.raises(SQLAlchemyError, match=r"(?i)unique"):
        await inbox.store("s2", [command("$1"), command("$2")])
    assert await inbox.next_batch() == "s1"
    assert await inbox.next_message(ROOM) is None


async def test_the_words_are_erased_when_they_have_been_acted_upon(
    inbox: Inbox, engine: AsyncEngine, tmp_path: Path
) -> None:
    """A body is a person's words: no longer needed, no longer there."""
    await inbox.store("s1", [command("$1", body="!visio Licenciements")])
    await inbox.mark_handled(EventId("$1"), failed="Forbidden")
    async with engine.connect() as connection:
        row = (await connection.execute(sa.text("SELECT body, failed FROM matrix_inbox"))).one()
    assert tuple(row) == (None, "Forbidden")


async def test_handled_messages_are_forgotten_in_the_end(engine: AsyncEngine) -> None:
    """Those that wait are not, however old they are."""
    now = [1000.0]
    inbox = Inbox(engine, BOT, clock=lambda: now[0])
    await inbox.store("s1", [command("$old"), command("$waiting")])
    await inbox.mark_handled(EventId("$old"))
    now[0] += KEPT_S - 1
    await inbox.prune()
    await inbox.store("s2", [command("$old")])
    assert (await inbox.next_message(ROOM)) == command("$waiting")
    now[0] += 2
    await inbox.prune()
    async with engine.connect() as connection:
        kept = (await connection.execute(sa.text("SELECT event_id FROM matrix_inbox"))).scalars().all()
    assert kept == ["$waiting"]


async def test_an_invitation_waits_until_it_is_answered(inbox: Inbox) -> None:
    """The last one for a room counts."""
    await inbox.store("s1", invites=[Invite(ROOM, CLAIRE)])
    await inbox.store("s2", invites=[Invite(ROOM, None)])
    waiting = await inbox.next_invite(ROOM)
    assert waiting is not None
    assert waiting.invite == Invite(ROOM, None)
    await inbox.mark_answered(waiting)
    assert await inbox.next_invite(ROOM) is None
    assert await inbox.rooms_waiting() == set()


async def test_an_invitation_that_is_renewed_while_one_is_answered_waits_on(inbox: Inbox) -> None:
    """Also by the same person, who had withdrawn the first."""
    await inbox.store("s1", invites=[Invite(ROOM, CLAIRE)])
    first = await inbox.next_invite(ROOM)
    assert first is not None
    await inbox.store("s2", invites=[Invite(ROOM, CLAIRE)])
    await inbox.mark_answered(first)
    second = await inbox.next_invite(ROOM)
    assert second is not None
    await inbox.mark_answered(second)
    assert await inbox.rooms_waiting() == set()


async def test_forgetting_the_position_keeps_what_waits(inbox: Inbox) -> None:
    """A homeserver made anew has other positions; the commands stay."""
    await inbox.store("s1", [command("$1")])
    await inbox.forget_position()
    assert await inbox.next_batch() is None
    assert await inbox.next_message(ROOM) == command("$1")


async def test_the_position_belongs_to_one_user(inbox: Inbox, engine: AsyncEngine) -> None:
    """Another bot on the same database begins on its own first day."""
    await inbox.store("s1")
    assert await Inbox(engine, UserId("@other:tchap.test")).next_batch() is None


async def test_hostile_text_is_stored(inbox: Inbox) -> None:
    """Quotes, emoji and sixteen thousand bytes are only text."""
    body = "!visio '); DROP TABLE matrix_inbox; -- 🧨" + "é" * 7000
    await inbox.store("s1", [command("$1", body=body)])
    assert await inbox.next_message(ROOM) == command("$1", body=body)


async def test_a_transaction_is_stored_once(inbox: Inbox) -> None:
    """Also in another order of things, and nothing of the second is; until it is forgotten."""
    assert await inbox.store(None, [command("$1")], txn_id="t1")
    await inbox.mark_handled(EventId("$1"))
    assert not await inbox.store(None, [command("$2")], [Invite(OTHER, CLAIRE)], txn_id="t1")
    assert await inbox.rooms_waiting() == set()
    assert await inbox.store(None, [command("$3")], txn_id="t2")
    assert await inbox.next_batch() is None


async def test_transactions_are_forgotten_in_the_end(engine: AsyncEngine) -> None:
    """No homeserver repeats one after a week."""
    now = [1000.0]
    inbox = Inbox(engine, BOT, clock=lambda: now[0])
    await inbox.store(None, [command("$1")], txn_id="t1")
    now[0] += KEPT_S - 1
    await inbox.prune()
    assert not await inbox.store(None, [command("$1")], txn_id="t1")
    now[0] += 2
    await inbox.prune()
    assert await inbox.store(None, txn_id="t1")


async def test_what_else_is_stored_stands_or_falls_with_the_rest(inbox: Inbox, engine: AsyncEngine) -> None:
    """Keys, say, or what cannot be read yet."""

    async def fails(connection: AsyncConnection) -> None:
        await connection.execute(sa.text("SELECT * FROM nowhere"))

    with pytest.raises(SQLAlchemyError):
        await inbox.store("s1", [command("$1")], txn_id="t1", also=[fails])
    assert await inbox.next_batch() is None
    assert await inbox.rooms_waiting() == set()
    assert await inbox.store("s1", [command("$1")], txn_id="t1")
