"""Front, recorder and speech on machines of their own, which come and go while people talk. Everything is real."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from bot.durable.takeover import LOOK_EVERY_S
from bot.process.presence import VANISHED_AFTER_S
from bot.room.wording import FRENCH
from tests.acceptance.team import NewTeam, NobodyWatches, Team, teams
from tests.evaluation.meetings import MEETINGS, Meeting, Segment, first, load, since
from tests.evaluation.normalisation import words
from tests.fakes.waiting import until
from tests.faults.words import found_words
from tests.stack.callers import SAMPLE_RATE_HZ, CallParticipant, in_call
from tests.stack.greffier import GreffierProcess
from tests.stack.machines import Machines, running_machines
from tests.stack.meeting_in_room import CARD_KEY, HeldMeeting, names_in_call, open_call, read_transcript, speak
from tests.stack.speech_model import speech_model
from tests.stack.webvtt import read_cues, words_by_voice

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]

IN_THE_CALL = "recorder in the call"
JOINS_WITHIN_S = 30.0
TRANSCRIBED_WITHIN_S = 150.0
ENDS_WITHIN_S = 60.0
"""The rest of the meeting, and the five seconds after which LiveKit takes an empty room for over."""
SHARED_WITHIN_S = 5.0
"""The recorder shares every two seconds what it has synced in the second before."""
TURN_FOUND = 0.5
TOO_SHORT_WORDS = 4
"""A turn of fewer words, said while another speaks, is easily missed however well it was recorded."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def machines(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Machines]:
    """One machine for each role; all three are started at the same time, on a database without any table."""
    async with running_machines(tmp_path_factory.mktemp("machines"), model_folder=speech_model()) as running:
        async with asyncio.TaskGroup() as starting:
            for role in ("front", "recorder", "speech"):
                starting.create_task(running.start(role))
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def new_team(machines: Machines) -> AsyncIterator[NewTeam]:
    """Makes a team in a room of its own."""
    async with teams(machines) as make:
        yield make


@pytest_asyncio.fixture(loop_scope="session")
async def recorder(machines: Machines) -> GreffierProcess:
    """The one recorder that runs when a story begins."""
    alive = machines.alive("recorder") or [await machines.start("recorder")]
    for other in alive[1:]:
        await other.stop()
    return alive[0]


@pytest.fixture(scope="module")
def meeting() -> Meeting:
    """Twenty seconds of two people who take turns."""
    return first(since(load(MEETINGS / "dev2"), 2.6), 21.4)


async def test_what_one_machine_records_another_transcribes_and_a_third_posts(
    machines: Machines, recorder: GreffierProcess, new_team: NewTeam, meeting: Meeting
) -> None:
    """The transcript is in the room and in the bucket; of the sound nothing is left, there or on any machine."""
    async with machines.session.get(f"{machines.public_url}/health/ready") as readiness:
        assert await readiness.json() == {"status": "ready"}  # and no role is missing
    team = await new_team()
    card_id, link = await open_call(team.host, team.room_id, machines.bot_user_id, "Point accueil")
    hung_up_at_ms = await speak(machines, meeting, link, NobodyWatches())
    held = await _read(team, card_id, hung_up_at_ms)
    assert await _not_found(team, held, meeting) == []
    assert sorted(machines.transcript(held.meeting_id)["speakers"]) == ["Nadia", "Thomas"]
    assert _gaps(machines, held) == []
    await until(lambda: machines.sound() == [])


async def test_another_recorder_takes_the_place_of_one_that_is_gone_for_good(
    machines: Machines, recorder: GreffierProcess, new_team: NewTeam, meeting: Meeting
) -> None:
    """What it had shared is in the transcript; what was missed until it was missed is marked; and there is one."""
    team = await new_team()
    card_id, link = await open_call(team.host, team.room_id, machines.bot_user_id, "Point accueil")
    await recorder.has_said(IN_THE_CALL, within_s=JOINS_WITHIN_S)
    other = await machines.start("recorder")
    before, after = first(meeting, 8.5), since(meeting, 8.5)
    async with in_call(machines.session, link, *names_in_call(meeting)) as people:
        await _say(people, before)
        await asyncio.sleep(SHARED_WITHIN_S)
        await recorder.vanish()
        gone_at = time.monotonic()
        await other.has_said(IN_THE_CALL, within_s=VANISHED_AFTER_S + 2 * LOOK_EVERY_S + JOINS_WITHIN_S)
        away_s = time.monotonic() - gone_at
        await asyncio.sleep(1)
        await _say(people, after)
    held = await _read(team, card_id, _now_ms())
    assert await _not_found(team, held, meeting) == []
    (gap,) = _gaps(machines, held)
    assert away_s - 5 < gap["end_s"] - gap["start_s"] < away_s + SHARED_WITHIN_S
    await until(lambda: machines.sound() == [])


async def test_front_and_recorder_are_replaced_while_people_talk_and_nothing_is_missing(
    machines: Machines, recorder: GreffierProcess, new_team: NewTeam, meeting: Meeting
) -> None:
    """The front's machine goes at once, and the recorder is told to stop: others are there, and one transcript is."""
    team = await new_team()
    card_id, link = await open_call(team.host, team.room_id, machines.bot_user_id, "Point accueil")
    await recorder.has_said(IN_THE_CALL, within_s=JOINS_WITHIN_S)
    other = await machines.start("recorder")
    turns = _Turns()
    async with asyncio.TaskGroup() as tasks:
        speaking = tasks.create_task(speak(machines, meeting, link, turns))
        await turns.begins[0].wait()
        (front,) = machines.alive("front")
        await front.vanish()
        tasks.create_task(machines.start("front"))
        await turns.begins[1].wait()
        await recorder.stop()
        await other.has_said(IN_THE_CALL, within_s=JOINS_WITHIN_S)
    held = await _read(team, card_id, speaking.result())
    assert await _not_found(team, held, meeting) == []
    assert all(gap["end_s"] - gap["start_s"] <= 1.0 for gap in _gaps(machines, held))
    await until(lambda: machines.sound() == [])


async def test_a_bucket_that_is_away_at_the_end_of_a_call_delays_its_transcript(
    machines: Machines, recorder: GreffierProcess, new_team: NewTeam, meeting: Meeting
) -> None:
    """The room is told at once, and once; every word is in the transcript that comes when the bucket is back."""
    team = await new_team()
    card_id, link = await open_call(team.host, team.room_id, machines.bot_user_id, "Point accueil")
    turns = _Turns()
    async with asyncio.TaskGroup() as tasks:
        speaking = tasks.create_task(speak(machines, meeting, link, turns))
        await turns.begins[1].wait()
        await machines.s3.stop()
        try:
            await team.host.wait_for(
                team.room_id,
                lambda room: any(message.body == FRENCH.storage_away for message in room.messages),
                within_s=JOINS_WITHIN_S,
                what="the sentence about the storage",
            )
            await team.host.wait_for(
                team.room_id,
                lambda room: room.event(card_id).content[CARD_KEY]["state"] != "open",
                within_s=ENDS_WITHIN_S,
                what="the card saying that the call is over",
            )
        finally:
            await machines.s3.start()
    held = await _read(team, card_id, speaking.result(), told=[FRENCH.storage_away])
    assert await _not_found(team, held, meeting) == []
    assert _gaps(machines, held) == []
    await until(lambda: machines.sound() == [])


class _Turns(NobodyWatches):
    """Tells when each turn begins, by its number from 0."""

    def __init__(self) -> None:
        self.begins: defaultdict[int, asyncio.Event] = defaultdict(asyncio.Event)
        self._begun = 0

    def speaks(self, segment: object) -> None:  # noqa: ARG002 (whoever speaks)
        """Somebody begins a turn."""
        self.begins[self._begun].set()
        self._begun += 1


async def _say(people: list[CallParticipant], part: Meeting) -> None:
    starts_at = asyncio.get_running_loop().time() + 0.5
    samples = round(part.reference.duration * SAMPLE_RATE_HZ)
    async with asyncio.TaskGroup() as group:
        for person, sound in zip(people, part.sound, strict=True):
            group.create_task(person.speak(sound[:samples], starts_at=starts_at))


def _now_ms() -> int:
    return round(time.time() * 1000)


async def _read(team: Team, card_id: str, hung_up_at_ms: int, told: list[str] | None = None) -> HeldMeeting:
    """The meeting when it is done: the bot has posted card and thread, and beside them what the room was `told`."""
    within_s = TRANSCRIBED_WITHIN_S
    held = await read_transcript(team.host, team.room_id, card_id, hung_up_at_ms=hung_up_at_ms, within_s=within_s)
    in_thread = {message.event_id for message in held.thread}
    assert [m.body for m in held.messages if m.event_id not in in_thread][1:] == (told or [])
    bodies = [message.body for message in held.thread]
    assert len(bodies) == len(set(bodies))
    return held


async def _not_found(team: Team, held: HeldMeeting, meeting: Meeting) -> list[Segment]:
    """The turns that are not in the attached WebVTT under the name of who said them."""
    said = words_by_voice(read_cues((await team.colleague.read_file(held.file(".vtt"))).decode()))
    language = meeting.reference.language
    found = found_words(meeting.reference.segments, said, language)
    spoken = {turn: len(words(turn.text, language)) for turn in found}
    return [turn for turn, count in spoken.items() if count >= TOO_SHORT_WORDS and found[turn] < TURN_FOUND * count]


def _gaps(machines: Machines, held: HeldMeeting) -> list[dict[str, Any]]:
    gaps: list[dict[str, Any]] = machines.transcript(held.meeting_id)["gaps"]
    return gaps
