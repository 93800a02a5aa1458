"""People who sit at one microphone read in the room which of them said what, by voices that nobody has named."""

from __future__ import annotations

import pytest

from tests.acceptance.conftest import MEETINGS
from tests.acceptance.team import NewTeam, NobodyWatches
from tests.evaluation import meetings
from tests.evaluation.cpwer import cpwer
from tests.stack.meeting_in_room import open_call, read_transcript, speak
from tests.stack.stack import Stack
from tests.stack.webvtt import read_cues, words_by_voice

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(240)]


async def test_voices_at_a_shared_microphone_are_told_apart(stack: Stack, new_team: NewTeam) -> None:
    """They said at the door that several people speak into it; each voice has a number, by first appearance."""
    meeting = meetings.first(meetings.load(MEETINGS / "dev3room"), 48.0)
    team = await new_team()
    card_id, link = await open_call(team.host, team.room_id, stack.bot_user_id, "Opening day")

    hung_up_at_ms = await speak(stack, meeting, link, NobodyWatches())
    held = await read_transcript(team.host, team.room_id, card_id, hung_up_at_ms=hung_up_at_ms, within_s=150)

    said = words_by_voice(read_cues((await team.colleague.read_file(held.file(".vtt"))).decode()))
    assert list(said)[:2] == ["Room — voice 1", "Room — voice 2"]
    reference = meetings.words_by_speaker(meeting.reference.segments)
    assert len(said) == len(reference)
    error = cpwer(reference, said, "en")
    assert error.rate <= 0.35, error
