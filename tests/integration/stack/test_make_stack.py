"""`make stack` from outside: the file that describes it is true, and stopping it leaves nothing behind."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from tests.integration.stack.processes import alive, eventually
from tests.stack.people import MatrixPerson

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

REPOSITORY = Path(__file__).parents[3]
STARTS_WITHIN_S = 100
KEYS = {
    "homeserver_url",
    "server_name",
    "registration_shared_secret",
    "users",
    "bot_user_id",
    "public_url",
    "livekit_url",
    "livekit_api_key",
    "livekit_api_secret",
    "pids",
}


@asynccontextmanager
async def stack_in(root: Path) -> AsyncIterator[tuple[asyncio.subprocess.Process, dict[str, Any]]]:
    """The running `make stack` and what its file says."""
    # A folder of its own for what a killed Greffier cannot remove: short, as the paths of its sockets must be.
    with TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.stack", "--root", root),
            cwd=REPOSITORY,
            env=os.environ | {"TMPDIR": temporary},
            stdout=asyncio.subprocess.DEVNULL,
        )
        try:
            file = root / ".stack.json"
            await eventually(lambda: file.exists() or process.returncode is not None, within_s=STARTS_WITHIN_S)
            assert process.returncode is None
            yield process, json.loads(file.read_text())
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


async def assert_true(stack: dict[str, Any]) -> None:
    """Everything that the file names is there and answers."""
    assert set(stack) == KEYS
    assert set(stack["pids"]) == {"synapse", "livekit", "front", "recorder", "speech"}
    assert all(alive(pid) for pid in stack["pids"].values())
    assert len(stack["users"]) == 3
    async with aiohttp.ClientSession() as session:
        for user in stack["users"]:
            await MatrixPerson(session, stack["homeserver_url"], user["user_id"], user["password"]).login()
        for url in (f"{stack['public_url']}/health/ready", "http" + stack["livekit_url"].removeprefix("ws")):
            async with session.get(url) as response:
                assert response.status == 200


@pytest.mark.timeout(180)
async def test_a_stack_is_what_its_file_says_and_ends_at_sigterm(tmp_path: Path) -> None:
    """Addresses, passwords and process ids can be used; after the stop neither file nor processes are there."""
    async with stack_in(tmp_path) as (process, stack):
        file = tmp_path / ".stack.json"
        assert file.stat().st_mode & 0o777 == 0o600
        await assert_true(stack)
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(30):
            assert await process.wait() == 0
        assert not file.exists()
        assert not [pid for pid in stack["pids"].values() if alive(pid)]


@pytest.mark.timeout(180)
async def test_a_stack_that_is_killed_leaves_no_process_behind(tmp_path: Path) -> None:
    """Nobody is left to clean up, and still nothing stays: neither the servers nor Greffier's own processes."""
    async with stack_in(tmp_path) as (process, stack):
        process.kill()
        await process.wait()
        await eventually(lambda: not any(alive(pid) for pid in stack["pids"].values()))
