"""The supervisor: which process is which, which is started again, and what ends them all."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import signal
import socket
import sys
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.process.alone import AlreadyRunning
from bot.process.identity import ROLES
from bot.process.stopping import CONFIGURATION_FAULT, TEMPORARY_FAULT
from bot.running import child, supervisor
from bot.running.child import command
from bot.running.supervisor import GaveUp, Pids
from tests.fakes.waiting import until
from tests.unit.bot.samples import settings

WITHIN_S = 20.0
SAY = (
    "__import__('functools').partial(lambda s, m: s.sendto(m, __import__('os').environ['NOTIFY_SOCKET']), "
    "__import__('socket').socket(__import__('socket').AF_UNIX, __import__('socket').SOCK_DGRAM))"
)
SAYS_ALIVE = f"[({SAY}(b'WATCHDOG=1'), time.sleep(0.2)) for _ in range(300)]"


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


def test_a_disk_that_is_full_ends_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The processes run on, also those that are started again just then."""

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    pids = Pids(tmp_path / "processes.json")
    with capture_logs() as logs:
        pids.note("front", 10)
    assert logs[0]["cause"] == "No space left on device"


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

    monkeypatch.setattr(child, "command", script)


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
    await until(lambda: all(starts(tmp_path, role) for role in ROLES))
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


async def test_a_process_that_cannot_run_any_more_does_not_end_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has run as it is configured: what is to be mended has come since, and calls go on meanwhile."""
    monkeypatch.setattr(supervisor, "FIRST_WAIT_S", 0.05)
    scripted(tmp_path, monkeypatch, speech=f"{SAY}(b'READY=1'); time.sleep(0.3); sys.exit({CONFIGURATION_FAULT})")
    running = asyncio.create_task(supervisor.run(settings(tmp_path), tmp_path / "config.yaml"))
    await until(lambda: starts(tmp_path, "speech") >= 2 or running.done())
    assert not running.done()
    assert (starts(tmp_path, "front"), starts(tmp_path, "recorder")) == (1, 1)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_process_that_does_not_stop_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a while."""
    monkeypatch.setattr(child, "STOP_WITHIN_S", 0.3)
    ready = tmp_path / "deaf"
    deaf = f"signal.signal(signal.SIGTERM, signal.SIG_IGN); open({str(ready)!r}, 'w'); time.sleep(60)"
    scripted(tmp_path, monkeypatch, front=deaf)
    running = asyncio.create_task(supervisor.run(settings(tmp_path), tmp_path / "config.yaml"))
    await until(lambda: ready.exists() and len(json.loads((tmp_path / "processes.json").read_text())) == 3)
    pids = json.loads((tmp_path / "processes.json").read_text())
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert not any(alive(pid) for pid in pids.values())


async def test_a_process_that_is_stuck_is_killed_and_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It lives and says nothing: its event loop does not turn; a signal that ends a process is named in the log."""
    monkeypatch.setattr(supervisor, "FIRST_WAIT_S", 0.05)
    monkeypatch.setattr("bot.running.pulse.STARTS_WITHIN_S", 4.0)  # which the others need on a busy machine
    scripted(tmp_path, monkeypatch, front=SAYS_ALIVE, recorder=SAYS_ALIVE)
    with capture_logs() as logs:
        running = asyncio.create_task(supervisor.run(settings(tmp_path), tmp_path / "config.yaml"))
        await until(lambda: starts(tmp_path, "speech") == 2)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert (starts(tmp_path, "front"), starts(tmp_path, "recorder")) == (1, 1)
    assert [entry["process"] for entry in logs if entry["event"] == "process is stuck and is killed"][:1] == ["speech"]
    assert [entry["ended"] for entry in logs if entry["event"] == "process ended and is started again"][:1] == [
        "SIGKILL"
    ]


async def test_it_is_ready_when_all_three_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever started it, systemd most of all, is told by the same protocol, and that it is alive."""
    ready = f"time.sleep(0.1); {SAY}(b'READY=1'); time.sleep(60)"
    hold = tmp_path / "go"
    late = f"[time.sleep(0.02) for _ in iter(lambda: __import__('os').path.exists({str(hold)!r}), True)]; {ready}"
    scripted(tmp_path, monkeypatch, front=ready, recorder=ready, speech=late)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        running = asyncio.create_task(supervisor.run(settings(tmp_path), tmp_path / "config.yaml"))
        await until(lambda: all(starts(tmp_path, role) for role in ROLES))
        await asyncio.sleep(0.5)
        heard = [await asyncio.get_running_loop().sock_recv(manager, 100)]
        assert b"READY=1" not in heard
        hold.touch()
        async with asyncio.timeout(WITHIN_S):
            while b"READY=1" not in heard:
                heard.append(await asyncio.get_running_loop().sock_recv(manager, 100))
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert b"WATCHDOG=1" in heard


@pytest.mark.parametrize("away", ["speech", "front"])
async def test_it_does_not_wait_for_speech_whose_server_is_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, away: str
) -> None:
    """Or systemd would end the calls of those who meet meanwhile; without a front there is nobody to meet."""
    monkeypatch.setattr(supervisor, "FIRST_WAIT_S", 0.05)
    ready = f"{SAY}(b'READY=1'); time.sleep(60)"
    scripted(tmp_path, monkeypatch, **dict.fromkeys(ROLES, ready) | {away: f"sys.exit({TEMPORARY_FAULT})"})
    with capture_logs() as logs:
        running = asyncio.create_task(supervisor.run(settings(tmp_path), tmp_path / "config.yaml"))
        if away == "speech":
            await until(lambda: any(entry["event"] == "ready" for entry in logs))
        await until(lambda: starts(tmp_path, away) >= 3)
        assert not running.done()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    late = [entry["not_yet"] for entry in logs if entry["event"] == "ready"]
    assert late == ([["speech"]] if away == "speech" else [])


async def test_a_second_supervisor_is_refused_before_it_changes_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file goes on naming the processes of the first."""
    monkeypatch.setattr("bot.process.locks.LOCK_WITHIN_S", 0.3)
    scripted(tmp_path, monkeypatch)
    running = asyncio.create_task(supervisor.run(settings(tmp_path), tmp_path / "config.yaml"))
    file = tmp_path / "processes.json"
    await until(lambda: file.exists() and len(json.loads(file.read_text())) == 3)
    before = file.read_bytes()
    with pytest.raises(AlreadyRunning, match=r"another `greffier run` has storage\.folder"):
        await supervisor.run(settings(tmp_path), tmp_path / "config.yaml")
    assert file.read_bytes() == before
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


@pytest.mark.parametrize(
    ("status", "said"),
    [(0, "exit status 0"), (1, "exit status 1"), (-11, "SIGSEGV"), (-6, "SIGABRT"), (-99, "signal 99")],
)
def test_how_a_process_ended_is_said_in_words(status: int, said: str) -> None:
    """Native code that crashes is ended by a signal."""
    assert child.ending(status) == said
