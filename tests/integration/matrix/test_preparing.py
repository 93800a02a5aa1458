"""A bot that is prepared again on the real homeserver: after an outage, and on a database from before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from config.models import Matrix
from tests.stack.bots import bot
from tests.stack.people import MatrixPerson


async def test_to_prepare_again_tells_nobody_that_the_bots_devices_have_changed(
    settings: Matrix, engine: AsyncEngine, tmp_path: Path, marc: MatrixPerson
) -> None:
    """It happens after every outage, and everybody who shares a room with the bot would ask for its devices."""
    async with bot(settings, engine, tmp_path) as (homeserver, encryption):
        room_id = await marc.create_room("Réunion")
        await marc.invite(room_id, homeserver.user_id)
        await homeserver.join(room_id)
        since = await position(marc)
        await encryption.prepare()
        assert await changed_since(marc, since) == []
        await homeserver.wire.request("PUT", "naming it", ("devices", settings.device_id), {"display_name": "Autre"})
        await encryption.prepare()
        assert await changed_since(marc, since) == [homeserver.user_id]


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
