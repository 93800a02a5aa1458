"""What Greffier depends on is away for a while in mid-meeting: the meeting comes to its end all the same."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.evaluation.cpwer import cpwer
from tests.evaluation.meetings import Meeting, first, since, words_by_speaker
from tests.faults.holding import Disturbance, hold
from tests.faults.judging import Outcome, judge
from tests.faults.place import Place
from tests.stack.callers import CallParticipant, in_call
from tests.stack.meeting_in_room import CARD_KEY, names_in_call, open_call, read_transcript
from tests.stack.room_view import RoomView
from tests.stack.webvtt import read_cues, words_by_voice

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(400)]

AWAY_S = 15
HOLDS_THE_LOCK = f"""
import sqlite3, sys, time
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("BEGIN IMMEDIATE")
time.sleep({AWAY_S})
database.execute("ROLLBACK")
"""


async def test_with_a_locked_database_a_meeting_is_only_later(
    place: Place, meeting: Meeting, undisturbed: Outcome
) -> None:
    """The lock is held over the end of the call."""
    (database,) = place.stack.greffier.storage_folder.glob("*.sqlite")

    async def lock(_room_id: str, _card_id: str) -> None:
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", HOLDS_THE_LOCK, database)
        assert await process.wait() == 0

    disturbed = await hold(place, meeting, disturbance=Disturbance(lock))
    assert judge(meeting, undisturbed, disturbed).problems == ()


@pytest_asyncio.fixture(loop_scope="session")
async def no_webhooks(place: Place) -> AsyncIterator[None]:
    """LiveKit tells nobody what happens in its calls."""
    livekit, webhook_urls = place.stack.livekit, place.stack.livekit.webhook_urls
    for urls in ((), webhook_urls):
        livekit.webhook_urls = urls
        await livekit.stop()
        await livekit.start()
        if not urls:
            yield


@pytest.mark.usefixtures("no_webhooks")
async def test_a_homeserver_that_is_away_gets_everything_once_it_is_back(
    place: Place, meeting: Meeting, undisturbed: Outcome
) -> None:
    """Away in mid-call, and again when the transcript is to be posted. The end of the call is noticed unasked."""
    synapse = place.stack.synapse

    async def stop_twice(room_id: str, card_id: str) -> None:
        def over(room: RoomView) -> bool:
            return bool(room.event(card_id).content[CARD_KEY]["state"] != "open")

        for _ in range(2):
            await synapse.stop()
            try:
                await asyncio.sleep(AWAY_S)
            finally:
                await synapse.start()
            await place.host.wait_for(room_id, over, within_s=120, what="the end of the call on the card")

    disturbed = await hold(place, meeting, disturbance=Disturbance(stop_twice))
    assert judge(meeting, undisturbed, disturbed).problems == ()


async def test_a_greffier_that_is_stopped_and_started_in_mid_call_goes_on(
    place: Place, meeting: Meeting, undisturbed: Outcome
) -> None:
    """SIGTERM, as for a new version: people talk on; only what they say until the start is missing, and marked."""

    async def restart(_room_id: str, _card_id: str) -> None:
        await place.stack.greffier.stop()
        await place.stack.greffier.start()

    disturbed = await hold(place, meeting, disturbance=Disturbance(restart, stops_the_recorder=True))
    verdict = judge(meeting, undisturbed, disturbed, back_within_s=meeting.reference.duration)
    assert verdict.problems == ()


async def test_a_call_goes_on_when_livekit_has_been_restarted(place: Place, meeting: Meeting) -> None:
    """People come back by the same link; what they said before and what they say then is in one transcript."""
    stack = place.stack
    room_id = await place.new_room()
    card_id, link = await open_call(place.host, room_id, stack.bot_user_id, "Point accueil")
    names = names_in_call(meeting)
    halves = first(meeting, 8.5), since(meeting, 8.5)
    async with in_call(stack.session, link, *names) as before:
        await asyncio.sleep(2)
        await _say(before, halves[0])
        await stack.livekit.stop()
        await stack.livekit.start()
    async with in_call(stack.session, link, *names) as after:
        await asyncio.sleep(8)
        await _say(after, halves[1])
    hung_up_at_ms = round(time.time() * 1000)
    held = await read_transcript(place.host, room_id, card_id, hung_up_at_ms=hung_up_at_ms, within_s=180)
    said = words_by_voice(read_cues((await place.colleague.read_file(held.file(".vtt"))).decode()))
    error = cpwer(words_by_speaker(meeting.reference.segments), said, "fr")
    assert error.rate <= 0.35, error
    assert len(held.messages) == 1 + len(held.thread)


async def _say(people: list[CallParticipant], part: Meeting) -> None:
    starts_at = asyncio.get_running_loop().time() + 0.5
    samples = round(part.reference.duration * 16_000)
    async with asyncio.TaskGroup() as group:
        for person, sound in zip(people, part.sound, strict=True):
            group.create_task(person.speak(sound[:samples], starts_at=starts_at))
