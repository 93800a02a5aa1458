"""The bot as an ordinary account of a real homeserver: one login, one device, whatever happens to its token."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine

from bridge.matrix.account import enter
from bridge.matrix.errors import TokenRefused
from bridge.matrix.ids import UserId
from bridge.matrix.wire import Acting, Wire
from config.models import Matrix
from tests.fakes.sealing import FakeSealing
from tests.stack.people import MatrixPerson
from tests.stack.synapse import SynapseServer


@pytest_asyncio.fixture
async def owner(synapse: SynapseServer) -> AsyncIterator[MatrixPerson]:
    """Whoever made the bot's account, and is logged in to it beside the bot."""
    secret, localpart = synapse.registration_shared_secret, f"bot_{secrets.token_hex(4)}"
    async with aiohttp.ClientSession() as session:
        yield await MatrixPerson.register(session, synapse.url, secret, localpart)


def account(synapse: SynapseServer, owner: MatrixPerson, **changed: Any) -> Matrix:
    """The settings of a bot that is this account."""
    wanted = {
        "homeserver_url": synapse.url,
        "server_name": synapse.server_name,
        "identity": "account",
        "bot_localpart": owner.user_id.split(":")[0].removeprefix("@"),
        "password": owner.password,
    }
    return Matrix.model_validate(wanted | changed)


async def started(settings: Matrix, engine: AsyncEngine) -> Acting:
    """Whom the bot acts as after a start."""
    async with Wire(settings, Acting(UserId(settings.bot_user_id), "")) as wire:
        return await enter(wire, settings, engine, FakeSealing())


async def devices(owner: MatrixPerson) -> dict[str, str | None]:
    """The account's devices beside the owner's own, with their names."""
    own = (await owner.request("GET", "/_matrix/client/v3/account/whoami"))["device_id"]
    answer = await owner.request("GET", "/_matrix/client/v3/devices")
    return {d["device_id"]: d.get("display_name") for d in answer["devices"] if d["device_id"] != own}


async def logged_out(synapse: SynapseServer, token: str) -> None:
    """The bot's login is ended."""
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as session:
        await session.post(f"{synapse.url}/_matrix/client/v3/logout", raise_for_status=True)


async def test_an_account_logs_in_once_and_has_one_device(
    synapse: SynapseServer, owner: MatrixPerson, engine: AsyncEngine
) -> None:
    """A restart goes on with the same token; the account shows the bot's name."""
    settings = account(synapse, owner)
    first = await started(settings, engine)
    assert await started(settings, engine) == first
    assert (first.device_id, first.is_masquerading) == ("GREFFIER", False)
    assert await devices(owner) == {"GREFFIER": "Greffier"}
    profile = await owner.request("GET", f"/_matrix/client/v3/profile/{owner.user_id}")
    assert profile["displayname"] == "Greffier"


async def test_a_login_that_was_ended_is_made_again_for_the_same_device(
    synapse: SynapseServer, owner: MatrixPerson, engine: AsyncEngine
) -> None:
    """An administrator may end it at any time; there is still one device."""
    settings = account(synapse, owner)
    first = await started(settings, engine)
    await logged_out(synapse, first.token)
    second = await started(settings, engine)
    assert second.token != first.token
    assert second.device_id == first.device_id
    assert await started(settings, engine) == second
    assert [*await devices(owner)] == ["GREFFIER"]


async def test_a_given_token_is_used_as_its_device(
    synapse: SynapseServer, owner: MatrixPerson, engine: AsyncEngine
) -> None:
    """No login is made; once it is ended, the sentence says what to do."""
    await owner.login()
    token = owner.access_token
    device_id = (await owner.request("GET", "/_matrix/client/v3/account/whoami"))["device_id"]
    settings = account(synapse, owner, password=None, access_token=token)
    assert await started(settings, engine) == Acting(UserId(owner.user_id), token, device_id)
    await logged_out(synapse, token)
    with pytest.raises(TokenRefused, match=r"matrix\.access_token"):
        await started(settings, engine)


async def test_a_wrong_password_is_said(synapse: SynapseServer, owner: MatrixPerson, engine: AsyncEngine) -> None:
    """And no device is left behind."""
    with pytest.raises(TokenRefused, match=r"matrix\.password"):
        await started(account(synapse, owner, password="not-the-password"), engine)
    assert await devices(owner) == {}
