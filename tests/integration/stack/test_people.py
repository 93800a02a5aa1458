"""The people of the tests against the real homeserver: they see what others write, as clients show it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp
import pytest
import pytest_asyncio

from tests.stack.people import DidNotHappen, MatrixPerson, MatrixRefusal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.stack.registration import AppserviceRegistration
    from tests.stack.synapse import SynapseServer


@pytest_asyncio.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """An HTTP session."""
    async with aiohttp.ClientSession() as session:
        yield session


async def person(session: aiohttp.ClientSession, synapse: SynapseServer, localpart: str) -> MatrixPerson:
    """A new account on the shared homeserver."""
    secret = synapse.registration_shared_secret
    return await MatrixPerson.register(session, synapse.url, secret, localpart, display_name=localpart.title())


async def test_two_people_read_each_other_also_across_a_restart(
    session: aiohttp.ClientSession, synapse: SynapseServer
) -> None:
    """Messages, edits and threads arrive; a homeserver that was away loses nothing."""
    alice, bob = await person(session, synapse, "people-alice"), await person(session, synapse, "people-bob")
    room = await alice.create_room("Point")
    await alice.invite(room, bob.user_id)
    await bob.join(room)
    async with bob.listening():
        first = await alice.send_text(room, "bonjour")
        await bob.wait_for(room, lambda seen: first in seen, within_s=10, what="the message")
        await synapse.stop()
        await synapse.start()
        thread = {"rel_type": "m.thread", "event_id": first}
        await alice.send(room, "m.room.message", {"msgtype": "m.text", "body": "suite", "m.relates_to": thread})
        (answer,) = await bob.wait_for(room, lambda seen: seen.thread(first), within_s=15, what="the answer")
    assert answer.body == "suite"


async def test_tchaps_room_rules_are_in_force(session: aiohttp.ClientSession, synapse: SynapseServer) -> None:
    """A private room is restricted, and of a version that Tchap's rules take."""
    alice = await person(session, synapse, "people-rules")
    room = await alice.create_room("Point")
    assert await alice.state(room, "im.vector.room.access_rules") == {"rule": "restricted"}
    assert (await alice.state(room, "m.room.create"))["room_version"] == "10"
    with pytest.raises(MatrixRefusal):
        await alice.set_state(room, "im.vector.room.access_rules", {"rule": "direct"})


async def test_the_bots_namespace_is_its_own(
    session: aiohttp.ClientSession, synapse: SynapseServer, appservice: AppserviceRegistration
) -> None:
    """Nobody else can have an account of that name: the registration is loaded."""
    with pytest.raises(MatrixRefusal, match="M_EXCLUSIVE"):
        await person(session, synapse, appservice.bot_localpart)


async def test_what_does_not_happen_is_an_error_in_time(session: aiohttp.ClientSession, synapse: SynapseServer) -> None:
    """A wait says who did not see what."""
    alice = await person(session, synapse, "people-waiting")
    room = await alice.create_room("Point")
    async with alice.listening():
        with pytest.raises(DidNotHappen, match=r"people-waiting.* did not see a card within 0 s"):
            await alice.wait_for(room, lambda seen: seen.messages, within_s=0.2, what="a card")
