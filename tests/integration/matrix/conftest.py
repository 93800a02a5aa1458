"""A bot of its own for each test, and somebody who talks to it, on the shared homeserver."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine

from bridge.matrix.account import enter
from bridge.matrix.encryption.sealing import Sealing
from bridge.matrix.homeserver import Homeserver
from config.models import Matrix
from tests.stack.bots import database
from tests.stack.people import MatrixPerson
from tests.stack.registration import AppserviceRegistration
from tests.stack.synapse import SynapseServer


@pytest.fixture
def settings(synapse: SynapseServer, appservice: AppserviceRegistration) -> Matrix:
    """The configuration of a bot that the homeserver has never seen."""
    return Matrix.model_validate(
        {
            "homeserver_url": synapse.url,
            "server_name": synapse.server_name,
            "as_token": appservice.as_token,
            "bot_localpart": f"greffier_{secrets.token_hex(4)}",
            "request_timeout_s": 10,
        }
    )


@pytest_asyncio.fixture
async def homeserver(settings: Matrix, engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[Homeserver]:
    """The homeserver as that bot, which has a device, and no keys."""
    async with Homeserver(settings) as homeserver:
        await enter(homeserver.wire, settings, engine, Sealing(None, tmp_path))
        yield homeserver


@pytest_asyncio.fixture
async def claire(synapse: SynapseServer) -> AsyncIterator[MatrixPerson]:
    """A user who sees what happens in her rooms."""
    async with _registered(synapse, "claire", "Claire Martin [Ministère]") as claire, claire.listening():
        yield claire


@pytest_asyncio.fixture
async def marc(synapse: SynapseServer) -> AsyncIterator[MatrixPerson]:
    """A user who looks at nothing, so that what he sends may be of any shape."""
    async with _registered(synapse, "marc", "Marc") as marc:
        yield marc


@asynccontextmanager
async def _registered(synapse: SynapseServer, name: str, display_name: str) -> AsyncIterator[MatrixPerson]:
    secret, localpart = synapse.registration_shared_secret, f"{name}_{secrets.token_hex(4)}"
    async with aiohttp.ClientSession() as session:
        yield await MatrixPerson.register(session, synapse.url, secret, localpart, display_name=display_name)


@pytest_asyncio.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    """The bot's database, with the tables of the Matrix side."""
    async with database(tmp_path) as engine:
        yield engine
