"""A few rows of the table, chosen by a seed: `FAULTS_SEED=7 make test ARGS=tests/faults` tries others.

`make faults` tries them all.
"""

from __future__ import annotations

import os
import random

import pytest

from tests.evaluation.meetings import Meeting
from tests.faults.judging import Outcome
from tests.faults.place import Place
from tests.faults.steps import DURABLE, SIDES, WATCHED, Moment, Row, rows
from tests.faults.trying import log_of, try_row

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(400)]

SEED = int(os.environ.get("FAULTS_SEED", "1"))
ROWS_OF = {"front": 2, "recorder": 1, "speech": 1}


def chosen(seed: int) -> list[Row]:
    """Some rows of each process; of two seeds, mostly different ones."""
    chance = random.Random(seed)  # noqa: S311 (no secret)
    return [
        row for role, n in ROWS_OF.items() for row in chance.sample([r for r in rows() if r.moment.role == role], n)
    ]


async def test_an_undisturbed_meeting_comes_to_every_moment_of_the_list(place: Place, undisturbed: Outcome) -> None:
    """A step that the list names and no meeting takes would never be killed at."""
    assert undisturbed.complaints == ()
    listed = {
        str(Moment(role, step, side))
        for steps_of in (DURABLE, WATCHED)
        for role, steps in steps_of.items()
        for step in steps
        for side in SIDES
    }
    assert listed - place.orders.passed() == set()


@pytest.mark.parametrize("row", chosen(SEED), ids=lambda row: f"seed {SEED}: {row}")
async def test_a_meeting_survives_a_kill_at_any_step(
    place: Place, meeting: Meeting, undisturbed: Outcome, row: Row
) -> None:
    """The room holds what it holds without the kill: every message once, every turn that the kill left alone."""
    verdict = await try_row(place, meeting, undisturbed, row)
    assert verdict.problems == (), log_of(place, row)
