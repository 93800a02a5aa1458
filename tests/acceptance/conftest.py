"""All servers for real, once for all stories; and the people who use them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.acceptance.team import NewTeam, teams
from tests.evaluation import meetings
from tests.stack import diarization_model
from tests.stack.speech_model import speech_model
from tests.stack.stack import Stack, running_stack

MEETINGS = Path(__file__).parents[1] / "data" / "meetings"


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """Synapse, LiveKit and Greffier, as `make stack` starts them, and able to tell voices apart."""
    async with running_stack(
        tmp_path_factory.mktemp("stack"),
        model_folder=speech_model(),
        settings=diarization_model.settings(),
        variables=diarization_model.variables(),
    ) as running:
        yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def new_team(stack: Stack) -> AsyncIterator[NewTeam]:
    """Makes a team in a room of its own."""
    async with teams(stack) as make:
        yield make


@pytest.fixture(scope="session")
def short_meeting() -> meetings.Meeting:
    """The first half minute of a recorded meeting of two."""
    return meetings.first(meetings.load(MEETINGS / "dev2"), 32.0)
