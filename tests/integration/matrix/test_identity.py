"""The bot's identity on the real homeserver: made once, found again, and never put in the place of another."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bridge.matrix.encryption.cross_signatures import OwnerKeys, read_devices, read_owner_keys
from bridge.matrix.encryption.cross_signing import CrossSigning, new_root
from bridge.matrix.encryption.errors import CannotRestore, DeviceLost, IdentityForeign
from bridge.matrix.encryption.identity import Standing
from bridge.matrix.encryption.new_device import NewDevice, NewDevices
from bridge.matrix.encryption.sealed_root import SealedRoot
from bridge.matrix.encryption.sealing import FILE, Sealing
from bridge.matrix.tables import DEVICE, IDENTITY, MEGOLM_SESSIONS, OLM_SESSIONS, SCHEMA, USERS
from bridge.matrix.wire import Acting, Wire
from config.models import Matrix
from tests.integration.matrix.starting import Bot
from tests.stack.people import MatrixPerson
from tests.stack.synapse import SynapseServer


@pytest_asyncio.fixture
async def owner(synapse: SynapseServer) -> AsyncIterator[MatrixPerson]:
    """Whoever made the bot's account, and is logged in to it beside the bot."""
    secret, localpart = synapse.registration_shared_secret, f"bot_{secrets.token_hex(4)}"
    async with aiohttp.ClientSession() as session:
        yield await MatrixPerson.register(session, synapse.url, secret, localpart)


@pytest.fixture
def account(synapse: SynapseServer, owner: MatrixPerson) -> Matrix:
    """The settings of a bot that is an ordinary account."""
    return Matrix.model_validate(
        {
            "homeserver_url": synapse.url,
            "server_name": synapse.server_name,
            "identity": "account",
            "bot_localpart": owner.user_id.split(":")[0].removeprefix("@"),
            "password": owner.password,
        }
    )


@pytest.fixture(params=["appservice", "account"])
def bot(request: pytest.FixtureRequest, settings: Matrix, account: Matrix, engine: AsyncEngine, tmp_path: Path) -> Bot:
    """A bot that has never started, in each way into the homeserver."""
    return Bot(settings if request.param == "appservice" else account, engine, tmp_path)


@pytest_asyncio.fixture
async def elsewhere(bot: Bot, tmp_path: Path) -> AsyncIterator[Bot]:
    """The same bot after everything of it was lost: with a new database and a new folder."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    engine = create_async_engine(f"sqlite+aiosqlite:///{folder / 'greffier.sqlite'}")
    async with engine.begin() as connection:
        await connection.run_sync(SCHEMA.create_all)
    yield Bot(bot.settings, engine, folder)
    await engine.dispose()


async def keys_of(person: MatrixPerson, bot: Bot) -> tuple[OwnerKeys, dict[str, bool]]:
    """What somebody else finds: the bot's identity, and its devices by whether they are signed by it."""
    answer = await person.request("POST", "/_matrix/client/v3/keys/query", {"device_keys": {bot.user_id: []}})
    owner_keys = read_owner_keys(answer, bot.user_id)
    devices = read_devices(answer, bot.user_id, owner_keys.self_signing_key)
    assert devices is not None
    return owner_keys, {device.device_id: device.is_signed for device in devices}


async def root_of(bot: Bot) -> bytes:
    """What the recovery key is of."""
    sealing = await Sealing.open(bot.settings.secret, bot.folder, bot.engine, bot.user_id)
    root = await SealedRoot(bot.engine, sealing, bot.user_id).load()
    assert root is not None
    return root


async def new_device(bot: Bot, root: bytes, *, reset: bool = False) -> NewDevice:
    """What an operator does with a recovery key, or without one."""
    async with Wire(bot.settings, Acting(bot.user_id, "")) as wire:
        devices = NewDevices(wire, bot.settings, bot.engine, Sealing(bot.settings.secret, bot.folder))
        return await (devices.reset(root) if reset else devices.restore(root))


async def devices_of(bot: Bot, owner: MatrixPerson) -> set[str]:
    """The devices of the bot's that the homeserver has, without the one by which its account was made."""
    path = "/_matrix/client/v3/devices"
    if bot.settings.identity == "account":
        own = (await owner.request("GET", "/_matrix/client/v3/account/whoami"))["device_id"]
        return {device["device_id"] for device in (await owner.request("GET", path))["devices"]} - {own}
    assert bot.settings.as_token is not None
    async with Wire(bot.settings, Acting(bot.user_id, bot.settings.as_token.get_secret_value(), None, True)) as wire:
        answer = await wire.request("GET", "listing devices", ("devices",))
    return {device["device_id"] for device in answer["devices"]}


def with_token(bot: Bot, token: str) -> Bot:
    """The bot as an account that was given a token and no password."""
    return Bot(
        Matrix.model_validate(bot.settings.model_dump() | {"password": None, "access_token": token}),
        bot.engine,
        bot.folder,
    )


# Made and kept


async def test_the_bots_device_is_signed_by_its_identity_from_the_first_start(bot: Bot, marc: MatrixPerson) -> None:
    """As other people's clients see it; the root is in the database, sealed."""
    await bot.start()
    owner_keys, devices = await keys_of(marc, bot)
    assert owner_keys.master_key is not None
    assert devices == {"GREFFIER": True}
    assert await bot.standing() is Standing.SIGNED
    root = await root_of(bot)
    assert CrossSigning(bot.user_id, root).master_key == owner_keys.master_key
    async with bot.engine.connect() as connection:
        assert root not in (await connection.execute(sa.select(IDENTITY.c.sealed_root))).scalar_one()


async def test_a_restart_finds_the_same_identity(bot: Bot, marc: MatrixPerson) -> None:
    """Nobody has to approve anything again."""
    await bot.start()
    before = await keys_of(marc, bot)
    await bot.start()
    assert await keys_of(marc, bot) == before


@pytest.mark.parametrize("killed", ["before its keys are uploaded", "before they are signed"])
async def test_a_start_that_was_killed_is_gone_on_with(bot: Bot, marc: MatrixPerson, killed: str) -> None:
    """With the identity that it has made."""
    await bot.start(killed=killed)
    before, _ = await keys_of(marc, bot)
    expected = Standing.NOT_SIGNED if killed == "before they are signed" else Standing.NOT_PUBLISHED
    assert await bot.standing() is expected
    await bot.start()
    assert await keys_of(marc, bot) == (before, {"GREFFIER": True})


async def test_a_root_that_was_sealed_and_not_uploaded_is_the_one_that_is_uploaded(
    bot: Bot, marc: MatrixPerson
) -> None:
    """Killed between the two."""
    sealing = Sealing(bot.settings.secret, bot.folder)
    root = await SealedRoot(bot.engine, sealing, bot.user_id).keep(new_root())
    await bot.start()
    owner_keys, _ = await keys_of(marc, bot)
    assert owner_keys.master_key == CrossSigning(bot.user_id, root).master_key


async def test_before_the_first_start_there_is_nothing_and_nothing_is_made_by_looking(
    account: Matrix, owner: MatrixPerson, engine: AsyncEngine, tmp_path: Path, marc: MatrixPerson
) -> None:
    """Neither here nor there."""
    bot = with_token(Bot(account, engine, tmp_path), owner.access_token)
    assert await bot.standing() is Standing.NONE_YET
    assert await keys_of(marc, bot) == (OwnerKeys(), {})
    assert not (tmp_path / FILE).exists()


# Lost, and somebody else's


async def test_a_lost_database_is_told_from_a_first_start(bot: Bot, elsewhere: Bot, marc: MatrixPerson) -> None:
    """The homeserver knows the device with keys that are not here: it keeps them, and the bot does not start."""
    await bot.start()
    before = await keys_of(marc, bot)
    with pytest.raises(DeviceLost, match=r"greffier identity restore.*or bring back.*greffier identity reset"):
        await elsewhere.start()
    assert await elsewhere.standing() is Standing.DEVICE_LOST
    assert await keys_of(marc, bot) == before


async def test_another_identity_is_not_overwritten(bot: Bot, elsewhere: Bot, marc: MatrixPerson) -> None:
    """It may be that somebody has set the account up in their own client."""
    await bot.start()
    before, _ = await keys_of(marc, bot)
    settings = bot.settings.model_copy(update={"device_id": "ANOTHER"})
    other = Bot(settings, elsewhere.engine, elsewhere.folder)
    with pytest.raises(IdentityForeign, match="greffier identity restore"):
        await other.start()
    assert await other.standing() is Standing.FOREIGN
    assert await keys_of(marc, bot) == (before, {"GREFFIER": True})


async def test_an_identity_that_was_replaced_elsewhere_is_said(bot: Bot) -> None:
    """The bot has one, and the homeserver another."""
    await bot.start()
    sealing = Sealing(bot.settings.secret, bot.folder)
    async with bot.engine.begin() as connection:
        await SealedRoot(bot.engine, sealing, bot.user_id).replace(connection, new_root())
    with pytest.raises(IdentityForeign):
        await bot.start()
    assert await bot.standing() is Standing.FOREIGN


# A new device


async def test_the_recovery_key_brings_the_identity_back_onto_a_new_device(
    bot: Bot, elsewhere: Bot, marc: MatrixPerson, owner: MatrixPerson
) -> None:
    """Nobody has to approve anything again; the old device is gone."""
    await bot.start()
    before, _ = await keys_of(marc, bot)
    made = await new_device(elsewhere, await root_of(bot))
    assert made.device_id.startswith("GREFFIER_")
    assert (made.old_device_id, made.is_old_one_gone) == ("GREFFIER", True)
    await elsewhere.start()
    await elsewhere.start()
    assert await keys_of(marc, bot) == (before, {made.device_id: True})
    assert await devices_of(bot, owner) == {made.device_id}
    assert await elsewhere.standing() is Standing.SIGNED


async def test_a_lost_secret_is_mended_by_the_recovery_key(bot: Bot, marc: MatrixPerson) -> None:
    """The database is there and nobody can open it; what it held of the old device is not kept."""
    await bot.start()
    before, _ = await keys_of(marc, bot)
    root = await root_of(bot)
    old = {"user_id": marc.user_id, "session_id": "s", "sender_key": "k", "pickle": b"p", "created_at_s": 1.0}
    async with bot.engine.begin() as connection:
        await connection.execute(sa.insert(OLM_SESSIONS).values(**old, used_at_s=1.0))
        await connection.execute(sa.insert(USERS).values(user_id=marc.user_id, is_outdated=False))
    (bot.folder / FILE).unlink()
    made = await new_device(bot, root)
    async with bot.engine.connect() as connection:
        assert (await connection.execute(sa.select(OLM_SESSIONS))).all() == []
        assert (await connection.execute(sa.select(MEGOLM_SESSIONS))).all() == []
        assert (await connection.execute(sa.select(USERS.c.is_outdated))).scalar_one()
    await bot.start()
    assert await keys_of(marc, bot) == (before, {made.device_id: True})


async def test_the_recovery_key_of_another_identity_changes_nothing(
    bot: Bot, owner: MatrixPerson, marc: MatrixPerson
) -> None:
    """The bot goes on as it was, and no device is left over."""
    await bot.start()
    before = await keys_of(marc, bot)
    with pytest.raises(CannotRestore, match="another identity"):
        await new_device(bot, new_root())
    assert await devices_of(bot, owner) == {"GREFFIER"}
    await bot.start()
    assert await keys_of(marc, bot) == before


async def test_a_new_identity_takes_the_place_of_the_old_one(
    bot: Bot, elsewhere: Bot, marc: MatrixPerson, owner: MatrixPerson
) -> None:
    """When the recovery key is lost as well. The account's password confirms it."""
    await bot.start()
    root = new_root()
    made = await new_device(elsewhere, root, reset=True)
    await elsewhere.start()
    signing = CrossSigning(bot.user_id, root)
    expected = OwnerKeys(signing.master_key, signing.self_signing_key)
    assert await keys_of(marc, bot) == (expected, {made.device_id: True})
    assert await devices_of(bot, owner) == {made.device_id}


# An account that was given a token


async def logged_in(owner: MatrixPerson) -> str:
    """The token of one more device of the account."""
    identifier = {"type": "m.id.user", "user": owner.user_id}
    body: dict[str, Any] = {"type": "m.login.password", "identifier": identifier, "password": owner.password}
    return str((await owner.request("POST", "/_matrix/client/v3/login", body))["access_token"])


async def test_a_given_tokens_device_is_signed_without_a_password(
    account: Matrix, owner: MatrixPerson, engine: AsyncEngine, tmp_path: Path, marc: MatrixPerson
) -> None:
    """An account's first identity wants no confirmation."""
    bot = with_token(Bot(account, engine, tmp_path), await logged_in(owner))
    device = await bot.start()
    _, devices = await keys_of(marc, bot)
    assert devices == {device.device_id: True}


async def test_a_token_of_a_lost_device_is_no_new_device(
    account: Matrix, owner: MatrixPerson, engine: AsyncEngine, tmp_path: Path, marc: MatrixPerson
) -> None:
    """The sentence says what to do, and that mends it; the old device cannot be removed without the password."""
    bot = with_token(Bot(account, engine, tmp_path), await logged_in(owner))
    old = await bot.start()
    root = await root_of(bot)
    with pytest.raises(CannotRestore, match=r"put that token in matrix\.access_token"):
        await new_device(bot, root)
    again = with_token(bot, await logged_in(owner))
    made = await new_device(again, root)
    assert (made.old_device_id, made.is_old_one_gone) == (old.device_id, False)
    await again.start()
    _, devices = await keys_of(marc, bot)
    assert devices == {old.device_id: True, made.device_id: True}


async def test_an_identity_is_not_replaced_without_what_confirms_it(
    account: Matrix, owner: MatrixPerson, engine: AsyncEngine, tmp_path: Path, marc: MatrixPerson
) -> None:
    """And the bot goes on as it was."""
    bot = with_token(Bot(account, engine, tmp_path), await logged_in(owner))
    await bot.start()
    before = await keys_of(marc, bot)
    with pytest.raises(CannotRestore, match=r"Put the account.s password in matrix\.password"):
        await new_device(with_token(bot, await logged_in(owner)), new_root(), reset=True)
    await bot.start()
    assert await keys_of(marc, bot) == before
    async with engine.connect() as connection:
        assert (await connection.execute(sa.select(DEVICE.c.account))).scalar_one() is not None
