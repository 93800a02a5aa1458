"""Greffier with the lag of the front's event loop written down: `python -m tests.load.matrix.watched_front front -c …`.

There is no hook for this in Greffier: its front is wrapped from outside. Each lag worth a look becomes a line of
LAG_FILE: when it ended, on the clock of `time.perf_counter`, which all processes of a machine share, and its length.
"""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path
from typing import Any, Final, TextIO

from tests.load.measure import LOOK_EVERY_S

LAG_FILE: Final = "LOAD_LAG_FILE"
WORTH_A_LOOK_S: Final = 0.005


def lags_between(file: Path, began_s: float, ended_s: float) -> list[float]:
    """The lags that were written down for that time."""
    lines = [line.split() for line in file.read_text().splitlines()]
    return [float(lag_s) for at_s, lag_s in lines if began_s <= float(at_s) <= ended_s + 1.0]


async def _watch(file: TextIO) -> None:
    while True:
        asked_s = time.perf_counter() + LOOK_EVERY_S
        await asyncio.sleep(LOOK_EVERY_S)
        now_s = time.perf_counter()
        if now_s - asked_s > WORTH_A_LOOK_S:
            file.write(f"{now_s} {now_s - asked_s}\n")


def main() -> None:
    """Run Greffier's command line, with the front watched."""
    from bot import cli  # noqa: PLC0415 (only this process needs all of it)
    from bot.running import front  # noqa: PLC0415

    original = front.run
    with Path(os.environ[LAG_FILE]).open("w", buffering=1) as file:

        async def run(*args: Any, **named: Any) -> None:
            watching = asyncio.create_task(_watch(file))
            try:
                await original(*args, **named)
            finally:
                watching.cancel()

        front.run = run
        cli.main()


if __name__ == "__main__":
    main()
