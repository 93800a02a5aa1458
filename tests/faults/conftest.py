"""The real servers with a Greffier that dies when ordered to, and what a meeting without any kill leaves there."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.evaluation.meetings import Meeting
from tests.faults.holding import hold
from tests.faults.judging import Outcome
from tests.faults.place import Place, faulty_place, short_meeting


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def place(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Place]:
    """One stack for all kills, which have a room each."""
    async with faulty_place(tmp_path_factory.mktemp("faults")) as running:
        yield running


@pytest.fixture(scope="session")
def meeting() -> Meeting:
    """The meeting that is held again and again."""
    return short_meeting()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def undisturbed(place: Place, meeting: Meeting) -> Outcome:
    """What it leaves behind when nothing goes wrong."""
    return await hold(place, meeting)
