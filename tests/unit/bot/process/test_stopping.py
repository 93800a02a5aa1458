"""How a process ends: with the process that started it, and at once."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys

import pytest

from bot.process.stopping import bounded, in_a_thread_of_its_own

PARENT = """
import subprocess, sys
child = "import os, sys, time; from bot.process.stopping import end_with_parent; end_with_parent(os.getppid());"
child += "print(os.getpid(), flush=True); time.sleep(600)"
subprocess.run([sys.executable, "-c", child])
"""
LEAVES = """
import asyncio, ctypes
from bot.process.stopping import leave_at_once
async def main():
    asyncio.get_running_loop().run_in_executor(None, ctypes.CDLL(None).sleep, 100)
    await asyncio.sleep(0.1)
    print("leaves")
asyncio.Runner().run(main())
leave_at_once(75)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="prctl(2) is Linux'")
def test_a_process_ends_when_the_one_that_started_it_is_killed() -> None:
    """Nobody has to look for orphans."""
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        assert int(parent.stdout.readline())
        parent.send_signal(signal.SIGKILL)
        assert parent.stdout.read() == ""  # the child has it too: it would be open for ten minutes


def test_a_process_leaves_while_native_code_is_at_work_in_a_thread() -> None:
    """With its status, and with all that it has said."""
    done = subprocess.run([sys.executable, "-c", LEAVES], capture_output=True, text=True, timeout=50, check=False)
    assert (done.returncode, done.stdout) == (75, "leaves\n")


async def test_one_thing_of_the_end_does_not_keep_the_others_from_being_done() -> None:
    """Whether it fails or never comes back."""

    async def fails() -> None:
        raise OSError

    await bounded("failing", fails(), within_s=20)
    await bounded("waiting", asyncio.Event().wait(), within_s=0.05)


async def test_what_blocks_is_waited_for_in_a_thread_of_its_own() -> None:
    """Until it is done; how it ends is not asked."""
    done: list[str] = []
    await in_a_thread_of_its_own(lambda: done.append("done"))
    assert done == ["done"]
