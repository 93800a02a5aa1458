"""The bot's device on a database, and somebody who talks to it."""

from __future__ import annotations

import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine

from bridge.matrix.encryption.machine import Machine
from bridge.matrix.encryption.store import CryptoStore
from tests.unit.bridge.matrix.encryption.peers import Peer, open_store


@pytest_asyncio.fixture
async def store(engine: AsyncEngine) -> CryptoStore:
    """A store in which nothing is."""
    return await open_store(engine)


@pytest.fixture
def machine(store: CryptoStore) -> Machine:
    """The bot's device, on its first day."""
    return Machine(store)


@pytest.fixture
def phone(machine: Machine) -> Peer:
    """Claire's telephone, which has begun to talk to the bot's device."""
    peer = Peer()
    peer.meet(machine)
    return peer
