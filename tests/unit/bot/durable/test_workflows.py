"""Taking part in the durable work: one process of each executor id, and what happens to its work when it ends."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from bot.durable.workflows import taking_part
from bot.process.alone import AlreadyRunning
from bot.process.identity import Identity, host
from bot.process.presence import Heartbeat, seen
from bot.store.database import Database

FRONT = Identity.of("front")
HOLD = """
import fcntl, sys
file = open(sys.argv[1], "a")
fcntl.flock(file, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""


def holder(lock: Path) -> subprocess.Popen[bytes]:
    """Another process that has the executor id."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(lock)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"held\n"
    return process


async def test_a_second_front_is_refused_with_where_the_first_is(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would do everything twice; the operator is told which machine to look at."""
    monkeypatch.setattr("bot.process.locks.LOCK_WITHIN_S", 0.3)
    await Heartbeat(FRONT, database.engine).start()
    with holder(tmp_path / "front.lock") as other:
        with pytest.raises(AlreadyRunning, match=rf"another front is running on {host()} \(process \d+\)"):
            async with taking_part(FRONT, database, ()):
                pass
        other.kill()


async def test_a_second_recorder_of_one_name_is_refused_and_told_of_names(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There may be many, each with its own."""
    monkeypatch.setattr("bot.process.locks.LOCK_WITHIN_S", 0.3)
    with holder(tmp_path / "recorder@a.lock") as other:
        with pytest.raises(AlreadyRunning, match=r"another recorder called a is running .* another --name"):
            async with taking_part(Identity.of("recorder", "a"), database, ()):
                pass
        async with taking_part(Identity.of("recorder", "b"), database, ()):
            assert other.poll() is None
        other.kill()


async def test_a_process_waits_for_the_one_before_it_to_end(database: Database, tmp_path: Path) -> None:
    """A restart may overlap with the end of the process before."""
    with holder(tmp_path / "front.lock") as other:
        asyncio.get_running_loop().call_later(0.5, other.kill)
        async with taking_part(FRONT, database, ()):
            assert other.poll() is not None


async def test_who_takes_part_is_seen_and_who_has_ended_is_not(database: Database) -> None:
    """For the others to know whose work to take over."""
    async with taking_part(Identity.of("speech", "gpu-1"), database, ()):
        assert [process.executor_id for process in await seen(database.engine)] == ["speech@gpu-1"]
    assert await seen(database.engine) == []
