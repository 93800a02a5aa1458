"""The bot's device on the real homeserver: what it may do, and what it must not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bridge.matrix.errors import Forbidden, NotFound, RoomIsEncrypted
from bridge.matrix.homeserver import Homeserver
from bridge.matrix.ids import RoomId, UserId
from bridge.matrix.intake import Wanted
from bridge.matrix.outbound import MAX_CONTENT_BYTES, edit_of, event_size, file_message, in_thread, notice
from config.models import Matrix
from tests.fakes.listening import intake_of
from tests.stack.bots import bot
from tests.stack.people import MatrixPerson
from tests.stack.synapse import SynapseServer


async def room_with_bot(claire: MatrixPerson, homeserver: Homeserver, *, encrypted: bool = False) -> RoomId:
    """A room of Claire's that the bot is in."""
    room_id = RoomId(await claire.create_room("Budget", encrypted=encrypted))
    await claire.invite(room_id, homeserver.user_id)
    await homeserver.join(room_id)
    return room_id


async def bodies(claire: MatrixPerson, room_id: RoomId) -> list[str]:
    """What the homeserver holds as the room's notices, oldest first."""
    path = f"/_matrix/client/v3/rooms/{room_id}/messages"
    page = await claire.request("GET", path, query={"dir": "f", "limit": "100"})
    return [event["content"]["body"] for event in page["chunk"] if event["content"].get("msgtype") == "m.notice"]


async def test_the_same_transaction_is_one_message(
    homeserver: Homeserver, settings: Matrix, claire: MatrixPerson, synapse: SynapseServer
) -> None:
    """However often, across restarts of the bot and of the homeserver."""
    room_id = await room_with_bot(claire, homeserver)
    first = await homeserver.send(room_id, "m.room.message", notice("une fois"), "txn-1")
    again = await homeserver.send(room_id, "m.room.message", notice("une fois"), "txn-1")
    await synapse.stop()
    await synapse.start()
    async with Homeserver(settings) as restarted:
        restarted.wire.acting = homeserver.wire.acting
        later = await restarted.send(room_id, "m.room.message", notice("une fois"), "txn-1")
    assert first == again == later
    assert await bodies(claire, room_id) == ["une fois"]


async def test_a_message_of_the_largest_size_is_taken(homeserver: Homeserver, claire: MatrixPerson) -> None:
    """Also as an edit, which repeats it."""
    room_id = await room_with_bot(claire, homeserver)
    text = "é" * (MAX_CONTENT_BYTES // 2 // 6 - 60)
    card = await homeserver.send(room_id, "m.room.message", notice("carte"), "t1")
    edit = edit_of(card, notice(text))
    assert MAX_CONTENT_BYTES * 0.9 < event_size(edit) <= MAX_CONTENT_BYTES
    await homeserver.send(room_id, "m.room.message", edit, "t2")
    await homeserver.send(room_id, "m.room.message", in_thread(card, notice(text)), "t3")
    assert await bodies(claire, room_id) == ["carte", f"* {text}", text]


async def test_a_file_arrives_as_it_was(homeserver: Homeserver, claire: MatrixPerson) -> None:
    """Name, kind and bytes."""
    room_id = await room_with_bot(claire, homeserver)
    data = "# Compte rendu\n\nÉté, cœur, 🎙\n".encode() * 1000
    uploaded = await homeserver.upload(room_id, data, "text/markdown", "réunion.md")
    content = file_message("réunion.md", uploaded, content_type="text/markdown", size_bytes=len(data))
    await homeserver.send(room_id, "m.room.message", content, "t1")
    assert await claire.download(uploaded.uri) == data


async def test_nothing_is_sent_into_an_encrypted_room_without_encryption(
    homeserver: Homeserver, claire: MatrixPerson
) -> None:
    """Not one word in the clear."""
    room_id = await room_with_bot(claire, homeserver, encrypted=True)
    with pytest.raises(RoomIsEncrypted):
        await homeserver.send(room_id, "m.room.message", notice("secret"), "t1")
    assert await bodies(claire, room_id) == []


async def test_a_room_that_turns_encrypted_gets_nothing_more_in_the_clear(
    settings: Matrix, claire: MatrixPerson, engine: AsyncEngine, tmp_path: Path
) -> None:
    """From the moment the bot has heard of it."""
    nothing = Wanted(invitation_from=lambda _: False, message=lambda _: False)
    async with bot(settings, engine, tmp_path) as (homeserver, encryption):
        room_id = await room_with_bot(claire, homeserver)
        since = (await homeserver.sync(None, wait_s=0)).next_batch
        await homeserver.send(room_id, "m.room.message", notice("avant"), "t1")
        await claire.set_state(room_id, "m.room.encryption", {"algorithm": "m.megolm.v1.aes-sha2"})
        result = await homeserver.sync(since, wait_s=10)
        await intake_of(homeserver, engine, nothing, keys=encryption).take_sync(result, is_first=False)
        await homeserver.send(room_id, "m.room.message", notice("après"), "t2")
    assert await bodies(claire, room_id) == ["avant"]


async def test_the_first_sync_tells_which_rooms_are_encrypted(homeserver: Homeserver, claire: MatrixPerson) -> None:
    """So that nothing needs to be asked for them."""
    encrypted = await room_with_bot(claire, homeserver, encrypted=True)
    plain = await room_with_bot(claire, homeserver)
    touched = (await homeserver.sync(None, wait_s=0)).news.touched
    assert (encrypted, "m.room.encryption", "") in touched
    assert (plain, "m.room.encryption", "") not in touched


async def test_names_state_and_levels_are_read(homeserver: Homeserver, claire: MatrixPerson) -> None:
    """As they are when asked."""
    room_id = await room_with_bot(claire, homeserver)
    me = UserId(claire.user_id)
    assert await homeserver.rooms.members(room_id) == {me: "Claire Martin [Ministère]", homeserver.user_id: "Greffier"}
    assert await homeserver.rooms.power_level(room_id, me) == 100
    assert await homeserver.rooms.power_level(room_id, homeserver.user_id) == 0
    assert await homeserver.rooms.state(room_id, "m.room.name") == {"name": "Budget"}
    assert await homeserver.rooms.state(room_id, "m.room.topic") is None
    created = await homeserver.state_event(room_id, "m.room.create")
    assert created is not None
    assert created["sender"] == me

    levels = json.loads(json.dumps(await homeserver.rooms.state(room_id, "m.room.power_levels")))
    levels["users"][homeserver.user_id] = 50
    await claire.set_state(room_id, "m.room.power_levels", levels)
    homeserver.rooms.heard(room_id, "m.room.power_levels")
    assert await homeserver.rooms.power_level(room_id, homeserver.user_id) == 50


async def test_a_room_that_the_bot_has_left_is_forbidden(homeserver: Homeserver, claire: MatrixPerson) -> None:
    """Nothing can be read there or sent."""
    room_id = await room_with_bot(claire, homeserver)
    await homeserver.leave(room_id)
    with pytest.raises(Forbidden):
        await homeserver.rooms.members(room_id)
    with pytest.raises((Forbidden, NotFound)):
        await homeserver.send(room_id, "m.room.message", notice("x"), "t")
