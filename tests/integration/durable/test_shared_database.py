"""Processes on several machines share a PostgreSQL: one of each name, and no work is lost between them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.durable.enqueueing import enqueue_recording
from bot.durable.workflows import MESSAGE_POLL_S, RECORDINGS
from bot.process.alone import AlreadyRunning, alone
from bot.process.identity import Identity, host
from bot.process.stopping import TEMPORARY_FAULT
from tests.fakes.waiting import until
from tests.integration.durable.fleet import WITHIN_S, Fleet
from tests.stack.postgresql import PostgreSQLServer
from transcripts.storage.spool import MeetingId

pytestmark = pytest.mark.asyncio(loop_scope="session")

MEETING = MeetingId("m-1")
TOLD_WELL = {"kind": "recording_over", "by": "", "problem": ""}


@pytest_asyncio.fixture(loop_scope="session")
async def shared_fleet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgresql: PostgreSQLServer
) -> AsyncIterator[Fleet]:
    """A front on a database of its own."""
    monkeypatch.setitem(MESSAGE_POLL_S, "front", 0.1)
    async with Fleet(tmp_path, await postgresql.create_database()).open() as fleet:
        yield fleet


async def test_a_second_front_is_refused_with_where_the_first_is(
    shared_fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever machine it is on; a recorder of another name is welcome."""
    monkeypatch.setattr("bot.process.locks.LOCK_WITHIN_S", 0.3)
    with pytest.raises(AlreadyRunning, match=rf"another front is running on {host()} \(process \d+\)"):
        async with alone(Identity.of("front", "elsewhere"), shared_fleet.database):
            pass
    async with alone(Identity.of("recorder", "a"), shared_fleet.database):
        pass


async def test_work_of_a_process_that_is_gone_is_taken_up_by_another(shared_fleet: Fleet) -> None:
    """As on one machine; ages are by the database's clock."""
    told = await shared_fleet.hold(MEETING)
    await shared_fleet.start("waits", "recorder", "a")
    await enqueue_recording(MEETING, 1)
    await shared_fleet.begun(MEETING, "a")
    await shared_fleet.kill("a")
    await shared_fleet.start("waits", "recorder", "b")
    await shared_fleet.miss("recorder@a")
    await shared_fleet.take_over()
    await shared_fleet.begun(MEETING, "a", "b")
    shared_fleet.may_finish(MEETING)
    assert await told == [TOLD_WELL]
    assert await shared_fleet.job_ends(MEETING, RECORDINGS) == "SUCCESS"


END_THE_SESSION = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity JOIN pg_locks USING (pid)
    WHERE application_name = 'greffier recorder@a' AND locktype = 'advisory' AND granted
"""
"""With which a restart of the server, or a broken network, takes the lock of recorder a from it."""


async def test_a_process_that_loses_its_lock_for_a_moment_goes_on(
    shared_fleet: Fleet, postgresql: PostgreSQLServer
) -> None:
    """A server that is restarted is no reason to leave every call."""
    told = await shared_fleet.hold(MEETING)
    await shared_fleet.start("waits", "recorder", "a")
    await enqueue_recording(MEETING, 1)
    await shared_fleet.begun(MEETING, "a")
    await postgresql.administer(END_THE_SESSION)
    await until(lambda: "holds this process's lock again" in shared_fleet.log("a"), within_s=WITHIN_S)
    shared_fleet.may_finish(MEETING)
    assert await told == [TOLD_WELL]
    await shared_fleet.begun(MEETING, "a")


async def test_a_process_that_may_not_be_the_only_one_any_more_ends_to_be_started_again(
    shared_fleet: Fleet, postgresql: PostgreSQLServer
) -> None:
    """Another one of its name has its lock meanwhile; its work goes to the next one."""
    told = await shared_fleet.hold(MEETING)
    await shared_fleet.start("waits", "recorder", "a")
    await enqueue_recording(MEETING, 1)
    await shared_fleet.begun(MEETING, "a")
    taken = asyncio.create_task(_take_the_place_of(Identity.of("recorder", "a"), shared_fleet))
    await asyncio.sleep(1)
    await postgresql.administer(END_THE_SESSION)
    assert await shared_fleet.ends("a") == TEMPORARY_FAULT, shared_fleet.log("a")
    taken.cancel()
    await asyncio.gather(taken, return_exceptions=True)
    assert "Traceback" not in shared_fleet.log("a")
    await shared_fleet.start("waits", "recorder", "a")
    await shared_fleet.begun(MEETING, "a", "a")
    shared_fleet.may_finish(MEETING)
    assert await told == [TOLD_WELL]


async def _take_the_place_of(identity: Identity, fleet: Fleet) -> None:
    """Have its lock as soon as it is free, and keep it."""
    async with alone(identity, fleet.database):
        await asyncio.sleep(WITHIN_S)
