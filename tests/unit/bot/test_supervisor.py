"""The supervisor: which process is which, which is started again, and what ends them all."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

import pytest

from bot import supervisor
from bot.supervisor import CONFIGURATION_FAULT, GaveUp, Pids, command
from tests.fakes.waiting import until
from tests.unit.bot.samples import settings

WITHIN_S = 20.0


def test_the_file_says_which_process_is_which(tmp_path: Path) -> None:
    """The newest of each role."""
    pids = Pids(tmp_path / "processes.json")
    pids.note("front", 10)
    pids.note("speech", 11)
    pids.note("front", 12)
    assert json.loads((tmp_path / "processes.json").read_text()) == {"front": 12, "speech": 11}


def test_the_file_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    """Nothing half-written stays beside it, and it goes when the processes do."""
    pids = Pids(tmp_path / "processes.json")
    pids.note("front", 10)
    assert [file.name for file in tmp_path.iterdir()] == ["processes.json"]
    pids.forget()
    pids.forget()
    assert list(tmp_path.iterdir()) == []


def test_a_process_is_started_with_the_same_python_and_configuration() -> None:
    """And told whose child it is."""
    argv = command("recorder", Path("/etc/greffier.yaml"))
    assert argv[0] == sys.executable
    assert argv[1:] == ["-m", "bot.cli", "recorder", "-c", "/etc/greffier.yaml", "--parent", str(os.getpid())]


def scripted(folder: Path, monkeypatch: pytest.MonkeyPatch, **scripts: str) -> None:
    """Have small scripts stand in for the three processes; each notes its start in `<role>.starts`."""

    def script(role: str, _config: Path) -> list[str]:
        start = f"open({str(folder / role)!r} + '.starts', 'a').write('x')"
        return [sys.executable, "-c", f"import time, sys, signal; {start}; {scripts.get(role, 'time.sleep(60)')}"]

    monkeypatch.setattr(supervisor, "command", script)


def starts(folder: Path, role: str) -> int:
    """How often a process was started."""
    file = folder / f"{role}.starts"
    return len(file.read_text()) if file.exists() else 0


def alive(pid: int) -> bool:
    """Whether a process is there."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_a_process_that_dies_is_started_again_and_the_others_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However it died; and told to stop, it stops them all."""
    monkeypatch.setattr(supervisor, "FIRST_WAIT_S", 0.05)
    scripted(tmp_path, monkeypatch)
    running = asyncio.create_task(supervisor.run(settings(tmp_path), tmp_path / "config.yaml"))
    file = tmp_path / "processes.json"
    await until(lambda: all(starts(tmp_path, role) for role in supervisor.ROLES))
    await until(lambda: len(json.loads(file.read_text())) == 3)
    before: dict[str, int] = json.loads(file.read_text())
    os.kill(before["recorder"], signal.SIGKILL)
    await until(lambda: starts(tmp_path, "recorder") == 2)
    await until(lambda: json.loads(file.read_text())["recorder"] != before["recorder"])
    after: dict[str, int] = json.loads(file.read_text())
    assert {role: pid for role, pid in after.items() if role != "recorder"} == {
        role: pid for role, pid in before.items() if role != "recorder"
    }
    os.kill(os.getpid(), signal.SIGTERM)
    async with asyncio.timeout(WITHIN_S):
        await running
    assert not any(alive(pid) for pid in (*before.values(), *after.values()))
    assert not file.exists()


async def test_a_process_that_cannot_run_as_configured_ends_them_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Starting it again would not mend the configuration."""
    scripted(tmp_path, monkeypatch, speech=f"sys.exit({CONFIGURATION_FAULT})")
    with pytest.raises(GaveUp, match="speech"):
        async with asyncio.timeout(WITHIN_S):
            await supervisor.run(settings(tmp_path), tmp_path / "config.yaml")
    assert starts(tmp_path, "speech") == 1
    assert not (tmp_path / "processes.json").exists()


async def test_a_process_that_does_not_stop_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a while."""
    monkeypatch.setattr(supervisor, "STOP_WITHIN_S", 0.3)
    ready = tmp_path / "deaf"
    deaf = f"signal.signal(signal.SIGTERM, signal.SIG_IGN); open({str(ready)!r}, 'w'); time.sleep(60)"
    scripted(tmp_path, monkeypatch, front=deaf)
    running = asyncio.create_task(supervisor.run(settings(tmp_path), tmp_path / "config.yaml"))
    await until(lambda: ready.exists() and len(json.loads((tmp_path / "processes.json").read_text())) == 3)
    pids = json.loads((tmp_path / "processes.json").read_text())
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert not any(alive(pid) for pid in pids.values())
