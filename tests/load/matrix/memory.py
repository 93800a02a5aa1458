"""How much memory two thousand rooms take, when the bot has been spoken to in every one of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from tests.load.matrix import streams
from tests.load.matrix.homeserver import KeysHomeserver
from tests.load.matrix.people import Person, RoomKey
from tests.load.matrix.pushing import Appservice, push
from tests.load.matrix.receivers import GREFFIER, MAUTRIX, front, other
from tests.load.matrix.streams import EVENTS_A_TRANSACTION, Stream
from tests.load.report import Table

ROOMS: Final = 2_000
MEMBERS: Final = (5, 50)
PEOPLE: Final = 1_000
QUICK_ROOMS: Final = 10
_AT_ONCE: Final = 20
"""So many rooms are spoken in before the bot has answered in all of them."""
QUICK_MEMBERS: Final = (5,)


@dataclass(frozen=True)
class Footprint:
    """What a process had in memory before and after it had to do with so many rooms, in megabytes (10⁶ bytes)."""

    rooms: int
    members: int
    how: str
    before_mb: float
    after_mb: float


def rooms_of(people: list[Person], rooms: int, members: int) -> dict[str, list[Person]]:
    """Rooms with so many of these people, spread so that each is in many."""
    return {
        f"!{room:018}:tchap.test": [people[(room * members + nth) % len(people)] for nth in range(members)]
        for room in range(rooms)
    }


async def of_greffier(folder: Path, people: list[Person], rooms: int, members: int, *, encrypted: bool) -> Footprint:
    """Have it answer one command in each room."""
    everywhere = rooms_of(people, rooms, members)
    keys = [RoomKey(inside[0], room) for room, inside in everywhere.items()] if encrypted else []
    async with KeysHomeserver() as homeserver, front(homeserver, folder) as appservice:
        homeserver.keys.add(people)
        homeserver.members |= {room: [person.user_id for person in inside] for room, inside in everywhere.items()}
        homeserver.encrypted |= set(everywhere) if encrypted else set()
        before_mb = resident_mb(appservice)
        await homeserver.hand_over(keys)
        commands = (
            [streams.command(key) for key in keys]
            if encrypted
            else [streams.command(None, room, inside[0].user_id) for room, inside in everywhere.items()]
        )
        for at in range(0, rooms, _AT_ONCE):
            await push(appservice, commands[at : at + _AT_ONCE])
            await homeserver.until(partial(_answered, homeserver, min(rooms, at + _AT_ONCE)), "answers to commands")
        how = f"{GREFFIER}, {'encrypted' if encrypted else 'plain'} rooms"
        return Footprint(rooms, members, how, before_mb, resident_mb(appservice))


async def of_mautrix(folder: Path, people: list[Person], rooms: int, members: int) -> Footprint:
    """Let it hear of every member of every room."""
    events = [
        streams.arrival(room, person.user_id)
        for room, inside in rooms_of(people, rooms, members).items()
        for person in inside
    ]
    stream = Stream("members", len(events), 0, people)
    async with other(MAUTRIX, "mautrix", stream, folder) as receiver:
        before_mb = resident_mb(receiver.appservice)
        for at in range(0, len(events), EVENTS_A_TRANSACTION):
            await push(receiver.appservice, [streams.transaction(events[at : at + EVENTS_A_TRANSACTION])])
        await receiver.done()
        return Footprint(rooms, members, f"{MAUTRIX}, who is where", before_mb, resident_mb(receiver.appservice))


def _answered(homeserver: KeysHomeserver, commands: int) -> bool:
    return homeserver.sent.total() >= commands


def resident_mb(appservice: Appservice) -> float:
    """What of the process is in memory now."""
    status = Path(f"/proc/{appservice.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) * 1024 / 1e6


def table(done: list[Footprint]) -> Table:
    """As they were measured."""
    rows = [
        (
            f"{one.rooms:,}",
            f"{one.members}",
            one.how,
            f"{one.before_mb:.0f}",
            f"{one.after_mb:.0f}",
            f"{(one.after_mb - one.before_mb) / one.rooms * 1000:.1f}",
        )
        for one in done
    ]
    return Table(
        f"Memory with {done[0].rooms:,} rooms",
        ("rooms", "members in each", "receiver", "MB at first", "MB in the end", "kB a room"),
        tuple(rows),
        note=(
            "Resident memory of the real `greffier front` before and after it answered a command in every room, of "
            f"{PEOPLE:,} people with a device each; in encrypted rooms it has shared a key with every member's device. "
            f"Beside it {MAUTRIX}'s appservice after it has heard of every member, with its state in memory."
        ),
    )


async def run(folder: Path, *, quick: bool = False) -> list[Table]:
    """Measure."""
    rooms, sizes = (QUICK_ROOMS, QUICK_MEMBERS) if quick else (ROOMS, MEMBERS)
    done: list[Footprint] = []
    for members in sizes:
        people = [Person(number) for number in range(PEOPLE if not quick else members)]
        for encrypted in (False, True):
            done.append(
                await of_greffier(folder / f"{members}{encrypted}", people, rooms, members, encrypted=encrypted)
            )
            print(f"  {done[-1].how}, {members} members", flush=True)
        done.append(await of_mautrix(folder / f"{members}", people, rooms, members))
    return [table(done)]
