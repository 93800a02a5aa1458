"""LiveKit's webhooks: signed as LiveKit signs them, and what a meeting hears of them."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

from livekit import api

from bot.meeting.call_events import CallEvents
from bot.meeting.following import LOOK_EVERY_S
from bridge.livekit.ids import RECORDER, CallId
from bridge.livekit.webhooks import Webhooks
from config.models import LiveKit
from tests.unit.bot.hall import Hall
from tests.unit.bot.samples import settings

SOON_S = LOOK_EVERY_S - 5
"""A busy machine takes a while, and a regular look comes later still."""
QUIET_S = 0.7


def signed(body: bytes, livekit: LiveKit, *, secret: str | None = None) -> str:
    """The Authorization header that goes with a body."""
    token = api.AccessToken(livekit.api_key, secret or livekit.api_secret.get_secret_value())
    return token.with_sha256(base64.b64encode(hashlib.sha256(body).digest()).decode()).to_jwt()


def event(kind: str, call: str, event_id: str, participant: str | None = None) -> bytes:
    """One event as LiveKit words it."""
    fields: dict[str, Any] = {"event": kind, "id": event_id, "room": {"name": call, "sid": "RM_1"}}
    if participant is not None:
        fields["participant"] = {"identity": participant}
    return json.dumps(fields).encode()


async def looks(hall: Hall, body: bytes, *, within_s: float = SOON_S) -> bool:
    """Whether a meeting looks at its call because of this event, and not because it is time to."""
    events = CallEvents(Webhooks(hall.settings.livekit), hall.register, hall.calls)
    before = hall.calls.looked
    assert await events.receive(body, signed(body, hall.settings.livekit)) == "taken"
    try:
        await hall.until(lambda: hall.calls.looked > before, within_s=within_s)
    except TimeoutError:
        return False
    return True


async def test_someone_who_joins_is_on_the_card_at_once(hall: Hall) -> None:
    """The event is a hint: the meeting looks for itself."""
    meeting = await hall.begins("!visio")
    hall.calls.join(CallId(meeting.id), "Claire")
    assert await looks(hall, event("participant_joined", meeting.id, "EV_1", "p-Claire"))
    await hall.until(lambda: "1 participant" in hall.card()[1])


async def test_an_event_that_comes_twice_is_one(hall: Hall) -> None:
    """LiveKit repeats what it thinks was not received."""
    meeting = await hall.begins("!visio")
    assert await looks(hall, event("participant_left", meeting.id, "EV_2", "p-Claire"))
    assert not await looks(hall, event("participant_left", meeting.id, "EV_2", "p-Claire"), within_s=QUIET_S)
    assert await looks(hall, event("participant_left", meeting.id, "EV_3", "p-Claire"))


async def test_what_does_not_change_who_is_there_is_not_looked_at(hall: Hall) -> None:
    """Tracks come and go all the time, and the recorder is nobody."""
    meeting = await hall.begins("!visio")
    assert not await looks(hall, event("track_published", meeting.id, "EV_4", "p-Claire"), within_s=QUIET_S)
    assert not await looks(hall, event("participant_joined", meeting.id, "EV_5", RECORDER), within_s=QUIET_S)


async def test_the_end_of_a_call_is_the_end_of_its_meeting(hall: Hall) -> None:
    """Seconds before the next regular look."""
    meeting = await hall.begins("!visio", "Claire")
    hall.calls.everyone_leaves(CallId(meeting.id))
    assert await looks(hall, event("room_finished", meeting.id, "EV_6"))
    await hall.finishes(meeting)


async def test_an_event_of_a_call_that_is_not_ours_is_taken(hall: Hall) -> None:
    """A LiveKit server may serve others too."""
    events = CallEvents(Webhooks(hall.settings.livekit), hall.register, hall.calls)
    for body in (event("room_finished", "somebody-elses", "EV_7"), json.dumps({"event": "x", "id": "EV_8"}).encode()):
        assert await events.receive(body, signed(body, hall.settings.livekit)) == "taken"


async def test_what_is_not_signed_by_our_server_is_refused(hall: Hall) -> None:
    """No signature, another secret, another body: and nobody looks at anything."""
    meeting = await hall.begins("!visio")
    livekit = settings(hall.settings.storage.folder).livekit
    events = CallEvents(Webhooks(livekit), hall.register, hall.calls)
    body = event("room_finished", meeting.id, "EV_9")
    for authorization in (None, "", "junk", signed(body, livekit, secret="x" * 32), signed(body + b" ", livekit)):
        assert await events.receive(body, authorization) == "refused"


async def test_signed_junk_is_malformed(hall: Hall) -> None:
    """Ours, yet no event."""
    events = CallEvents(Webhooks(hall.settings.livekit), hall.register, hall.calls)
    for body in (b"", b"[]", b"\xff", b'{"event": 5}', b'{"event": "room_finished"}'):
        assert await events.receive(body, signed(body, hall.settings.livekit)) == "malformed"


async def test_a_call_that_is_opened_again_after_its_meeting_is_closed_again(hall: Hall) -> None:
    """LiveKit opens a call for whoever comes with a late token; nobody is to sit there believing they are recorded."""
    meeting = await hall.begins("!visio", "Claire")
    await hall.leaves(meeting)
    await hall.finishes(meeting)
    call = CallId(meeting.id)
    hall.calls.present[call] = {}
    events = CallEvents(Webhooks(hall.settings.livekit), hall.register, hall.calls)
    body = event("room_started", meeting.id, "EV_10")
    assert await events.receive(body, signed(body, hall.settings.livekit)) == "taken"
    assert call not in hall.calls.present


async def test_a_call_that_begins_is_left_open(hall: Hall) -> None:
    """Its meeting has not ended; and what is not ours is not touched."""
    meeting = await hall.begins("!visio")
    hall.calls.present[CallId("somebody-elses")] = {}
    events = CallEvents(Webhooks(hall.settings.livekit), hall.register, hall.calls)
    for number, call in enumerate((meeting.id, "somebody-elses")):
        body = event("room_started", call, f"EV_1{number}")
        assert await events.receive(body, signed(body, hall.settings.livekit)) == "taken"
    assert hall.calls.closed == []
