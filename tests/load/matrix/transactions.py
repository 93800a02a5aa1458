"""How many events a second each receiver takes when they are pushed to it, and what an event costs it in CPU time."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

from tests.load.matrix import streams
from tests.load.matrix.pushing import push
from tests.load.matrix.receivers import GREFFIER, LEAST, MAUTRIX, Receiver, Start, receivers
from tests.load.matrix.streams import EVENTS_A_TRANSACTION, Stream
from tests.load.measure import cpu_s_of, disk_sync_s, machine
from tests.load.report import Table

ROUNDS: Final = 5
EVENTS: Final = 20_000
COMMANDS: Final = 200
QUICK_EVENTS: Final = 400
QUICK_COMMANDS: Final = 4


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


async def measured(
    folder: Path, among: list[Stream], rounds: int, *, only: frozenset[str] | None = None
) -> list[Digestion]:
    """Every stream through every receiver (or `only` these), in turns, so that what else the machine does hurts all."""
    done: list[Digestion] = []
    for number, stream in enumerate(among):
        async with AsyncExitStack() as stack:
            starts: dict[str, Start] = {name: it for name, it in receivers(stream).items() if not only or name in only}
            running = [
                await stack.enter_async_context(start(stream, folder / f"{number}" / name))
                for name, start in starts.items()
            ]
            for turn in range(rounds + 1):
                for receiver in running:
                    digestion = await digested(receiver, stream)
                    if turn > 0:  # the first time warms up
                        done.append(digestion)
        print(f"  {stream.name}: {stream.events} events, {rounds} times each", flush=True)
    return done


def table(done: list[Digestion], rounds: int, sync_s: float) -> Table:
    """The medians of the rounds."""
    rows: list[tuple[str, ...]] = []
    for stream in dict.fromkeys(one.stream.name for one in done):
        mine = [one for one in done if one.stream.name == stream]
        for how in dict.fromkeys(one.how for one in mine):
            a_s = [one.events_a_s for one in mine if one.how == how]
            cpu_us = median(one.cpu_us for one in mine if one.how == how)
            ratios = _ratios(mine, how)
            beside = f"{median(ratios):.1f}" if ratios else "—"
            rows.append(
                (stream, how, f"{median(a_s):,.0f}", f"{min(a_s):,.0f} to {max(a_s):,.0f}", f"{cpu_us:.0f}", beside)
            )
    return Table(
        "Pushed events a second",
        ("stream", "receiver", "events a second", "from … to", "CPU µs an event", f"× {MAUTRIX}"),
        tuple(rows),
        note=(
            f"Transactions of {EVENTS_A_TRANSACTION} events, one after the other over one connection, as Synapse "
            "pushes them; each receiver in a process of its own, in turns on the same kind of stream. Greffier is the "
            "real `greffier front` on SQLite: a transaction is answered when what is for the bot, and what encryption "
            "needs to remember, is on the disk; then commands are answered, into a homeserver in memory, and their CPU "
            "time counts. mautrix-python parses each event and hands it to one handler, which looks whether it is a "
            f"command; it remembers nothing on disk. “{LEAST.capitalize()}” parses a transaction with aiohttp "
            "and answers. Where these decrypt, it is with vodozemac alone, from sessions in memory. "
            f"× {MAUTRIX}: events a second beside its own of the same round. Medians of {rounds} rounds; "
            f"{machine(sync_s)}."
        ),
    )


def _ratios(mine: list[Digestion], how: str) -> list[float]:
    """How many times mautrix it is, round by round."""
    rounds = zip([one for one in mine if one.how == how], [one for one in mine if one.how == MAUTRIX], strict=False)
    return [] if how == MAUTRIX else [ours.events_a_s / theirs.events_a_s for ours, theirs in rounds]


async def run(folder: Path, *, quick: bool = False) -> list[Table]:
    """Measure."""
    events, commands, rounds = (QUICK_EVENTS, QUICK_COMMANDS, 1) if quick else (EVENTS, COMMANDS, ROUNDS)
    done = await measured(folder, all_streams(events, commands), rounds)
    return [table(done, rounds, disk_sync_s(folder))]


__all__ = ["GREFFIER", "LEAST", "MAUTRIX", "all_streams", "measured", "run", "table"]
