"""From a typed command to the card that a person sees, on a real Synapse; beside what an echo takes there."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

import aiohttp

from tests.load.measure import disk_sync_s, machine, percentile
from tests.load.report import Table
from tests.stack.greffier import GreffierProcess
from tests.stack.meeting_in_room import CARD_KEY
from tests.stack.people import MatrixPerson
from tests.stack.room_view import RoomView, SeenEvent
from tests.stack.surroundings import Surroundings, Way

ROOMS: Final = 40
QUICK_ROOMS: Final = 2
SEEN_WITHIN_S: Final = 60.0
WAYS: Final[dict[Way, str]] = {
    "sync": "appservice, asked for (/sync)",
    "push": "appservice, pushed",
    "account": "account, asked for (/sync)",
}
Kind = Literal["plain", "encrypted"]
KINDS: Final[tuple[Kind, ...]] = ("plain", "encrypted")


@dataclass
class Waited:
    """How long people waited to see an answer, in seconds."""

    way: Way
    kind: Kind
    """Of rooms."""
    cards_s: list[float] = field(default_factory=list)
    """From beginning to send `!visio` until its card is seen."""
    echoes_s: list[float] = field(default_factory=list)
    """The same for another person's answer, who writes as soon as they see the question."""


@dataclass(frozen=True)
class Place:
    """The running servers, and two people who see what happens in their rooms."""

    around: Surroundings
    asking: MatrixPerson
    echoing: MatrixPerson


@asynccontextmanager
async def running(folder: Path, way: Way) -> AsyncIterator[Place]:
    """Synapse, LiveKit and the front, as an operator starts it, listening in this way."""
    home = folder / "greffier"
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())
        around = Surroundings.prepare(folder, None if way == "account" else home / "registration.yaml", session)
        config = around.config(home / "storage", folder)
        front = GreffierProcess("front", "front", home, config)
        if way == "account":
            await stack.enter_async_context(around.running(lambda _: None))
            config["matrix"] |= await around.make_bot_account()
            front.write_config()
        else:
            if way == "push":
                config["matrix"]["appservice_url"] = around.public_url
            await front.register()
            await stack.enter_async_context(around.running(lambda _: None))
        stack.push_async_callback(front.stop)
        await front.start()
        yield Place(around, await around.register("camille"), await around.register("karim"))


async def waited(folder: Path, way: Way, rooms: int, kinds: tuple[Kind, ...] = KINDS) -> list[Waited]:
    """Ask once in each of so many rooms of each kind, and have an echo there, in turns."""
    seen = [Waited(way, kind) for kind in kinds]
    async with running(folder, way) as place:
        people = [place.asking, place.echoing]
        for number in range(rooms):
            for of_kind in seen:
                name, encrypted = f"Salon {of_kind.kind} {number}", of_kind.kind == "encrypted"
                room_id = await place.around.shared_room(name, people, encrypted=encrypted)
                of_kind.echoes_s.append(await _echo(place, room_id))
                of_kind.cards_s.append(await _card(place, room_id))
    return seen


async def _card(place: Place, room_id: str) -> float:
    began_s = time.perf_counter()

    def card(room: RoomView) -> SeenEvent | None:
        return next((message for message in room.messages if CARD_KEY in message.content), None)

    await place.asking.send_text(room_id, "!visio")
    await place.asking.wait_for(room_id, card, within_s=SEEN_WITHIN_S, what="the card")
    return time.perf_counter() - began_s


async def _echo(place: Place, room_id: str) -> float:
    words = secrets.token_hex(8)

    async def echo() -> None:
        await place.echoing.wait_for(
            room_id, lambda room: _said(room, place.asking, words), within_s=SEEN_WITHIN_S, what="the question"
        )
        await place.echoing.send_text(room_id, words)

    echoing = asyncio.create_task(echo())
    began_s = time.perf_counter()
    await place.asking.send_text(room_id, words)
    await place.asking.wait_for(
        room_id, lambda room: _said(room, place.echoing, words), within_s=SEEN_WITHIN_S, what="the echo"
    )
    took_s = time.perf_counter() - began_s
    await echoing
    return took_s


def _said(room: RoomView, person: MatrixPerson, words: str) -> bool:
    return any(message.body == words for message in room.messages_of(person.user_id))


def table(done: list[Waited], sync_s: float) -> Table:
    """Half of the people waited for less than p50, one in twenty for longer than p95."""
    rows: list[tuple[str, ...]] = []
    for one in done:
        for what, took_s in (("the card", one.cards_s), ("an echo by a person's client", one.echoes_s)):
            times = (f"{percentile(took_s, percent) * 1000:.0f}" for percent in (50, 95))
            rows.append((one.kind, WAYS[one.way], what, f"{len(took_s)}", *times))
    return Table(
        "From the command to the card",
        ("rooms", "how the bot hears", "seen", "times", "ms p50", "p95"),
        tuple(rows),
        note=(
            "On a real Synapse with SQLite: from the moment somebody begins to send `!visio` until their client, "
            "matrix-js-sdk, has the card. A meeting is registered, a call opened on a real LiveKit and the card posted "
            "meanwhile. Beside it, in the same rooms, an echo: another person's client of the same kind, which answers "
            "at once and does nothing else. In an encrypted room, card and echo are the first that their sender says "
            f"there: a key is shared before. {machine(sync_s)}."
        ),
    )


async def run(folder: Path, *, quick: bool = False) -> list[Table]:
    """Measure."""
    done: list[Waited] = []
    for way in WAYS:
        done += await waited(folder / way, way, QUICK_ROOMS if quick else ROOMS)
        print(f"  {way}", flush=True)
    return [table(done, disk_sync_s(folder))]
