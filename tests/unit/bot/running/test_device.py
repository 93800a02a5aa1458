"""What `greffier check` says of the homeserver and the bot's device, before and after a database is lost."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import sqlalchemy as sa
from vodozemac import Account

from bot.running import checking
from bot.store.database import Database
from bridge.matrix.encryption.sealing import Sealing
from bridge.matrix.errors import HomeserverFault, HomeserverUnreachable, TokenRefused
from bridge.matrix.tables import DEVICE
from config.models import Settings
from tests.fakes.device_owners import OwnedDevice
from tests.fakes.matrix import BOT, TOKEN_UNKNOWN, Answer, FakeHomeserver
from tests.unit.config.config_text import loaded


@pytest_asyncio.fixture
async def server() -> AsyncIterator[FakeHomeserver]:
    """A homeserver that has no keys of the bot's."""
    async with FakeHomeserver() as server:
        server.answers("GET", "/versions", Answer(body={"versions": ["v1.11"]}))
        server.answers("GET", "/whoami", Answer(body={"user_id": BOT, "device_id": "GREFFIER"}))
        has(server)
        yield server


def has(server: FakeHomeserver, *devices: OwnedDevice) -> None:
    """Let the homeserver have the keys of these devices of the bot's."""
    every = {device.device_id: device.keys() for device in devices}
    server.answers("POST", "/keys/query", Answer(body={"device_keys": {BOT: every}}))


def settings_of(server: FakeHomeserver, folder: Path, **changed: Any) -> Settings:
    """Those of a bot whose storage is empty."""
    whole = loaded(folder)
    storage = whole.storage.model_copy(update={"folder": folder})
    return whole.model_copy(update={"matrix": server.settings(**changed), "storage": storage})


def account(**changed: str | None) -> dict[str, Any]:
    """What makes it an ordinary account's."""
    return {"identity": "account", "as_token": None, **changed}


async def has_run_as(settings: Settings, device_id: str) -> None:
    """The database has the keys of this device."""
    database = Database.open(settings)
    await database.migrate()
    sealing = Sealing(None, settings.storage.folder)
    pickle = Account().pickle(sealing.pickle_key).encode()
    row = {"user_id": BOT, "device_id": device_id, "account": pickle, "is_published": True}
    async with database.engine.begin() as connection:
        await connection.execute(sa.insert(DEVICE).values(row))
    await database.dispose()


async def test_a_homeserver_is_asked_before_an_account_has_logged_in(server: FakeHomeserver, tmp_path: Path) -> None:
    """Without a token: a wrong address is found before the first start."""
    settings = settings_of(server, tmp_path, **account(password="a-password"))
    assert await checking._homeserver(settings) == (
        f"{settings.matrix.homeserver_url} answers, and {BOT} logs in at the first start"
    )
    assert (await checking._device(settings)).endswith("made at the first start")
    assert not server.asked("POST", "/login")
    server.answers("GET", "/versions", Answer(body={"hello": "world"}))
    with pytest.raises(HomeserverFault, match="no homeserver"):
        await checking._homeserver(settings)
    await server.stop()
    with pytest.raises(HomeserverUnreachable):
        await checking._homeserver(settings)


@pytest.mark.parametrize("ask", [checking._homeserver, checking._device])
async def test_a_login_that_has_ended_is_mended_by_a_start(server: FakeHomeserver, tmp_path: Path, ask: Any) -> None:
    """Nothing is said of a registration, which an account has not."""
    server.answers("GET", "/whoami", TOKEN_UNKNOWN)
    with pytest.raises(TokenRefused, match="start Greffier, which logs in again") as raised:
        await ask(settings_of(server, tmp_path, **account(access_token="a-token")))
    assert "registration" not in str(raised.value)


@pytest.mark.parametrize("has_tables", [False, True])
async def test_a_database_that_was_lost_is_found_before_the_next_start(
    server: FakeHomeserver, tmp_path: Path, *, has_tables: bool
) -> None:
    """The homeserver still has the device's keys."""
    settings = settings_of(server, tmp_path)
    if has_tables:
        database = Database.open(settings)
        await database.migrate()
        await database.dispose()
    assert (await checking._device(settings)).endswith("made at the first start")
    has(server, OwnedDevice(BOT, "GREFFIER"))
    with pytest.raises(LookupError, match=r"not in this database.*greffier identity restore.*greffier identity reset"):
        await checking._device(settings)


async def test_a_lost_database_is_found_by_the_device_of_an_accounts_token(
    server: FakeHomeserver, tmp_path: Path
) -> None:
    """Whatever `matrix.device_id` says."""
    server.answers("GET", "/whoami", Answer(body={"user_id": BOT, "device_id": "ELEMENT"}))
    has(server, OwnedDevice(BOT, "ELEMENT"))
    with pytest.raises(LookupError, match="knows ELEMENT with keys that are not in this database"):
        await checking._device(settings_of(server, tmp_path, **account(access_token="a-token")))


@pytest.mark.parametrize("ask", [checking._homeserver, checking._device])
async def test_a_token_of_another_device_or_user_is_a_fault(server: FakeHomeserver, tmp_path: Path, ask: Any) -> None:
    """Neither is well, and neither proposes a new identity."""
    settings = settings_of(server, tmp_path, **account(access_token="a-token"))
    await has_run_as(settings, "GREFFIER_abc")
    with pytest.raises(TokenRefused, match=r"is of the device GREFFIER, and .* those of GREFFIER_abc"):
        await ask(settings)
    server.answers("GET", "/whoami", Answer(body={"user_id": "@claire:tchap.test", "device_id": "GREFFIER_abc"}))
    with pytest.raises(TokenRefused, match=r"takes Greffier for @claire:tchap\.test"):
        await ask(settings)
