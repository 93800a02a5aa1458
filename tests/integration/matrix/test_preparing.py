"""A bot that is prepared again on the real homeserver: after an outage, and on a database from before."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from bridge.matrix.encryption.devices import KeysNews
from bridge.matrix.encryption.encryption import Encryption
from bridge.matrix.ids import RoomId
from config.models import Matrix
from tests.stack.bots import bot, database
from tests.stack.people import MatrixPerson


async def test_to_prepare_again_tells_nobody_that_the_bots_devices_have_changed(
    settings: Matrix, engine: AsyncEngine, tmp_path: Path, marc: MatrixPerson
) -> None:
    """It happens after every outage, and everybody who shares a room with the bot would ask for its devices."""
    async with bot(settings, engine, tmp_path) as (homeserver, encryption):
        room_id = RoomId(await marc.create_room("Réunion"))
        await marc.invite(room_id, homeserver.user_id)
        await homeserver.join(room_id)
        since = await position(marc)
        await encryption.prepare()
        assert await changed_since(marc, since) == []
        await homeserver.wire.request("PUT", "naming it", ("devices", settings.device_id), {"display_name": "Autre"})
        await encryption.prepare()
        assert await changed_since(marc, since) == [homeserver.user_id]


async def test_a_database_from_an_older_backup_makes_keys_that_the_homeserver_takes(
    settings: Matrix, tmp_path: Path
) -> None:
    """Their numbers were given to other keys since; the bot goes on, and starts again."""
    before, since = tmp_path / "before", tmp_path / "since"
    async with database(before) as engine, bot(settings, engine, before):
        pass
    shutil.copytree(before, since)
    async with database(since) as engine, bot(settings, engine, since) as (_, encryption):
        await refill(encryption, left=40)
    async with database(before) as engine, bot(settings, engine, before) as (_, encryption):
        await refill(encryption, left=45)
        await refill(encryption, left=0)
    async with database(before) as engine, bot(settings, engine, before) as (homeserver, encryption):
        result = await homeserver.sync(None, wait_s=0, keys_alone=True)
        await encryption.receive(result.keys, is_first=True)
        assert result.keys.one_time_keys is not None
        assert result.keys.one_time_keys >= 60 + 50 + 50


async def refill(encryption: Encryption, *, left: int) -> None:
    """The homeserver says that this many one-time keys are left, and gets new ones."""
    await encryption.receive(KeysNews(one_time_keys=left, unused_fallback_keys=("signed_curve25519",)))
    await encryption.catch_up()


async def position(person: MatrixPerson) -> str:
    """Where a person's `/sync` is now."""
    return str((await sync(person))["next_batch"])


async def changed_since(person: MatrixPerson, since: str) -> list[str]:
    """Whose devices have changed, as far as a person is told."""
    changed: list[str] = (await sync(person, since=since)).get("device_lists", {}).get("changed", [])
    return changed


async def sync(person: MatrixPerson, **query: str) -> dict[str, Any]:
    """What a person is told at once."""
    return await person.request("GET", "/_matrix/client/v3/sync", query={"timeout": "0", **query})
