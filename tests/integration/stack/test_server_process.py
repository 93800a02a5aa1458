"""Servers of the stack as processes: none is left behind, however the one that started it ends."""

from __future__ import annotations

import asyncio
import sys
import textwrap
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.integration.stack.processes import alive, eventually
from tests.stack.ports import free_tcp_port
from tests.stack.server_process import ServerDidNotStart, ServerProcess

if TYPE_CHECKING:
    pass

REPOSITORY = Path(__file__).parents[3]
SLEEPER = [sys.executable, "-c", "import time; time.sleep(60)"]
IGNORES_SIGTERM = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print(os.getpid(), flush=True)
time.sleep(60)
"""


async def test_a_server_dies_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    """SIGKILL leaves the parent no chance to clean up; the kernel does it."""
    parent = textwrap.dedent(f"""
        import pathlib, sys, time
        from tests.stack.server_process import ServerProcess
        server = ServerProcess("sleeper", {SLEEPER!r}, pathlib.Path({str(tmp_path)!r}))
        server.start()
        print(server.pid, flush=True)
        time.sleep(60)
    """)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", parent, cwd=REPOSITORY, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    pid = int(await process.stdout.readline())
    await eventually(lambda: b"time.sleep" in Path(f"/proc/{pid}/cmdline").read_bytes())
    process.kill()
    await process.wait()
    await eventually(lambda: not alive(pid))


async def test_a_server_that_ignores_sigterm_is_killed_with_its_children(tmp_path: Path) -> None:
    """Stopping takes no longer than the grace, and sweeps the whole process group."""
    child = [sys.executable, "-c", IGNORES_SIGTERM]
    script = f"import subprocess; subprocess.Popen({child!r}); {IGNORES_SIGTERM}"
    server = ServerProcess("stubborn", [sys.executable, "-c", script], tmp_path, grace_s=0.2)
    server.start()
    await eventually(lambda: server.log_file.read_text().count("\n") == 2)
    pids = [int(pid) for pid in server.log_file.read_text().split()]
    began = time.monotonic()
    await server.stop()
    assert time.monotonic() - began < 5
    await eventually(lambda: not any(alive(pid) for pid in pids))


async def test_a_server_that_cannot_start_shows_the_end_of_its_output(tmp_path: Path) -> None:
    """Whoever runs the tests sees why, without looking for the log."""
    server = ServerProcess("broken", [sys.executable, "-c", "raise SystemExit('no such database')"], tmp_path)
    server.start()
    with pytest.raises(ServerDidNotStart, match=r"exited with status 1[\s\S]*no such database"):
        await server.until_it_answers(f"http://127.0.0.1:{free_tcp_port()}", within_s=10)


async def test_a_server_that_never_answers_is_given_up_and_stopped(tmp_path: Path) -> None:
    """A wait has a bound, and what was waited for does not stay behind."""
    server = ServerProcess("silent", SLEEPER, tmp_path)
    server.start()
    with pytest.raises(ServerDidNotStart, match="did not answer"):
        await server.until_it_answers(f"http://127.0.0.1:{free_tcp_port()}", within_s=0.2)
    assert not server.running
