"""A real recorder or speech process, by its own command line, whose work is one of these instead of sound and words.

Run as `python -m tests.integration.durable.worker WORK ROLE -c CONFIG --name NAME`. Each work notes in
`<storage.folder>/<meeting>.works` who has begun and who has ended with what.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from bot import cli
from bot.process import locks
from transcripts.storage.spool import MeetingId

Work = Callable[[Path, str], Awaitable[str | None]]
GIVES_UP_ITS_LOCK_AFTER_S = 8.0
"""Half a minute in earnest, which no test needs to sit out."""


def note(works: Path, line: str) -> None:
    """Add one line, on disk at once."""
    with works.open("a") as file:
        file.write(f"{line}\n")


async def waits(works: Path, name: str) -> str | None:
    """Work until it is allowed to finish: until `<meeting>.finish` is there."""
    while not works.with_suffix(".finish").exists():  # noqa: ASYNC110 (another process makes it)
        await asyncio.sleep(0.05)
    return ""


async def is_replaced(works: Path, name: str) -> str | None:
    """Work as a recorder does: until another one begins, which puts this one out."""
    while True:
        if works.with_suffix(".finish").exists():
            return ""
        begun = [line for line in works.read_text().splitlines() if line.endswith(" begins")]
        if begun[-1] != f"{name} begins":
            return None
        await asyncio.sleep(0.05)


async def computes(works: Path, name: str) -> str | None:
    """Work in native code that nothing interrupts, in a thread; a moment only, once it is allowed to finish."""
    if not works.with_suffix(".finish").exists():
        await asyncio.to_thread(ctypes.CDLL(None).sleep, 100)
    return ""


async def dies(works: Path, name: str) -> str | None:
    """Bring the process down, as broken native code does."""
    os.kill(os.getpid(), signal.SIGSEGV)
    return ""


WORKS: dict[str, Work] = {work.__name__: work for work in (waits, is_replaced, computes, dies)}


def main() -> None:
    """Be the process."""
    work, role, *_, name = sys.argv[1:]
    locks.TAKEN_AGAIN_WITHIN_S = GIVES_UP_ITS_LOCK_AFTER_S

    async def stand_in(self: Any, meeting_id: MeetingId) -> str | None:
        works = self._settings.storage.folder / f"{meeting_id}.works"
        note(works, f"{name} begins")
        problem = await WORKS[work](works, name)
        note(works, f"{name} ends")
        return problem

    if role == "recorder":
        from bot.work.recording import Recorder  # noqa: PLC0415 (what the other role needs takes seconds to load)

        Recorder.work = stand_in  # type: ignore[method-assign]
    else:
        from bot.work.transcriber import Transcriber  # noqa: PLC0415
        from transcripts.recognition import whisper  # noqa: PLC0415

        Transcriber.work = stand_in  # type: ignore[method-assign]
        whisper.load = lambda _settings: SimpleNamespace(at_once=1)  # type: ignore[assignment, return-value]
    cli.main(sys.argv[2:])


if __name__ == "__main__":
    main()
