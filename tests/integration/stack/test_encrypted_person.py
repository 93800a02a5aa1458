"""People with matrix-js-sdk against the real homeserver: they read each other in encrypted rooms, and only there."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
from typing import TYPE_CHECKING

import aiohttp
import pytest
import pytest_asyncio

from tests.stack.encrypted_person import NO_SHIELD, EncryptedPerson
from tests.stack.people import MatrixPerson
from tests.stack.sdk_process import SdkProcess, SdkRefusal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.stack.room_view import RoomView, SeenEvent
    from tests.stack.synapse import SynapseServer

SEEN_WITHIN_S = 30.0


@pytest_asyncio.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """An HTTP session."""
    async with aiohttp.ClientSession() as session:
        yield session


@pytest_asyncio.fixture
async def sdk(tmp_path: Path) -> AsyncIterator[SdkProcess]:
    """The process that people's clients run in."""
    process = SdkProcess(tmp_path / "sdk.log")
    yield process
    await process.stop()


@pytest_asyncio.fixture
async def alice(session: aiohttp.ClientSession, synapse: SynapseServer, sdk: SdkProcess) -> EncryptedPerson:
    """Somebody with an identity."""
    return await person("alice", session, synapse, sdk)


@pytest_asyncio.fixture
async def bob(session: aiohttp.ClientSession, synapse: SynapseServer, sdk: SdkProcess) -> EncryptedPerson:
    """Somebody else with one."""
    return await person("bob", session, synapse, sdk)


async def person(name: str, session: aiohttp.ClientSession, synapse: SynapseServer, sdk: SdkProcess) -> EncryptedPerson:
    """A new account on the shared homeserver, with an open client."""
    localpart = f"sdk-{name}-{secrets.token_hex(3)}"
    secret = synapse.registration_shared_secret
    person = await EncryptedPerson.register(session, synapse.url, secret, localpart)
    await person.open_client(sdk)
    return person


async def room_of(host: MatrixPerson, *others: MatrixPerson, encrypted: bool = True) -> str:
    """A room in which they all are."""
    room_id = await host.create_room("Point", encrypted=encrypted)
    for other in others:
        await host.invite(room_id, other.user_id)
        await other.join(room_id)
    return room_id


async def sees(person: MatrixPerson, room_id: str, event_id: str) -> SeenEvent:
    """A message, once this person can read it."""

    def readable(room: RoomView) -> SeenEvent | None:
        return next((message for message in room.messages if message.event_id == event_id), None)

    return await person.wait_for(room_id, readable, within_s=SEEN_WITHIN_S, what=event_id)


async def test_two_people_read_each_other_and_the_homeserver_reads_nothing(
    alice: EncryptedPerson, bob: EncryptedPerson
) -> None:
    """A message, an answer in its thread and an edit, each encrypted, without anything to warn of."""
    room_id = await room_of(alice, bob)
    first = await alice.send_text(room_id, "Bonjour, été comme hiver")
    message = await sees(bob, room_id, first)
    assert message.body == "Bonjour, été comme hiver"
    assert await bob.shield(message, room_id) == NO_SHIELD
    assert [device.signed_by_owner for device in await bob.devices_of(alice.user_id)] == [True]

    thread = {"rel_type": "m.thread", "event_id": first}
    second = await bob.send(room_id, "m.room.message", {"msgtype": "m.text", "body": "suite", "m.relates_to": thread})
    assert (await sees(alice, room_id, second)).thread_root == first
    new = {"msgtype": "m.text", "body": "suite, mieux dite"}
    replaces = {"rel_type": "m.replace", "event_id": second}
    edit = {"msgtype": "m.text", "body": "* suite", "m.new_content": new, "m.relates_to": replaces}
    third = await bob.send(room_id, "m.room.message", edit)
    (answer,) = await alice.wait_for(
        room_id,
        lambda room: [m for m in room.thread(first) if m.edits],
        within_s=SEEN_WITHIN_S,
        what="the edit",
    )
    assert (answer.body, answer.edits) == ("suite, mieux dite", 1)

    stored = {event["event_id"]: event for event in await alice.as_stored(room_id)}
    assert [stored[event_id]["type"] for event_id in (first, second, third)] == ["m.room.encrypted"] * 3
    assert "suite" not in str(stored)


async def test_an_attachment_is_read_by_members_and_by_nobody_who_changed_it(
    alice: EncryptedPerson, bob: EncryptedPerson
) -> None:
    """What the homeserver holds is not the file; a file that is not the one that was posted is refused."""
    room_id, data = await room_of(alice, bob), secrets.token_bytes(300_000)
    message = await sees(bob, room_id, await alice.send_file(room_id, "séance.md", data))
    assert message.body == "séance.md"
    assert await bob.read_file(message) == data
    assert await bob.download(message.content["file"]["url"]) != data

    message.content["file"]["url"] = await alice.upload(data)
    with pytest.raises(SdkRefusal):
        await bob.read_file(message)


async def test_whether_a_device_is_signed_by_its_owner_is_seen(
    alice: EncryptedPerson, bob: EncryptedPerson, session: aiohttp.ClientSession, synapse: SynapseServer
) -> None:
    """Each one's only device is; who has published nothing has none; who is met nowhere is not looked at."""
    secret = synapse.registration_shared_secret
    plain = await MatrixPerson.register(session, synapse.url, secret, f"plain-{secrets.token_hex(3)}")
    with pytest.raises(SdkRefusal):
        await alice.devices_of(bob.user_id)
    await alice.send_text(await room_of(alice, bob, plain), "bonjour")
    (device,) = await alice.devices_of(bob.user_id)
    assert (device.device_id, device.signed_by_owner) == (bob.device_id, True)
    assert await alice.devices_of(plain.user_id) == []


async def test_a_device_that_its_owner_has_not_signed_is_left_out(alice: EncryptedPerson, bob: EncryptedPerson) -> None:
    """It is shown as such, gets no keys, and what is said on it is not believed."""
    room_id = await room_of(alice, bob)
    unsigned = await bob.on_unsigned_device()
    said = await alice.send_text(room_id, "à tous les appareils signés")
    assert (await sees(bob, room_id, said)).body == "à tous les appareils signés"
    assert await unsigned.wait_for(
        room_id, lambda room: room.unreadable, within_s=SEEN_WITHIN_S, what="a message that it cannot read"
    )
    assert {device.device_id: device.signed_by_owner for device in await alice.devices_of(bob.user_id)} == {
        bob.device_id: True,
        unsigned.device_id: False,
    }
    await unsigned.send_text(room_id, "d’un appareil inconnu")
    assert await alice.wait_for(
        room_id, lambda room: room.unreadable, within_s=SEEN_WITHIN_S, what="a message that is not believed"
    ) == ["UNSIGNED_SENDER_DEVICE"]


async def test_what_is_said_before_somebody_joins_is_seen_and_cannot_be_read(
    alice: EncryptedPerson, bob: EncryptedPerson
) -> None:
    """It stands in the room with the reason; what comes after is read, in the order in which it was said."""
    room_id = await room_of(alice)
    before = await alice.send_text(room_id, "entre nous")
    await alice.invite(room_id, bob.user_id)
    await bob.join(room_id)
    after = await alice.send_text(room_id, "bienvenue")
    assert (await sees(bob, room_id, after)).body == "bienvenue"
    unread = bob.room(room_id).event(before)
    assert unread.kind == "m.room.encrypted"
    assert unread.unreadable
    assert await bob.shield(unread, room_id) is None


async def test_a_homeserver_that_was_away_is_listened_to_again(
    alice: EncryptedPerson, bob: EncryptedPerson, synapse: SynapseServer
) -> None:
    """What is written after its return is read, with the keys that came with it."""
    room_id = await room_of(alice, bob)
    await sees(bob, room_id, await alice.send_text(room_id, "bonjour"))
    await synapse.stop()
    await synapse.start()
    assert (await sees(bob, room_id, await alice.send_text(room_id, "rebonjour"))).body == "rebonjour"


async def test_in_a_plain_room_everyone_reads_everyone(
    alice: EncryptedPerson, session: aiohttp.ClientSession, synapse: SynapseServer
) -> None:
    """The same person, in a room without encryption, with somebody who has no keys."""
    secret = synapse.registration_shared_secret
    plain = await MatrixPerson.register(session, synapse.url, secret, f"plain-{secrets.token_hex(3)}")
    room_id = await room_of(alice, plain, encrypted=False)
    async with plain.listening():
        said = await alice.send_text(room_id, "bonjour")
        assert (await sees(plain, room_id, said)).body == "bonjour"
        answer = await plain.send_text(room_id, "rebonjour")
        assert (await sees(alice, room_id, answer)).body == "rebonjour"
        assert await alice.shield(alice.room(room_id).event(answer), room_id) is None


async def test_a_client_that_dies_is_an_error_at_once(alice: EncryptedPerson, sdk: SdkProcess) -> None:
    """For what was asked and is not answered, and for what is asked then."""
    assert sdk.pid is not None
    asked = asyncio.create_task(alice.send_text("!nowhere:tchap.test", "bonjour"))
    await asyncio.sleep(0)
    os.kill(sdk.pid, signal.SIGKILL)
    with pytest.raises(SdkRefusal, match="the process is gone"):
        await asked
    with pytest.raises(SdkRefusal, match="the process is gone"):
        await alice.devices_of(alice.user_id)


async def test_who_is_not_in_the_room_cannot_write_there(alice: EncryptedPerson, bob: EncryptedPerson) -> None:
    """The homeserver's refusal is an error with its status."""
    room_id = await room_of(alice)
    with pytest.raises(SdkRefusal) as refused:
        await bob.send_text(room_id, "bonjour")
    assert refused.value.status == 403
