"""What it takes to share a room's key with a thousand devices, and how long the front's event loop is held up by it."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final

from tests.load.matrix import streams
from tests.load.matrix.homeserver import KeysHomeserver
from tests.load.matrix.people import Person, RoomKey
from tests.load.matrix.pushing import Appservice, push
from tests.load.matrix.receivers import front
from tests.load.matrix.watched_front import LAG_FILE, WORTH_A_LOOK_S, lags_between
from tests.load.measure import FROM_HERE, cpu_s_of, disk_sync_s, machine
from tests.load.report import Table

DEVICES: Final = 1_000
ROUNDS: Final = 3
QUICK_DEVICES: Final = 20
ROOM: Final = "!everybody:tchap.test"
FIRST: Final = "the first message: devices asked for, one-time keys claimed, key shared"
AGAIN: Final = "after somebody has left: a new key, shared with the others"
LEAST: Final = "vodozemac alone: sessions made, key encrypted for each"


@dataclass(frozen=True)
class Sharing:
    """One answer of the bot's into a room, with the sharing of a key before it."""

    what: str
    devices: int
    wall_s: float
    cpu_s: float
    longest_lag_s: float | None = None


async def shared(folder: Path, devices: int) -> list[Sharing]:
    """Have a new front answer a command in an encrypted room of so many people, and again when one has left."""
    people = [Person(number) for number in range(devices)]
    by_us = _by_vodozemac(people)
    lag_file = folder / "lag"
    folder.mkdir(parents=True, exist_ok=True)
    async with (
        KeysHomeserver() as homeserver,
        front(
            homeserver,
            folder,
            program=(sys.executable, "-m", "tests.load.matrix.watched_front"),
            variables={LAG_FILE: str(lag_file), "PYTHONPATH": FROM_HERE["PYTHONPATH"]},
        ) as appservice,
    ):
        homeserver.keys.add(people)
        homeserver.encrypted.add(ROOM)
        homeserver.members[ROOM] = [person.user_id for person in people]
        key = RoomKey(people[0], ROOM)
        await homeserver.hand_over([key])
        first = await _answered(homeserver, appservice, key, FIRST, lag_file)
        leaver = people[-1].user_id
        homeserver.members[ROOM].remove(leaver)
        await push(appservice, [streams.departure(ROOM, leaver)])
        again = await _answered(homeserver, appservice, key, AGAIN, lag_file)
    return [first, again, by_us]


async def _answered(
    homeserver: KeysHomeserver, appservice: Appservice, key: RoomKey, what: str, lag_file: Path
) -> Sharing:
    """A command, until it is answered."""
    sent, shared_with = homeserver.sent.total(), homeserver.shared_with
    cpu_began_s, began_s = cpu_s_of(appservice.pid), time.perf_counter()
    await push(appservice, [streams.command(key)])
    await homeserver.until(lambda: homeserver.sent.total() > sent, f"an answer to a command ({what})")
    ended_s = time.perf_counter()
    return Sharing(
        what,
        homeserver.shared_with - shared_with,
        ended_s - began_s,
        cpu_s_of(appservice.pid) - cpu_began_s,
        max(lags_between(lag_file, began_s, ended_s), default=0.0),
    )


def _by_vodozemac(people: list[Person]) -> Sharing:
    """The cryptography of the first message, and nothing around it."""
    me, *others = people
    claimed: list[dict[str, Any]] = [next(iter(other.one_time_key().values())) for other in others]
    key = RoomKey(me, ROOM)
    began_s, cpu_began_s = time.perf_counter(), time.process_time()
    for other, one_time_key in zip(others, claimed, strict=True):
        olm = me.olm_session(other.curve25519, one_time_key["key"])
        json.dumps(key.to_device(olm, other.user_id, other.curve25519, other.ed25519))
    return Sharing(LEAST, len(others), time.perf_counter() - began_s, time.process_time() - cpu_began_s)


def table(done: list[Sharing], rounds: int, sync_s: float) -> Table:
    """The medians of the rounds, and the longest lag of all."""
    rows: list[tuple[str, ...]] = []
    for what in (FIRST, AGAIN, LEAST):
        mine = [one for one in done if one.what == what]
        lags_s = [one.longest_lag_s for one in mine if one.longest_lag_s is not None]
        rows.append(
            (
                what,
                f"{mine[0].devices:,}",
                f"{median(one.wall_s for one in mine):.2f}",
                f"{median(one.cpu_s for one in mine):.2f}",
                _in_ms(max(lags_s)) if lags_s else "—",
            )
        )
    return Table(
        "Sharing a room's key",
        ("what", "devices", "s until answered", "CPU s", "longest lag of the event loop, ms"),
        tuple(rows),
        note=(
            "One command in an encrypted room of so many people with a device each, pushed to the real "
            "`greffier front`, until its answer is sent; each device has keys of its own, which a homeserver in memory "
            f"hands out. The lag is looked at every 20 ms in the front itself. Medians of {rounds} fronts, of lags the "
            f"longest; {machine(sync_s)}."
        ),
    )


def _in_ms(lag_s: float) -> str:
    return f"{lag_s * 1000:.0f}" if lag_s else f"under {WORTH_A_LOOK_S * 1000:.0f}"


async def run(folder: Path, *, quick: bool = False) -> list[Table]:
    """Measure; every device that may read must have been given the key."""
    devices, rounds = (QUICK_DEVICES, 1) if quick else (DEVICES, ROUNDS)
    done: list[Sharing] = []
    for turn in range(rounds):
        done += await shared(folder / f"{turn}", devices)
        print(f"  {turn + 1} of {rounds}", flush=True)
    wrong = [one for one in done if one.what != LEAST and one.devices != devices - (one.what == AGAIN)]
    if wrong:
        raise AssertionError(f"the key did not go to all devices, or to others: {wrong}")
    return [table(done, rounds, disk_sync_s(folder))]
