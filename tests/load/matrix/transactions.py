"""How many events a second each receiver takes when they are pushed to it, and what an event costs it in CPU time."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

from tests.load.matrix import streams
from tests.load.matrix.pushing import push
from tests.load.matrix.receivers import MAUTRIX, Receiver, receivers
from tests.load.matrix.streams import EVENTS_A_TRANSACTION, Stream
from tests.load.measure import cpu_s_of, disk_sync_s, machine
from tests.load.report import Table

ROUNDS: Final = 5
EVENTS: Final = 20_000
COMMANDS: Final = 200
QUICK_EVENTS: Final = 400
QUICK_COMMANDS: Final = 4
_TICK_US: Final = 0.1
"""CPU time is counted in ticks: so little an event is none at all."""


@dataclass(frozen=True)
class Digestion:
    """What a stream took one receiver, once."""

    stream: Stream
    how: str
    wall_s: float
    """Until the last transaction had been taken."""
    cpu_s: float
    """Until all was dealt with."""

    @property
    def events_a_s(self) -> float:
        """Events a second."""
        return self.stream.events / self.wall_s

    @property
    def cpu_us(self) -> float:
        """CPU time an event, in millionths of a second."""
        return self.cpu_s / self.stream.events * 1e6


def all_streams(events: int, commands: int) -> list[Stream]:
    """Plain and encrypted, without commands and with some."""
    return [kind(events, share) for kind in (streams.plain, streams.encrypted) for share in (0, commands)]


async def digested(receiver: Receiver, stream: Stream) -> Digestion:
    """Push the stream, made anew, to a receiver that has nothing else to do; nothing may be lost on the way."""
    transactions = stream.transactions()
    cpu_began_s = cpu_s_of(receiver.appservice.pid)
    wall_s = await push(receiver.appservice, transactions)
    await receiver.done()
    return Digestion(stream, receiver.name, wall_s, cpu_s_of(receiver.appservice.pid) - cpu_began_s)


async def measured(folder: Path, among: list[Stream], rounds: int) -> list[Digestion]:
    """Every stream through every receiver, in turns, so that what else the machine does falls on all alike."""
    done: list[Digestion] = []
    for number, stream in enumerate(among):
        async with AsyncExitStack() as stack:
            running = [
                await stack.enter_async_context(start(stream, folder / f"{number}" / name))
                for name, start in receivers(stream).items()
            ]
            for turn in range(rounds + 1):
                for receiver in running:
                    digestion = await digested(receiver, stream)
                    if turn > 0:  # the first time warms up
                        done.append(digestion)
        print(f"  {stream.name}: {stream.events} events, {rounds} times each", flush=True)
    return done


def table(done: list[Digestion], rounds: int, sync_s: float) -> Table:
    """The medians of the rounds, and of the ratios of each round."""
    rows: list[tuple[str, ...]] = []
    for stream in dict.fromkeys(one.stream.name for one in done):
        by_name: dict[str, list[Digestion]] = {}
        for one in done:
            if one.stream.name == stream:
                by_name.setdefault(one.how, []).append(one)
        for how, mine in by_name.items():
            a_s = [one.events_a_s for one in mine]
            faster, cheaper = _ratios(mine, by_name.get(MAUTRIX, []))
            cpu_us = f"{median(one.cpu_us for one in mine):.0f}"
            spread = f"{min(a_s):,.0f} to {max(a_s):,.0f}"
            rows.append((stream, how, f"{median(a_s):,.0f}", spread, faster, cpu_us, cheaper))
    return Table(
        "Pushed events a second",
        (
            "stream",
            "receiver",
            "events a second",
            "from … to",
            f"× {MAUTRIX}",
            "CPU µs an event",
            f"{MAUTRIX}'s ÷ this",
        ),
        tuple(rows),
        note=(
            f"Transactions of {EVENTS_A_TRANSACTION} events, one after the other over one connection, as Synapse "
            "pushes them; each receiver in a process of its own, in turns on the same kind of stream. Greffier is the "
            "real `greffier front` on SQLite: a transaction is answered when what is for the bot, and what encryption "
            "needs to remember, is on the disk; then commands are answered, into a homeserver in memory, and the CPU "
            "time of that counts too. mautrix-python parses each event and hands it to one handler, which looks "
            "whether it is a command; it remembers nothing on disk. “The least” parses a transaction with aiohttp, "
            "and answers. Where these decrypt, it is with vodozemac alone, from sessions in memory. Medians of "
            f"{rounds} rounds, ratios within a round; {machine(sync_s)}."
        ),
    )


def _ratios(mine: list[Digestion], theirs: list[Digestion]) -> tuple[str, str]:
    """How many times mautrix's events a second it takes, and how many times less CPU time, round by round."""
    if not theirs or mine == theirs:
        return "1", "1"
    rounds = list(zip(mine, theirs, strict=True))
    faster = median(one.events_a_s / other.events_a_s for one, other in rounds)
    cheaper = median(other.cpu_us / max(one.cpu_us, _TICK_US) for one, other in rounds)
    return f"{faster:.1f}", f"{cheaper:.1f}"


async def run(folder: Path, *, quick: bool = False) -> list[Table]:
    """Measure."""
    events, commands, rounds = (QUICK_EVENTS, QUICK_COMMANDS, 1) if quick else (EVENTS, COMMANDS, ROUNDS)
    done = await measured(folder, all_streams(events, commands), rounds)
    return [table(done, rounds, disk_sync_s(folder))]
