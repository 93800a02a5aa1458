"""What a person's token does on a real LiveKit server, and what it does not."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import timedelta
from typing import TYPE_CHECKING

import aiohttp
import jwt
import pytest
from livekit import api, rtc

from bridge.livekit.ids import CallId, ParticipantId
from bridge.livekit.tokens import SHARED_MICROPHONE, participant_token, recorder_token
from tests.integration.livekit.people import Person, in_call, until

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bridge.livekit.calls import Calls
    from config.models import LiveKit


@pytest.fixture
def token(settings: LiveKit, call: CallId) -> str:
    """Ana's."""
    return participant_token(settings, call, ParticipantId("ana"), "Ana", valid_for=timedelta(minutes=1))


async def test_a_person_is_seen_and_heard_in_the_call_of_the_token(
    settings: LiveKit, call: CallId, calls: Calls, token: str
) -> None:
    """The token lets in, under its identity and name, and lets publish a microphone."""
    async with in_call(settings.url, token) as ana:
        await ana.speak_up()
        assert ana.room.name == call
        assert ana.room.local_participant.name == "Ana"


REQUESTS: dict[str, Callable[[api.LiveKitAPI, str], Awaitable[object]]] = {
    "open another call": lambda lk, _: lk.room.create_room(api.CreateRoomRequest(name="another")),
    "list calls": lambda lk, _: lk.room.list_rooms(api.ListRoomsRequest()),
    "list people": lambda lk, call: lk.room.list_participants(api.ListParticipantsRequest(room=call)),
    "close the call": lambda lk, call: lk.room.delete_room(api.DeleteRoomRequest(room=call)),
    "put someone out": lambda lk, call: lk.room.remove_participant(
        api.RoomParticipantIdentity(room=call, identity="ana")
    ),
    "rename someone": lambda lk, call: lk.room.update_participant(
        api.UpdateParticipantRequest(room=call, identity="ana", name="Someone else")
    ),
}


@pytest.mark.parametrize("request_of", REQUESTS.values(), ids=REQUESTS.keys())
@pytest.mark.parametrize("whose", ["person", "recorder"])
async def test_a_token_cannot_administer(
    settings: LiveKit,
    call: CallId,
    calls: Calls,
    token: str,
    request_of: Callable[[api.LiveKitAPI, str], Awaitable[object]],
    whose: str,
) -> None:
    """Neither a person's token nor the recorder's opens the server's API."""
    held = token if whose == "person" else recorder_token(settings, call)
    async with in_call(settings.url, token), aiohttp.ClientSession() as session:
        lk = api.LiveKitAPI.with_token(held, settings.api_url, session=session)
        with pytest.raises(api.ServerError) as caught:
            await request_of(lk, call)
    assert caught.value.status in (401, 403)


async def test_a_token_for_another_call_does_not_open_this_one(settings: LiveKit, calls: Calls, token: str) -> None:
    """The call is in the token: altering it breaks the signature."""
    claims = jwt.decode(token, options={"verify_signature": False})
    claims["video"]["room"] = "another-call"
    forged = jwt.encode(claims, "not the secret, but as long as one", algorithm="HS256")
    with pytest.raises(rtc.ConnectError, match="401"):
        await rtc.Room().connect(settings.url, forged)


async def test_an_expired_token_does_not_let_in(settings: LiveKit, call: CallId, calls: Calls) -> None:
    """A link that was kept for too long opens nothing."""
    old = participant_token(settings, call, ParticipantId("ana"), "Ana", valid_for=timedelta(minutes=-10))
    with pytest.raises(rtc.ConnectError, match="401"):
        await rtc.Room().connect(settings.url, old)


async def test_a_person_cannot_rename_themself(settings: LiveKit, calls: Calls, token: str) -> None:
    """The name in the minutes is the name that was given at the door."""
    async with in_call(settings.url, token) as ana, in_call_as(settings, ana.room.name, "bob") as bob:
        await until(lambda: "ana" in bob.room.remote_participants, what="Bob sees Ana")
        await asyncio.wait_for(ana.room.local_participant.set_name("Bob"), 10)
        await ana.speak_up()
        seen = bob.room.remote_participants["ana"].track_publications
        await until(lambda: bool(seen), what="Bob is told what Ana did after that")
        assert bob.room.remote_participants["ana"].name == "Ana"


async def test_whether_a_microphone_is_shared_is_seen_in_the_call_and_changed_by_nobody_there(
    settings: LiveKit, call: CallId, calls: Calls, token: str
) -> None:
    """It is as it was said at the door."""
    room = participant_token(
        settings, call, ParticipantId("room"), "Salle 3", valid_for=timedelta(minutes=1), shared_microphone=True
    )
    async with in_call(settings.url, token) as ana, in_call(settings.url, room) as shared:
        people = ana.room.remote_participants
        await until(lambda: "room" in people, what="Ana sees the meeting room")
        assert people["room"].attributes == {SHARED_MICROPHONE: "true"}
        await asyncio.wait_for(shared.room.local_participant.set_attributes({SHARED_MICROPHONE: ""}), 10)
        await asyncio.wait_for(ana.room.local_participant.set_attributes({SHARED_MICROPHONE: "true"}), 10)
        await ana.speak_up()
        await shared.speak_up()
        await until(lambda: bool(people["room"].track_publications), what="Ana is told what it did after that")
        assert people["room"].attributes == {SHARED_MICROPHONE: "true"}
        assert shared.room.remote_participants["ana"].attributes == {}


async def test_people_can_chat(settings: LiveKit, calls: Calls, token: str) -> None:
    """Data of the call's chat passes from one to the other."""
    heard: list[bytes] = []
    async with in_call(settings.url, token) as ana, in_call_as(settings, ana.room.name, "bob") as bob:
        bob.room.on("data_received", lambda packet: heard.append(packet.data))
        await until(lambda: "bob" in ana.room.remote_participants, what="Ana sees Bob")
        await ana.room.local_participant.publish_data(b"bonjour", topic="lk.chat")
        await until(lambda: heard == [b"bonjour"], what="Bob reads it")


def in_call_as(settings: LiveKit, call: str, identity: str) -> contextlib.AbstractAsyncContextManager[Person]:
    """Someone else in the call."""
    return in_call(
        settings.url,
        participant_token(settings, CallId(call), ParticipantId(identity), identity, valid_for=timedelta(minutes=1)),
    )
