"""How many events a second the front digests: the real listener on a homeserver that never runs out of them."""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, Final

import aiohttp
from pydantic import SecretStr
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.commands.parsing import is_addressed
from bot.store.database import Database
from bridge.matrix.events import RoomMessage
from bridge.matrix.homeserver import Homeserver
from bridge.matrix.intake import Wanted
from bridge.matrix.news import SyncResult
from config.models import Matrix
from tests.fakes.listening import intake_of, listener_of
from tests.load.homeserver import EVENTS_A_SYNC
from tests.load.measure import FROM_HERE, disk_sync_s, machine
from tests.load.report import Table
from tests.stack.ports import free_tcp_port
from tests.stack.server_process import ServerProcess
from tests.unit.bot.samples import settings

ROUNDS: Final = 5
STARTS_WITHIN_S: Final = 60.0
PATIENCE_S: Final = 120.0


@dataclass(frozen=True)
class Stream:
    """Events of one kind."""

    name: str
    commands: str
    """The share of commands, as the homeserver is told it."""
    events: int

    @property
    def expected(self) -> int:
        """How many of its events are commands."""
        return round(self.events * float(self.commands))


STREAMS: Final = (
    Stream("no commands", "0", 20_000),
    Stream("1 % commands", "0.01", 20_000),
    Stream("all commands", "1", 1_000),
)
QUICK: Final = tuple(Stream(stream.name, stream.commands, 400) for stream in STREAMS)


@dataclass(frozen=True)
class Digestion:
    """What it took to digest a stream."""

    stream: Stream
    how: str
    wall_s: float
    cpu_s: float
    handled: int
    """How many commands were acted upon."""

    @property
    def events_a_s(self) -> float:
        """Events a second."""
        return self.stream.events / self.wall_s

    @property
    def cpu_us(self) -> float:
        """CPU time an event, in millionths of a second."""
        return self.cpu_s / self.stream.events * 1e6


class Watched(Homeserver):
    """The real homeserver client, which notes when the stream began and when all of it had been stored."""

    def __init__(self, settings: Matrix, last: str) -> None:
        super().__init__(settings)
        self.began = asyncio.Event()
        self.all_stored = asyncio.Event()
        self._last = last

    async def sync(self, since: str | None, *, wait_s: float, keys_alone: bool = False) -> SyncResult:
        """Ask as ever; the listener asks for what follows only once it has stored what came before."""
        if since is not None:
            self.began.set()
        if since == self._last:
            self.all_stored.set()
        return await super().sync(since, wait_s=wait_s, keys_alone=keys_alone)


async def digested_raw(stream: Stream, url: str, _folder: Path) -> Digestion:
    """Fetch and parse the stream, and do nothing with it: the least that any listener in Python costs."""
    since, last = "s0", f"s{stream.events // EVENTS_A_SYNC}"
    async with aiohttp.ClientSession() as session:
        began_s, cpu_began_s = time.perf_counter(), time.process_time()
        while since != last:
            async with session.get(f"{url}/_matrix/client/v3/sync", params={"since": since}) as response:
                since = json.loads(await response.read())["next_batch"]
        return Digestion(stream, RAW, time.perf_counter() - began_s, time.process_time() - cpu_began_s, handled=0)


async def digested_by_listener(stream: Stream, url: str, folder: Path, *, durably: bool) -> Digestion:
    """Have the listener digest the stream into a new database: store what is for the bot, and act upon all of it."""
    handled = 0

    async def handle(_message: RoomMessage) -> None:
        nonlocal handled
        handled += 1

    matrix = Matrix(homeserver_url=url, server_name="tchap.test", as_token=SecretStr("an-as-token"))
    wanted = Wanted(invitation_from=lambda _: True, message=lambda message: is_addressed(message.body))
    async with (
        _database(folder, durably=durably) as engine,
        Watched(matrix, f"s{stream.events // EVENTS_A_SYNC}") as homeserver,
    ):
        intake = intake_of(homeserver, engine, wanted)
        inbox = intake.inbox
        listening = asyncio.create_task(listener_of(homeserver, intake, handle).run())
        try:
            async with asyncio.timeout(PATIENCE_S):
                await homeserver.began.wait()
                began_s, cpu_began_s = time.perf_counter(), time.process_time()
                await homeserver.all_stored.wait()
                while await inbox.rooms_waiting():  # noqa: ASYNC110 (a database tells nobody)
                    await asyncio.sleep(0.02)
                took_s, cpu_s = time.perf_counter() - began_s, time.process_time() - cpu_began_s
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
    return Digestion(stream, DURABLE if durably else NOT_DURABLE, took_s, cpu_s, handled)


RAW: Final = "fetched and parsed only"
DURABLE: Final = "Greffier"
NOT_DURABLE: Final = "Greffier without durability"
WAYS: Final[dict[str, Callable[[Stream, str, Path], Awaitable[Digestion]]]] = {
    RAW: digested_raw,
    DURABLE: partial(digested_by_listener, durably=True),
    NOT_DURABLE: partial(digested_by_listener, durably=False),
}


async def measured(folder: Path, *, quick: bool = False) -> list[Digestion]:
    """Digest every stream in every way, in turns, so that what else the machine does falls on all alike."""
    streams, rounds = (QUICK, 1) if quick else (STREAMS, ROUNDS)
    done: list[Digestion] = []
    for stream in streams:
        async with _homeserver(stream, folder) as url:
            for turn in range(rounds + (not quick)):
                for way in WAYS.values():
                    gc.collect()
                    digestion = await way(stream, url, folder)
                    if turn > 0 or quick:  # the first time warms up
                        done.append(digestion)
        print(f"  {stream.name}: {stream.events} events, {rounds} times in each way", flush=True)
    return done


def table(done: list[Digestion], sync_s: float) -> Table:
    """The medians of the rounds."""
    rows: list[tuple[str, ...]] = []
    for stream in dict.fromkeys(digestion.stream for digestion in done):
        raw_us = median(one.cpu_us for one in done if one.stream == stream and one.how == RAW)
        for how in WAYS:
            mine = [one for one in done if one.stream == stream and one.how == how]
            a_s, cpu_us = [one.events_a_s for one in mine], median(one.cpu_us for one in mine)
            spread = f"{min(a_s):,.0f} to {max(a_s):,.0f}"
            rows.append((stream.name, how, f"{median(a_s):,.0f}", spread, f"{cpu_us:.0f}", f"{cpu_us / raw_us:.1f}"))
    return Table(
        "Events a second that the front digests",
        ("events", "how", "events a second", "from … to", "CPU µs an event", "× the least"),
        tuple(rows),
        note=(
            f"A homeserver in another process hands out answers of {EVENTS_A_SYNC} events in 20 of 200 rooms as fast "
            "as they are asked for. Digested: what is for the bot is stored and has been acted upon (by doing "
            "nothing), one transaction for each answer and one for each command. The least: the same answers fetched "
            "with aiohttp and parsed, in the same run. Without durability: the same code with SQLite’s "
            f"`synchronous=OFF`. Medians of {ROUNDS} rounds; {machine(sync_s)}. What encryption "
            "costs, and pushed events, are in docs/benchmarks-matrix.md."
        ),
    )


async def run(folder: Path, *, quick: bool = False) -> list[Table]:
    """Measure; nothing may be lost on the way."""
    done = await measured(folder, quick=quick)
    lost = {one.stream.name for one in done if one.how != RAW and one.handled != one.stream.expected}
    if lost:
        raise AssertionError(f"not every command was acted upon exactly once: {', '.join(lost)}")
    return [table(done, disk_sync_s(folder))]


@asynccontextmanager
async def _homeserver(stream: Stream, folder: Path) -> AsyncIterator[str]:
    port = free_tcp_port()
    command = [sys.executable, "-m", "tests.load.homeserver", str(port), str(stream.events), stream.commands]
    server = ServerProcess("homeserver", command, folder, environment=FROM_HERE)
    server.start()
    try:
        await server.until_it_answers(f"http://127.0.0.1:{port}/", within_s=STARTS_WITHIN_S)
        yield f"http://127.0.0.1:{port}"
    finally:
        await server.stop()


@asynccontextmanager
async def _database(folder: Path, *, durably: bool) -> AsyncIterator[AsyncEngine]:
    with TemporaryDirectory(dir=folder) as inside:
        database = Database.open(settings(Path(inside)))
        if not durably:

            @event.listens_for(database.engine.sync_engine, "connect")
            def _hasty(connection: Any, _record: Any) -> None:
                connection.execute("PRAGMA synchronous=OFF")

        try:
            await database.migrate()
            yield database.engine
        finally:
            await database.dispose()
