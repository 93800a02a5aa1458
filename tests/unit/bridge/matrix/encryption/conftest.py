"""The bot's device on a database, somebody with two devices who talks to it, and a homeserver that knows her."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine

from bridge.matrix.encryption.device_lists import DeviceLists
from bridge.matrix.encryption.device_messages import DeviceMessages
from bridge.matrix.encryption.machine import Machine
from bridge.matrix.encryption.store import CryptoStore
from bridge.matrix.ids import UserId
from bridge.matrix.wire import Acting, Wire
from tests.fakes.clocks import Clock
from tests.fakes.device_owners import Owner
from tests.fakes.key_server import KeyServer
from tests.fakes.matrix import BOT, CLAIRE
from tests.unit.bridge.matrix.encryption.peers import DEVICE_ID, Peer, open_store


@pytest.fixture
def clock() -> Clock:
    """The time of day, which stands still unless a test lets it pass."""
    return Clock(1_800_000_000.0)


@pytest.fixture
def claire() -> Owner:
    """Claire, whose old phone her identity has not signed."""
    return Owner(CLAIRE, "PHONE", "OLD", signed=["PHONE"])


@pytest_asyncio.fixture
async def server(claire: Owner) -> AsyncIterator[KeyServer]:
    """Her homeserver, and the bot's."""
    async with KeyServer(claire) as server:
        yield server


@pytest_asyncio.fixture
async def wire(server: KeyServer) -> AsyncIterator[Wire]:
    """The wire to it."""
    async with Wire(server.settings(), Acting(UserId(BOT), "token", DEVICE_ID, is_masquerading=True)) as wire:
        yield wire


@pytest_asyncio.fixture
async def store(engine: AsyncEngine) -> CryptoStore:
    """A store in which nothing is."""
    return await open_store(engine)


@pytest.fixture
def lists(wire: Wire, store: CryptoStore, clock: Clock) -> DeviceLists:
    """What the bot knows of others' devices."""
    return DeviceLists(wire, store, clock=clock)


@pytest.fixture
def machine(store: CryptoStore) -> Machine:
    """The bot's device, on its first day."""
    return Machine(store)


@pytest.fixture
def messages(wire: Wire, machine: Machine, store: CryptoStore, clock: Clock) -> DeviceMessages:
    """What it sends to other devices."""
    return DeviceMessages(wire, machine, store, clock=clock)


@pytest.fixture
def phone(machine: Machine) -> Peer:
    """Claire's telephone, which has begun to talk to the bot's device."""
    peer = Peer()
    peer.meet(machine)
    return peer
