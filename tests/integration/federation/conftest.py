"""Two homeservers, a bot on the first for each test, and people on both."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from config.models import Matrix
from tests.integration.matrix.conftest import engine, homeserver
from tests.integration.matrix.test_rooms import rooms, wire
from tests.stack.federation import Federation, running_federation
from tests.stack.people import MatrixPerson
from tests.stack.registration import AppserviceRegistration
from tests.stack.synapse import SynapseServer

__all__ = ["engine", "homeserver", "rooms", "wire"]


class Registered:
    """What the first homeserver, once its name is known, knows of bots: for each test one, and Greffier itself."""

    def __init__(self, folder: Path) -> None:
        self.appservice: AppserviceRegistration
        self.greffier: AppserviceRegistration
        self.greffier_file = folder / "greffier.yaml"
        self._file = folder / "registration.yaml"

    def __call__(self, server_name: str) -> Sequence[Path]:
        """Write the registration files."""
        self.appservice = AppserviceRegistration(server_name, "one_of", user_regex="greffier_[a-z0-9]+")
        self.greffier = AppserviceRegistration(server_name)
        return [self.appservice.write(self._file), self.greffier.write(self.greffier_file)]


@pytest.fixture(scope="session")
def registered(tmp_path_factory: pytest.TempPathFactory) -> Registered:
    """The registrations."""
    return Registered(tmp_path_factory.mktemp("registration"))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def federation(tmp_path_factory: pytest.TempPathFactory, registered: Registered) -> AsyncIterator[Federation]:
    """Both homeservers, shared by the tests."""
    async with running_federation(tmp_path_factory.mktemp("federation"), registered) as federation:
        yield federation


@pytest.fixture
def settings(federation: Federation, registered: Registered) -> Matrix:
    """The configuration of a bot that neither homeserver has ever seen."""
    return Matrix.model_validate(
        {
            "homeserver_url": federation.home.url,
            "server_name": federation.home.server_name,
            "as_token": registered.appservice.as_token,
            "bot_localpart": f"greffier_{secrets.token_hex(4)}",
            "request_timeout_s": 30,
        }
    )


@pytest_asyncio.fixture
async def claire(federation: Federation) -> AsyncIterator[MatrixPerson]:
    """Somebody of the other homeserver, who sees what happens in her rooms."""
    async with aiohttp.ClientSession() as session:
        claire = await registered_person(session, federation.away, "claire", "Claire Martin [Ailleurs]")
        async with claire.listening():
            yield claire


@pytest_asyncio.fixture
async def marc(federation: Federation) -> AsyncIterator[MatrixPerson]:
    """Somebody of the bot's own homeserver."""
    async with aiohttp.ClientSession() as session:
        yield await registered_person(session, federation.home, "marc", "Marc")


async def registered_person(
    session: aiohttp.ClientSession, server: SynapseServer, name: str, display_name: str
) -> MatrixPerson:
    """Make somebody an account."""
    secret, localpart = server.registration_shared_secret, f"{name}_{secrets.token_hex(4)}"
    return await MatrixPerson.register(session, server.url, secret, localpart, display_name=display_name)
