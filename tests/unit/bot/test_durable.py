"""Taking part in the durable work: one process of each role on one storage."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from bot.database import Database
from bot.durable import AlreadyRunning, taking_part
from tests.unit.bot.samples import settings

HOLD = """
import fcntl, sys
file = open(sys.argv[1], "a")
fcntl.flock(file, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""


def holder(lock: Path) -> subprocess.Popen[bytes]:
    """Another process that has the role."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(lock)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"held\n"
    return process


async def test_a_second_process_of_a_role_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would do everything twice; the operator is told which folder the two share."""
    monkeypatch.setattr("bot.durable.LOCK_WITHIN_S", 0.3)
    database = Database.open(settings(tmp_path))
    with holder(tmp_path / "front.lock") as other:
        with pytest.raises(AlreadyRunning, match=f"another front is running on storage.folder {tmp_path}"):
            async with taking_part("front", database, ()):
                pass
        other.kill()


async def test_a_process_waits_for_the_one_before_it_to_end(tmp_path: Path) -> None:
    """A restart may overlap with the end of the process before."""
    database = Database.open(settings(tmp_path))
    with holder(tmp_path / "front.lock") as other:
        asyncio.get_running_loop().call_later(0.5, other.kill)
        async with taking_part("front", database, ()):
            assert other.poll() is not None
