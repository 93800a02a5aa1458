"""The real servers, started once a test run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from tests.stack.livekit import LiveKitServer, running_livekit
from tests.stack.postgresql import PostgreSQLServer, running_postgresql
from tests.stack.registration import AppserviceRegistration
from tests.stack.s3 import S3Server, running_s3
from tests.stack.synapse import SynapseServer, running_synapse

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SERVER_NAME = "tchap.test"


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def livekit(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LiveKitServer]:
    """A LiveKit server shared by the tests; one that wants webhooks or restarts starts its own."""
    async with running_livekit(tmp_path_factory.mktemp("livekit")) as server:
        yield server


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def s3(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[S3Server]:
    """An S3 server with a bucket, shared by the tests; one that wants outages starts its own."""
    async with running_s3(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture(scope="session")
def appservice() -> AppserviceRegistration:
    """What the shared homeserver knows of the bot: `@greffier` and, for tests that want one alone, `@greffier_…`."""
    return AppserviceRegistration(SERVER_NAME, user_regex="greffier(_[a-z0-9]+)?")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def synapse(
    tmp_path_factory: pytest.TempPathFactory, appservice: AppserviceRegistration
) -> AsyncIterator[SynapseServer]:
    """A homeserver shared by the tests, with the `appservice` installed; one that wants restarts starts its own."""
    folder = tmp_path_factory.mktemp("synapse")
    registration = appservice.write(folder / "registration.yaml")
    async with running_synapse(folder, server_name=SERVER_NAME, registrations=[registration]) as server:
        yield server


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def postgresql(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[PostgreSQLServer]:
    """A PostgreSQL shared by the tests, each with databases of its own; one that wants restarts starts its own."""
    async with running_postgresql(tmp_path_factory.mktemp("postgresql")) as server:
        yield server
