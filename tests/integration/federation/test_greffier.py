"""Greffier's front, for real, among people of another homeserver than its own."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio

from bridge.matrix.ids import RoomId
from tests.integration.federation.conftest import Registered
from tests.integration.matrix.test_upgrades import replaced
from tests.stack.callers import in_call
from tests.stack.federation import Federation
from tests.stack.greffier import GreffierProcess
from tests.stack.livekit import LiveKitServer
from tests.stack.people import MatrixPerson
from tests.stack.ports import free_tcp_port
from tests.stack.room_view import RoomView, SeenEvent

WITHIN_S = 60


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def front(
    federation: Federation, registered: Registered, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[GreffierProcess]:
    """A front process; nothing is transcribed, so that nobody else is needed.

    One for all tests: it has one device, whose keys are in its storage.
    """
    port, folder = free_tcp_port(), tmp_path_factory.mktemp("greffier")
    livekit = LiveKitServer(folder / "livekit", webhook_urls=[f"http://127.0.0.1:{port}/livekit/webhook"])
    config = {
        "matrix": {"homeserver_url": federation.home.url, "server_name": federation.home.server_name},
        "livekit": {"url": livekit.url, "api_key": livekit.api_key, "api_secret": livekit.api_secret},
        "web": {"public_url": f"http://127.0.0.1:{port}", "host": "127.0.0.1", "port": port},
        "calls": {"transcribe": False},
        "storage": {"folder": str(folder / "storage")},
    }
    front = GreffierProcess("front", "front", folder / "front", config)
    front.write_config()
    shutil.copy(registered.greffier_file, front.registration_file)
    try:
        await livekit.start()
        await front.start()
        yield front
    finally:
        await front.stop()
        await livekit.stop()


def card_in(room: RoomView) -> SeenEvent | None:
    """The card, as it is shown now."""
    return next((event for event in room.messages if "fr.greffier.card" in event.content), None)


async def seen(person: MatrixPerson, room_id: str, *texts: str) -> SeenEvent:
    """Wait until the room's card says all this."""

    def says(room: RoomView) -> SeenEvent | None:
        card = card_in(room)
        return card if card and all(text in card.body for text in texts) else None

    return await person.wait_for(room_id, says, within_s=WITHIN_S, what=f"a card with {texts}")


async def room_with_bot(claire: MatrixPerson, bot: str, version: str) -> str:
    """A private room of Claire's homeserver, into which the bot has followed her invitation."""
    room_id = await claire.create_room("Budget", version=version)
    await invited(claire, room_id, bot)
    return room_id


async def invited(claire: MatrixPerson, room_id: str, bot: str) -> None:
    """Invite the bot, and wait until it is there."""
    await claire.invite(room_id, bot)
    await claire.wait_for(
        room_id, lambda room: room.membership(bot) == "join", within_s=WITHIN_S, what="the bot come in"
    )


async def test_people_of_another_homeserver_meet_as_any(
    front: GreffierProcess, registered: Registered, claire: MatrixPerson
) -> None:
    """From the invitation to the end of the call: the card, the join page, and their names as they show them."""
    room_id = await room_with_bot(claire, registered.greffier.bot_user_id, "12")
    await claire.send_text(room_id, "!visio Point budget")
    card = await seen(claire, room_id, "Point budget", front.public_url)
    link = next(word for word in card.body.split() if word.startswith(front.public_url))
    async with aiohttp.ClientSession() as session, in_call(session, link, "Claire Martin") as (participant,):
        assert participant.name == "Claire Martin"
        await seen(claire, room_id, "1 participant")
        await claire.send_text(room_id, "!visio fin")
        await seen(claire, room_id, "Appel terminé par Claire Martin [Ailleurs].")


async def test_a_call_goes_on_in_the_room_by_which_another_homeserver_replaces_its_own(
    front: GreffierProcess, registered: Registered, claire: MatrixPerson
) -> None:
    """The new room is of version 12 and private: the bot is invited into it, as clients do for everyone."""
    bot = registered.greffier.bot_user_id
    room_id = await room_with_bot(claire, bot, "10")
    await claire.send_text(room_id, "!visio Point budget")
    card = await seen(claire, room_id, "Point budget", front.public_url)
    link = next(word for word in card.body.split() if word.startswith(front.public_url))
    successor = await replaced(claire, RoomId(room_id), "12")
    await invited(claire, successor, bot)
    await seen(claire, successor, "Point budget", link, "vient de l’ancien salon")
    await claire.send_text(successor, "!visio fin")
    await seen(claire, successor, "terminé")
