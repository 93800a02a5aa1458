"""A process that records one call into a spool until it is over, to be killed: `python -m` this, its task on stdin."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path

from bridge.livekit.recorder import record
from transcripts.storage.spool import MeetingId, Spool


async def main() -> None:
    """Record what the task says; the native threads are given time to end."""
    task = json.loads(sys.stdin.read())
    sound = Spool(Path(task["spool"])).writer(MeetingId(task["meeting"]))
    try:
        await record(task["url"], task["token"], sound)
    finally:
        sound.close()


if __name__ == "__main__":
    asyncio.run(main())
    time.sleep(0.5)
