"""A process that is killed: receives, stores and uploads on a database file, and dies by SIGKILL where it is told to.

`python -m tests.unit.bridge.matrix.encryption.killed DATABASE PLACE < what /sync brings, as JSON`
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from bridge.matrix.encryption.machine import Machine
from bridge.matrix.tables import SYNC
from tests.unit.bridge.matrix.encryption.peers import BOT, open_store

PLACES = ("received", "written", "committed", "keys made", "keys saved", "keys uploaded")


async def main(database: str, place: str, to_device: list[Any]) -> None:
    """Do what the bot does with one `/sync` answer, and say on standard output what went to the homeserver."""

    def die_if_at(here: str) -> None:
        if here == place:
            os.kill(os.getpid(), signal.SIGKILL)

    store = await open_store(create_async_engine(f"sqlite+aiosqlite:///{database}"))
    machine = Machine(store)
    machine.receive(to_device)
    die_if_at("received")
    async with store.transaction() as connection:
        await connection.execute(sa.update(SYNC).where(SYNC.c.user_id == BOT).values(next_batch="s2"))
        # By another connection nothing of it can be seen yet: it is what a kill leaves behind.
        await store._changes.write(connection)
        die_if_at("written")
    die_if_at("committed")
    machine.upkeep.counted(0, ())

    async def upload(body: dict[str, Any]) -> None:
        die_if_at("keys saved")
        print(json.dumps(body), flush=True)
        die_if_at("keys uploaded")

    if place == "keys made":
        machine.upkeep.due_keys()
        die_if_at("keys made")
    await machine.upkeep.upload_due(upload)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], json.load(sys.stdin)))
