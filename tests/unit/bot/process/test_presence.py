"""The table of processes: who is there, and since when somebody is not."""

from __future__ import annotations

import asyncio
import os

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from structlog.testing import capture_logs

from bot.process.identity import Identity, host
from bot.process.presence import Heartbeat, beating, forget, seen, without_a_process
from bot.store.database import Database
from tests.fakes.waiting import until

RECORDER = Identity.of("recorder", "a")


@pytest.fixture
def engine(database: Database) -> AsyncEngine:
    """The engine of a migrated database."""
    return database.engine


async def age(engine: AsyncEngine, seconds: int) -> None:
    """All processes were seen this much earlier."""
    async with engine.begin() as connection:
        earlier = text("UPDATE processes SET seen_at = datetime(seen_at, :by)")
        await connection.execute(earlier, {"by": f"-{seconds} seconds"})


async def test_a_process_is_seen_with_where_it_is(engine: AsyncEngine) -> None:
    """For the operator."""
    async with beating(RECORDER, engine):
        (process,) = await seen(engine)
    assert (process.executor_id, process.role, process.host, process.pid) == (
        "recorder@a",
        "recorder",
        host(),
        os.getpid(),
    )
    assert process.is_alive
    assert process.seen_s < 30


async def test_each_beat_says_that_it_is_there_now(engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that was silent for a while and comes back is alive again, and started when it did."""
    monkeypatch.setattr("bot.process.presence.BEAT_EVERY_S", 0.05)
    async with beating(RECORDER, engine):
        (before,) = await seen(engine)
        await age(engine, 60)
        async with asyncio.timeout(20):
            while not (await seen(engine))[0].is_alive:  # noqa: ASYNC110 (as in tests.fakes.waiting)
                await asyncio.sleep(0.05)
        (after,) = await seen(engine)
    assert after.started_at == before.started_at


async def test_one_that_is_not_seen_for_a_while_is_gone(engine: AsyncEngine) -> None:
    """And so is its role, if nobody else has it."""
    for identity in (RECORDER, Identity.of("speech", "a"), Identity.of("front")):
        await Heartbeat(identity, engine).start()
    assert without_a_process(await seen(engine)) == ()
    await age(engine, 60)
    await Heartbeat(Identity.of("recorder", "b"), engine).start()
    processes = await seen(engine)
    assert {process.executor_id: process.is_alive for process in processes} == {
        "front": False,
        "recorder@a": False,
        "recorder@b": True,
        "speech@a": False,
    }
    assert all(59 <= process.seen_s < 90 for process in processes if not process.is_alive)
    assert without_a_process(processes) == ("front", "speech")


async def test_a_process_that_was_forgotten_and_is_there_is_seen_again(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever took it for gone was wrong."""
    monkeypatch.setattr("bot.process.presence.BEAT_EVERY_S", 0.05)
    async with beating(RECORDER, engine):
        await forget(engine, RECORDER.executor_id)
        async with asyncio.timeout(20):
            while not await seen(engine):  # noqa: ASYNC110 (as above)
                await asyncio.sleep(0.05)


async def test_a_process_that_ends_does_not_take_its_successor_out(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another may have its name by now, here or elsewhere."""
    async with beating(RECORDER, engine):
        with monkeypatch.context() as elsewhere:
            elsewhere.setattr("bot.process.presence.host", lambda: "elsewhere")
            await Heartbeat(RECORDER, engine).start()
    assert [process.host for process in await seen(engine)] == ["elsewhere"]


async def test_a_database_that_is_away_is_said_once_and_tried_again(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process does not end for it."""
    monkeypatch.setattr("bot.process.presence.BEAT_EVERY_S", 0.02)

    async def rename(old: str, new: str) -> None:
        async with engine.begin() as connection:
            await connection.execute(text(f"ALTER TABLE {old} RENAME TO {new}"))

    with capture_logs() as logs:
        async with beating(RECORDER, engine):
            await rename("processes", "away")
            await until(lambda: logs)
            await asyncio.sleep(0.2)
            await rename("away", "processes")
            await until(lambda: len(logs) > 1)
    assert [entry["event"] for entry in logs] == [
        "the database does not answer; trying again",
        "the database answers again",
    ]
