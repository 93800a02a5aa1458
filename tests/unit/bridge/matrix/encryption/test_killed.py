"""`kill -9` at any point: what was acknowledged is there, and what was not comes again and is taken."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from bridge.matrix.encryption.devices import Decrypted
from bridge.matrix.encryption.machine import Machine
from bridge.matrix.tables import SYNC
from tests.unit.bridge.matrix.encryption.killed import PLACES
from tests.unit.bridge.matrix.encryption.peers import BOT, MALLORY, OTHER_ROOM, ROOM, Peer, open_store


def killed(database: Path, place: str, to_device: list[Any]) -> dict[str, Any]:
    """Let a process die there; what it had uploaded."""
    command = [sys.executable, "-m", "tests.unit.bridge.matrix.encryption.killed", str(database), place]
    process = subprocess.run(command, input=json.dumps(to_device), capture_output=True, text=True, check=False)
    assert process.returncode == -signal.SIGKILL, process.stderr
    return dict(json.loads(process.stdout or "{}"))


async def position(engine: AsyncEngine) -> str:
    """Up to where the homeserver has been told that all is stored."""
    async with engine.connect() as connection:
        return str((await connection.execute(sa.select(SYNC.c.next_batch))).scalar_one())


@pytest.mark.parametrize("place", PLACES)
async def test_nothing_that_was_acknowledged_is_lost(engine: AsyncEngine, tmp_path: Path, place: str) -> None:
    """The next process asks for what lies behind the stored position, and reads everything; so does its successor."""
    store = await open_store(engine)
    machine = Machine(store)
    phone, second = Peer(), Peer()
    phone.meet(machine)
    second.meet(machine, key_number=1)
    machine.upkeep.uploaded()
    async with store.transaction() as connection:
        await connection.execute(sa.insert(SYNC).values(user_id=BOT, next_batch="s1"))
    to_device = [phone.room_key(machine), phone.room_key(machine, OTHER_ROOM), second.room_key(machine)]
    said = [phone.says("!visio"), phone.says("!visio", OTHER_ROOM), second.says("!visio")]

    uploaded = killed(tmp_path / "greffier.sqlite", place, to_device)

    store = await open_store(engine)
    machine = Machine(store)
    if await position(engine) == "s1":
        machine.receive(to_device)
        await store.save()
    for event, peer in zip(said, (phone, phone, second), strict=True):
        assert isinstance(await machine.decrypt(event, peer.known, lambda _: True), Decrypted)
    # Whatever was uploaded and may have been handed out opens, and what is due is due.
    machine.upkeep.counted(0, ())
    due = machine.upkeep.due_keys() or {}
    assert len(due["one_time_keys"]) == 50
    for name, key in uploaded.get("one_time_keys", {}).items():
        assert due["one_time_keys"][name] == key
    for key in (*uploaded.get("one_time_keys", {}).values(), *uploaded.get("fallback_keys", {}).values()):
        caller = Peer(MALLORY)
        caller.meet_by(machine, key["key"])
        assert machine.receive([caller.room_key(machine)]).new_keys
    # Sessions go on where they were, in this process and the next.
    for _ in range(2):
        phone.megolm = Peer().megolm
        assert machine.receive([phone.room_key(machine)]).new_keys
        await store.save()
        store = await open_store(engine)
        machine = Machine(store)


async def test_a_kill_after_the_commit_finds_the_position_and_the_keys(engine: AsyncEngine, tmp_path: Path) -> None:
    """Neither without the other; this is what the places above are about."""
    found = []
    for place in ("written", "committed"):
        store = await open_store(engine)
        machine, phone = Machine(store), Peer()
        phone.meet(machine)
        async with store.transaction() as connection:
            await connection.execute(sa.delete(SYNC))
            await connection.execute(sa.insert(SYNC).values(user_id=BOT, next_batch="s1"))
        killed(tmp_path / "greffier.sqlite", place, [phone.room_key(machine)])
        again = await open_store(engine)
        has_session = Machine(again).has_session_with(phone.device)
        has_key = await again.megolm_sessions(phone.user_id, ROOM, phone.megolm.session_id) != []
        found.append((await position(engine), has_session, has_key))
    assert found == [("s1", False, False), ("s2", True, True)]
