"""What is done once a day: at the start, every day after, and soon after a failure."""

from __future__ import annotations

import asyncio

from structlog.testing import capture_logs

from bot.running.daily import AFTER_A_FAILURE_S, daily
from tests.fakes.skipping_loop import without_waiting


@without_waiting
async def test_a_chore_is_done_at_once_and_then_every_day_whatever_happens() -> None:
    """The second time it fails; the third comes soon, for a database may have been away for a minute."""
    clock = asyncio.get_running_loop().time
    began_s, done_s = clock(), []
    third = asyncio.Event()

    async def chore() -> None:
        done_s.append(clock() - began_s)
        if len(done_s) == 2:
            raise OSError("disk")
        if len(done_s) == 3:
            third.set()

    with capture_logs() as logs:
        task = asyncio.create_task(daily("sweep", chore))
        await third.wait()
        task.cancel()
    assert [round(moment_s / AFTER_A_FAILURE_S) for moment_s in done_s] == [0, 144, 145]
    assert [(entry["log_level"], entry["chore"]) for entry in logs] == [("error", "sweep")]
