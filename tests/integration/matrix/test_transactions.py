"""A real homeserver that pushes to the real HTTP side: nothing is lost, whichever of the two is away meanwhile."""

from __future__ import annotations

import asyncio
import secrets
import sqlite3
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from bridge.matrix.ids import RoomId, UserId
from bridge.matrix.pinging import NotReached, ping
from bridge.matrix.transactions import Transactions
from bridge.web.metrics import Metrics
from bridge.web.server import build, serving
from config.models import Matrix
from tests.fakes.web import FakeCallEvents, FakeDoor, FakeReadiness
from tests.stack.bots import plain_bot
from tests.stack.people import MatrixPerson
from tests.stack.ports import free_tcp_port
from tests.stack.registration import AppserviceRegistration
from tests.stack.synapse import SynapseServer, running_synapse

SERVER_NAME = "tchap.test"


@dataclass(frozen=True)
class World:
    """A homeserver with an appservice that it pushes to, and one that it does not, which has no address."""

    synapse: SynapseServer
    pushed: AppserviceRegistration
    unpushed: AppserviceRegistration
    port: int

    def settings(self, registration: AppserviceRegistration) -> Matrix:
        """The settings of a bot of this appservice."""
        return Matrix.model_validate(
            {
                "homeserver_url": self.synapse.url,
                "server_name": SERVER_NAME,
                "as_token": registration.as_token,
                "hs_token": registration.hs_token,
                "appservice_url": f"http://127.0.0.1:{self.port}",
                "bot_localpart": registration.bot_localpart,
            }
        )


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """Shared by the tests here, each of which has a room of its own."""
    folder, port = tmp_path_factory.mktemp("pushing"), free_tcp_port()
    pushed = AppserviceRegistration(SERVER_NAME, "pushed", url=f"http://127.0.0.1:{port}")
    unpushed = AppserviceRegistration(SERVER_NAME, "unpushed")
    files = [each.write(folder / f"{each.bot_localpart}.yaml") for each in (pushed, unpushed)]
    async with running_synapse(folder / "synapse", server_name=SERVER_NAME, registrations=files) as synapse:
        yield World(synapse, pushed, unpushed, port)


@pytest.fixture
def settings(world: World, monkeypatch: pytest.MonkeyPatch) -> Matrix:
    """The settings of the bot that is pushed to."""
    named(monkeypatch, world.pushed)
    return world.settings(world.pushed)


def named(monkeypatch: pytest.MonkeyPatch, registration: AppserviceRegistration) -> None:
    """The appservice goes by the id of its registration, whose file is not where Greffier's own would be."""
    monkeypatch.setattr("bridge.matrix.pinging.appservice_id", lambda _: f"greffier-{registration.bot_localpart}")


@pytest_asyncio.fixture
async def claire(world: World) -> AsyncIterator[MatrixPerson]:
    """Somebody who writes into rooms that the bot is in."""
    secret, localpart = world.synapse.registration_shared_secret, f"claire_{secrets.token_hex(4)}"
    async with aiohttp.ClientSession() as session:
        yield await MatrixPerson.register(session, world.synapse.url, secret, localpart)


@pytest_asyncio.fixture
async def room_id(settings: Matrix, claire: MatrixPerson) -> RoomId:
    """A room of Claire's with the bot."""
    room_id = RoomId(await claire.create_room("Budget"))
    async with plain_bot(settings) as homeserver:
        await claire.invite(room_id, homeserver.user_id)
        await homeserver.join(room_id)
    return room_id


class Store:
    """Remembers what was said in one room, in the order in which it came; refuses it as often as told."""

    def __init__(self, room_id: str) -> None:
        self.heard: list[str] = []
        self.refusals = 0
        self.refused = 0
        self._room_id = room_id
        self._more = asyncio.Condition()

    async def take(self, _txn_id: str, events: Sequence[object]) -> None:
        """Store one transaction."""
        bodies = [body for event in events if (body := self._body(event)) is not None]
        async with self._more:
            if bodies and self.refused < self.refusals:
                self.refused += 1
                self._more.notify_all()
                raise TimeoutError
            self.heard += bodies
            self._more.notify_all()

    async def until(self, *bodies: str) -> None:
        """Wait until these have been stored, in this order, and nothing else."""
        async with asyncio.timeout(60), self._more:
            await self._more.wait_for(lambda: len(self.heard) >= len(bodies))
        assert self.heard == list(bodies)

    async def until_refused(self, times: int) -> None:
        """Wait until it has been refused that often."""
        async with asyncio.timeout(60), self._more:
            await self._more.wait_for(lambda: self.refused >= times)

    def _body(self, event: object) -> str | None:
        if not isinstance(event, Mapping) or event.get("room_id") != self._room_id:
            return None
        body: Any = event.get("content", {}).get("body")
        return body if isinstance(body, str) else None


@asynccontextmanager
async def listening(
    world: World, store: Store, tmp_path: Path, *, hs_token: str | None = None
) -> AsyncIterator[Transactions]:
    """Greffier's HTTP side, on the port that the homeserver pushes to."""
    (tmp_path / "page" / "assets").mkdir(parents=True, exist_ok=True)
    (tmp_path / "page" / "index.html").write_text("")
    token = SecretStr(hs_token or world.pushed.hs_token)
    pushed = Transactions(token, UserId(world.pushed.bot_user_id), store.take)
    app = build(
        FakeDoor(),
        FakeCallEvents(),
        FakeReadiness(),
        page_dir=tmp_path / "page",
        livekit_url="wss://livekit.test",
        metrics=Metrics(CollectorRegistry(), token=None),
        also=pushed.routes(),
    )
    async with serving(app, "127.0.0.1", world.port):
        yield pushed


async def until_undelivered(world: World) -> None:
    """Wait until the homeserver has noted that it could not deliver.

    Synapse forgets a transaction when it is stopped between making it and that: it comes after the next failure.
    """
    query = "SELECT state FROM application_services_state WHERE as_id = 'greffier-pushed'"
    async with asyncio.timeout(30):
        while True:
            with closing(sqlite3.connect(f"file:{world.synapse.database}?mode=ro", uri=True)) as database:
                if database.execute(query).fetchone() == ("down",):
                    return
            await asyncio.sleep(0.05)


async def test_what_is_said_is_pushed_in_its_order(
    world: World, settings: Matrix, claire: MatrixPerson, room_id: RoomId, tmp_path: Path
) -> None:
    """Nobody asks for it."""
    store = Store(room_id)
    async with listening(world, store, tmp_path):
        await ping(settings)
        bodies = [f"message {number}" for number in range(20)]
        for body in bodies:
            await claire.send_text(room_id, body)
        await store.until(*bodies)


async def test_what_could_not_be_stored_comes_again_when_the_homeserver_is_asked(
    world: World, settings: Matrix, claire: MatrixPerson, room_id: RoomId, tmp_path: Path
) -> None:
    """The first answers are no success; what is said meanwhile comes after it."""
    store = Store(room_id)
    store.refusals = 2
    async with listening(world, store, tmp_path) as pushed:
        await ping(settings)
        await claire.send_text(room_id, "un")
        await store.until_refused(1)
        assert pushed.failed.is_set()
        await claire.send_text(room_id, "deux")
        await ping(settings)
        await store.until_refused(2)
        assert store.heard == []
        await ping(settings)
        await store.until("un", "deux")


async def test_what_is_said_while_greffier_is_away_is_pushed_when_it_is_back(
    world: World, settings: Matrix, claire: MatrixPerson, room_id: RoomId, tmp_path: Path
) -> None:
    """Its ping brings it at once."""
    store = Store(room_id)
    async with listening(world, store, tmp_path):
        await ping(settings)
        await claire.send_text(room_id, "avant")
        await store.until("avant")
    await claire.send_text(room_id, "pendant")
    with pytest.raises(NotReached, match="cannot reach Greffier"):
        await ping(settings)
    async with listening(world, store, tmp_path):
        await ping(settings)
        await store.until("avant", "pendant")


async def test_what_is_said_before_the_homeserver_restarts_is_pushed_after_it(
    world: World, settings: Matrix, claire: MatrixPerson, room_id: RoomId, tmp_path: Path
) -> None:
    """It keeps what it could not deliver."""
    await claire.send_text(room_id, "avant")
    await until_undelivered(world)
    await world.synapse.stop()
    await world.synapse.start()
    store = Store(room_id)
    async with listening(world, store, tmp_path):
        await ping(settings)
        await claire.send_text(room_id, "après")
        await store.until("avant", "après")


async def test_a_homeserver_with_another_token_is_told_so_and_we_are_told_by_it(
    world: World, settings: Matrix, tmp_path: Path
) -> None:
    """The sentence names the key."""
    async with listening(world, Store("!nowhere"), tmp_path, hs_token="another-token"):
        with pytest.raises(NotReached, match=r"is not this Greffier.*matrix\.hs_token"):
            await ping(settings)


async def test_a_registration_without_an_address_is_said(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """As after `appservice_url` was set, and the homeserver not restarted."""
    named(monkeypatch, world.unpushed)
    with pytest.raises(NotReached, match=r"has no url.*restart the homeserver"):
        await ping(world.settings(world.unpushed))


async def test_another_id_than_that_of_the_registration_is_said(
    world: World, settings: Matrix, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The homeserver does not say which one it knows."""
    named(monkeypatch, replace(world.pushed, bot_localpart="another"))
    with pytest.raises(NotReached, match="should know the id greffier-another"):
        await ping(settings)
