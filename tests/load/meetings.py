"""Meetings at once through the whole of the bot: real workflows in three processes, and everyone hangs up together."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from bot.durable.workflows import QUEUE_POLL_S
from config.models import Speech
from tests.evaluation.meetings import MEETINGS, load
from tests.fakes.waiting import until
from tests.load.front import Held, held_file
from tests.load.measure import FROM_HERE, disk_sync_s, machine, percentile
from tests.load.processes import OTHERS, database_file, ready_file
from tests.load.report import Table
from tests.stack.postgresql import running_postgresql
from tests.stack.server_process import ServerDidNotStart, ServerProcess
from tests.stack.speech_model import recognised, speech_model
from transcripts.recognition import whisper
from transcripts.recognition.recogniser import Recogniser
from transcripts.sound import as_float, seconds

LEVELS: Final = (1, 10, 50, 100)
POSTGRESQL_LEVELS: Final = (10, 100)
QUICK_LEVELS: Final = (3,)
QUICK_RATE: Final = 0.02
STARTS_WITHIN_S: Final = 60.0
SHORTEST_PATIENCE_S: Final = 120.0
PATIENCE_A_MEETING_S: Final = 5.0
_DURABLE: Final = {"fsync": "on", "full_page_writes": "on", "max_connections": "200"}
"""As an operator runs PostgreSQL, not as our tests do."""


class RunFailed(Exception):
    """A process of the run ended before its work was done; the message ends with what it wrote last."""


def speech_rate() -> float:
    """How long Whisper takes on this machine for a second of speech, as it is used in Greffier."""
    model: Recogniser = whisper.load(Speech(model=str(speech_model())))
    meeting = load(MEETINGS / "dev1")
    windows = [as_float(sound[: 28 * 16_000]) for sound in meeting.sound[:2]]
    recognised(model, windows[:1], meeting.reference.language)  # the first time is slower
    began_s = time.perf_counter()
    recognised(model, windows, meeting.reference.language)
    return (time.perf_counter() - began_s) / seconds(sum(map(len, windows)))


async def hold(folder: Path, meetings: int, rate: float, address: str | None = None) -> Held:
    """Hold so many meetings in a new Greffier, on the PostgreSQL database at this address or else on SQLite.

    Raises:
        RunFailed: one of its processes died.
    """
    with TemporaryDirectory(dir=folder) as inside:
        place = Path(inside)
        if address is not None:
            database_file(place).write_text(address)
        front = _process("front", place, ["tests.load.front", str(place), str(meetings)])
        others = [_process(role, place, ["tests.load.processes", role, str(place), str(rate)]) for role in OTHERS]
        try:
            for other in others:
                other.start()
            await _done(others, *(ready_file(place, role) for role in OTHERS), within_s=STARTS_WITHIN_S)
            front.start()
            patience_s = SHORTEST_PATIENCE_S + meetings * PATIENCE_A_MEETING_S
            seen = held_file(place)
            await _done((front, *others), seen, within_s=patience_s)
            held = Held(**json.loads(seen.read_text()))
        finally:
            for process in (front, *others):
                await process.kill()  # its work is done; what a clean stop takes is measured elsewhere
    return held


async def _done(processes: Sequence[ServerProcess], *files: Path, within_s: float) -> None:
    """Wait for what processes make when they are done with something, or for one of them to die."""

    def done() -> bool:
        return all(file.exists() for file in files)

    await until(lambda: done() or not all(p.running for p in processes), within_s=within_s)
    if not done():
        raise RunFailed("\n".join(f"{p.name}: {p.tail()}" for p in processes))


def _process(name: str, folder: Path, module: list[str]) -> ServerProcess:
    return ServerProcess(name, [sys.executable, "-m", *module], folder, environment=FROM_HERE)


async def run(folder: Path, *, quick: bool = False) -> list[Table]:
    """Measure; every meeting's transcript must have been posted once.

    Raises:
        AssertionError: something was lost, or posted twice.
    """
    rate = QUICK_RATE if quick else await asyncio.to_thread(speech_rate)
    print(f"  a second of speech takes {rate:.3f} s", flush=True)
    seen = [await _held(folder, meetings, rate) for meetings in (QUICK_LEVELS if quick else LEVELS)]
    if not quick:
        try:
            async with running_postgresql(folder, **_DURABLE) as server:
                seen += [
                    await _held(folder, meetings, rate, await server.create_database())
                    for meetings in POSTGRESQL_LEVELS
                ]
        except ServerDidNotStart as error:
            print(f"  not measured on PostgreSQL: {error}", flush=True)
    return [_opening(seen, disk_sync_s(folder)), _overload(seen, rate), *map(_queue, _largest(seen))]


async def _held(folder: Path, meetings: int, rate: float, address: str | None = None) -> Held:
    held = await hold(folder, meetings, rate, address)
    if held.lost:
        raise AssertionError(f"{len(held.lost)} of {meetings} rooms are not as they should be: {held.lost}")
    last_s = held.transcripts_s[-1]
    print(f"  {held.database}, {meetings} meetings: the last transcript after {last_s:.0f} s", flush=True)
    return held


def _largest(seen: list[Held]) -> list[Held]:
    """The run with the most meetings on each database."""
    return list({held.database: held for held in seen}.values())


def _opening(seen: list[Held], sync_s: float) -> Table:
    rows = tuple(
        (
            held.database,
            str(held.meetings),
            f"{percentile(held.cards_s, 50):.2f}",
            f"{percentile(held.cards_s, 95):.2f}",
            f"{held.steps_a_s:.0f}",
            f"{percentile(held.cards_later_s, 50):.2f}",
            f"{max(held.cards_later_s):.2f}",
            " + ".join(f"{cores:.2f}" for cores in held.cores.values()),
            f"{held.lag_opening_s * 1000:.0f}",
            str(held.recorded),
        )
        for held in seen
    )
    return Table(
        "From the command to the card",
        (
            "database",
            "meetings",
            "all opened at once: card after, s p50",
            "p95",
            "durable steps a second",
            "one more while they go on: card after, s p50",
            "longest",
            "cores while they go on: front + recorder + speech",
            "lag of its loop, ms p99",
            "recorded",
        ),
        rows,
        note=(
            "Front, recorder and speech are processes of their own on one database; homeserver and LiveKit answer "
            f"at once, so what is left is Greffier’s own; {machine(sync_s)}."
        ),
    )


def _overload(seen: list[Held], rate: float) -> Table:
    rows = tuple(
        (
            held.database,
            str(held.meetings),
            f"{held.speech_s * rate:.0f}",
            f"{held.transcripts_s[0]:.1f}",
            f"{held.transcripts_s[-1]:.1f}",
            str(max(waiting for _, waiting, _ in held.queue)),
            f"{max(age for _, _, age in held.queue):.0f}",
            f"{held.lag_transcribing_s * 1000:.0f}",
            f"{len(held.transcripts_s)} of {held.meetings}",
        )
        for held in seen
    )
    return Table(
        "All hang up at the same moment",
        (
            "database",
            "meetings",
            "recognition alone, s",
            "first transcript after, s",
            "last transcript after, s",
            "longest queue",
            "oldest in it, s",
            "lag of the front’s loop, ms p99",
            "transcripts posted, once each",
        ),
        rows,
        note=(
            f"Speech takes {rate:.3f} s a second, as Whisper base does on this machine, and all of its cores. Calls "
            "as short as these are heard when they are over: who speaks for longer is heard meanwhile. Jobs are looked "
            f"for every {QUEUE_POLL_S:g} s. Posted once each: one card, the meeting’s own transcript in order, two "
            "files."
        ),
    )


def _queue(held: Held) -> Table:
    every = max(1, len(held.queue) // 8)
    return Table(
        f"Meetings without a transcript when {held.meetings} have hung up, on {held.database}",
        ("s after hanging up", "followed or waiting", "age of the oldest, s"),
        tuple((f"{at_s:.0f}", str(waiting), f"{age_s:.0f}") for at_s, waiting, age_s in held.queue[::every]),
    )
