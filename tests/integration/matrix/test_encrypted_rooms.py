"""Encrypted rooms on the real homeserver: commands in, answers and files out, and nothing ever in the clear."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
import sqlalchemy as sa
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR
from sqlalchemy.ext.asyncio import AsyncEngine

from bridge.matrix.encryption.encryption import Encryption
from bridge.matrix.encryption.errors import DeviceLost, SecretLost
from bridge.matrix.encryption.sealing import FILE
from bridge.matrix.errors import EncryptionNotReady, HomeserverError
from bridge.matrix.events import RoomMessage
from bridge.matrix.homeserver import Homeserver
from bridge.matrix.ids import RoomId
from bridge.matrix.intake import Wanted
from bridge.matrix.outbound import edit_of, file_message, in_thread, notice, reply_to
from bridge.matrix.tables import DEVICE, INBOX, SYNC
from bridge.matrix.wire import Acting
from config.models import Matrix
from tests.fakes.listening import intake_of, listener_of
from tests.fakes.matrix import Heard
from tests.stack.bots import Friend, Said, bot

WANTED = Wanted(invitation_from=lambda _: True, message=lambda message: message.body.startswith("!visio"))
BEFORE = datetime(2020, 1, 1, tzinfo=UTC)
Handle = Callable[[RoomMessage], Awaitable[None]]


@pytest_asyncio.fixture
async def friend(settings: Matrix, tmp_path: Path) -> AsyncIterator[Friend]:
    """Somebody whose device is signed by their own identity."""
    name = f"greffier_{secrets.token_hex(4)}"
    own = Matrix.model_validate(settings.model_dump() | {"bot_localpart": name, "as_token": settings.as_token})
    async with Friend.joining(own, tmp_path / "friend") as friend:
        yield friend


@asynccontextmanager
async def listening(
    settings: Matrix, engine: AsyncEngine, folder: Path, handle: Callable[[Homeserver], Handle]
) -> AsyncIterator[Homeserver]:
    """The bot, prepared by its own listener, until the block ends."""
    async with Homeserver(settings, engine) as homeserver:
        encryption = Encryption(homeserver.wire, engine, settings, folder)
        homeserver.encryption = encryption
        intake = intake_of(homeserver, engine, WANTED, keys=encryption)
        listener = listener_of(homeserver, intake, handle(homeserver), prepare=encryption.prepare)
        task = asyncio.create_task(listener.run())
        try:
            async with asyncio.timeout(30):
                while await intake.inbox.next_batch() is None:  # noqa: ASYNC110 (a database tells nobody)
                    await asyncio.sleep(0.05)
            yield homeserver
            assert not task.done(), "nothing may end the listener"
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def answering(homeserver: Homeserver) -> Handle:
    """Answers a command with its own words: with a card, an edit of it, and something in its thread."""

    async def answer(message: RoomMessage) -> None:
        room_id, key = message.room_id, message.event_id
        card = await homeserver.send(room_id, "m.room.message", reply_to(key, notice("carte")), f"{key}-card")
        await homeserver.send(room_id, "m.room.message", edit_of(card, notice("carte corrigée")), f"{key}-edit")
        await homeserver.send(room_id, "m.room.message", in_thread(card, notice(message.body)), f"{key}-thread")

    return answer


def with_body(body: str) -> Callable[[Said], bool]:
    """Whether somebody has said this."""
    return lambda said: said["content"].get("body") == body


async def test_a_command_is_read_and_answered_with_card_edit_and_thread(
    settings: Matrix, engine: AsyncEngine, tmp_path: Path, friend: Friend
) -> None:
    """All of it encrypted; what belongs together is seen from outside, as clients need it."""
    async with listening(settings, engine, tmp_path, answering) as homeserver:
        room_id = await friend.encrypted_room(homeserver.user_id)
        await friend.until_joined(room_id, homeserver.user_id)
        command = await friend.say(room_id, "!visio Point budget")
        threaded = await friend.until_seen(room_id, with_body("!visio Point budget"))
        seen = await friend.seen(room_id)
    card, edit, _ = seen
    assert all(said["encrypted"] for said in seen)
    assert card["content"]["body"] == "carte"
    assert card["content"]["m.relates_to"] == {"m.in_reply_to": {"event_id": command}}
    assert edit["content"]["m.new_content"]["body"] == "carte corrigée"
    assert edit["content"]["m.relates_to"] == {"rel_type": "m.replace", "event_id": card["event_id"]}
    assert threaded["content"]["m.relates_to"]["event_id"] == card["event_id"]


async def test_commands_are_read_after_a_restart_and_in_keys_that_came_while_the_bot_was_down(
    settings: Matrix, engine: AsyncEngine, tmp_path: Path, friend: Friend
) -> None:
    """With the same device, and each once."""
    first, second = Heard(), Heard()
    async with listening(settings, engine, tmp_path, lambda _: first) as homeserver:
        device_id = homeserver.wire.acting.device_id
        room_id = await friend.encrypted_room(homeserver.user_id)
        await friend.until_joined(room_id, homeserver.user_id)
        await friend.say(room_id, "!visio 1")
        await first.until("!visio 1")
        await asyncio.sleep(0.5)  # its end is noted down
    other_room = await friend.encrypted_room(homeserver.user_id)
    await friend.say(room_id, "!visio 2")
    async with listening(settings, engine, tmp_path, lambda _: second) as homeserver:
        await second.until("!visio 2")
        assert homeserver.wire.acting.device_id == device_id
        await friend.until_joined(other_room, homeserver.user_id)
        await friend.say(other_room, "!visio 3")
        await second.until("!visio 2", "!visio 3")


async def test_a_command_in_the_clear_is_not_obeyed_in_an_encrypted_room(
    settings: Matrix, engine: AsyncEngine, tmp_path: Path, friend: Friend
) -> None:
    """It says nothing about the device that it came from, and what follows it is obeyed."""
    heard = Heard()
    async with listening(settings, engine, tmp_path, lambda _: heard) as homeserver:
        room_id = await friend.encrypted_room(homeserver.user_id)
        await friend.until_joined(room_id, homeserver.user_id)
        path = ("rooms", room_id, "send", "m.room.message", "in-the-clear")
        plain = {"msgtype": "m.text", "body": "!visio en clair"}
        await friend.homeserver.wire.request("PUT", "saying it in the clear", path, plain)
        await friend.say(room_id, "!visio")
        await heard.until("!visio")
    async with engine.connect() as connection:
        query = sa.select(INBOX.c.was_encrypted, INBOX.c.failed).order_by(INBOX.c.position)
        assert (await connection.execute(query)).all()[0] == (False, "plain in an encrypted room")


async def test_the_bots_device_is_signed_by_its_owner(
    settings: Matrix, engine: AsyncEngine, tmp_path: Path, friend: Friend
) -> None:
    """Or strict clients would leave it out."""
    async with bot(settings, engine, tmp_path) as (homeserver, _):
        lists = friend.encryption._ours().lists
        [device] = (await lists.devices_of([homeserver.user_id]))[homeserver.user_id]
        assert device.is_signed
        assert device.device_id == settings.device_id
        assert lists.has_identity(homeserver.user_id)


async def test_a_file_can_be_read_by_members_and_by_nobody_else(
    settings: Matrix, engine: AsyncEngine, tmp_path: Path, friend: Friend
) -> None:
    """Neither its name nor its words are with the homeserver."""
    data = "Compte rendu : été, cœur".encode() * 100
    async with bot(settings, engine, tmp_path) as (homeserver, _):
        room_id = await room_of(friend, homeserver)
        uploaded = await homeserver.upload(room_id, data, "text/markdown", "réunion.md")
        content = file_message("réunion.md", uploaded, content_type="text/markdown", size_bytes=len(data))
        await homeserver.send(room_id, "m.room.message", content, "t1")
        said = await friend.until_seen(room_id, with_body("réunion.md"))
        file = said["content"]["file"]
        assert "url" not in said["content"]
        stored, kind, disposition = await downloaded(homeserver, file["url"])
    assert data not in stored
    assert kind == "application/octet-stream"
    assert "union" not in disposition
    assert decrypted(file, stored) == data
    assert said["content"]["info"] == {"mimetype": "text/markdown", "size": len(data)}


async def test_what_was_sent_encrypted_is_found_again(
    settings: Matrix, engine: AsyncEngine, tmp_path: Path, friend: Friend
) -> None:
    """By the transaction id inside, also after a restart."""
    async with bot(settings, engine, tmp_path) as (homeserver, _):
        room_id = await room_of(friend, homeserver)
        sent = await homeserver.send(room_id, "m.room.message", notice("une fois"), "t1")
        await homeserver.send(room_id, "m.room.message", notice("autre"), "t2")
    async with bot(settings, engine, tmp_path) as (homeserver, _):
        found = await homeserver.find_sent(room_id, "t1", since=BEFORE)
        assert found == sent
        assert await homeserver.find_sent(room_id, "t3", since=BEFORE) is None


class TestNeverPlaintext:
    """Whatever fails, the message waits, and the operator is told what to mend."""

    async def test_before_there_are_keys(
        self, settings: Matrix, engine: AsyncEngine, tmp_path: Path, friend: Friend
    ) -> None:
        """The encryption is there, and was not prepared."""
        async with bot(settings, engine, tmp_path) as (homeserver, _):
            room_id = await room_of(friend, homeserver)
            homeserver.encryption = Encryption(homeserver.wire, engine, settings, tmp_path)
            await nothing_is_sent(homeserver, friend, room_id, EncryptionNotReady)

    async def test_when_the_keys_are_lost(
        self, settings: Matrix, engine: AsyncEngine, tmp_path: Path, friend: Friend
    ) -> None:
        """The homeserver knows the device with other keys than a new database would make."""
        async with bot(settings, engine, tmp_path) as (homeserver, _):
            room_id = await room_of(friend, homeserver)
        async with engine.begin() as connection:
            await connection.execute(sa.delete(DEVICE))
            await connection.execute(sa.delete(SYNC))
        await refused(settings, engine, tmp_path, friend, room_id, DeviceLost)

    async def test_when_the_secret_is_lost(
        self, settings: Matrix, engine: AsyncEngine, tmp_path: Path, friend: Friend
    ) -> None:
        """What is in the database cannot be opened, and is not overwritten."""
        async with bot(settings, engine, tmp_path) as (homeserver, _):
            room_id = await room_of(friend, homeserver)
        (tmp_path / FILE).unlink()
        await refused(settings, engine, tmp_path, friend, room_id, SecretLost)
        assert not (tmp_path / FILE).exists()

    async def test_when_the_database_cannot_store_keys(
        self, settings: Matrix, engine: AsyncEngine, tmp_path: Path, friend: Friend
    ) -> None:
        """A key that is not stored is not used."""
        async with bot(settings, engine, tmp_path) as (homeserver, _):
            room_id = await room_of(friend, homeserver)
            async with engine.begin() as connection:
                await connection.execute(sa.text("DROP TABLE matrix_megolm_session"))
            await nothing_is_sent(homeserver, friend, room_id, EncryptionNotReady)


async def room_of(friend: Friend, homeserver: Homeserver) -> RoomId:
    """An encrypted room of the friend's that the bot is in."""
    room_id = await friend.encrypted_room(homeserver.user_id)
    await homeserver.join(room_id)
    await friend.until_joined(room_id, homeserver.user_id)
    return room_id


async def refused(
    settings: Matrix, engine: AsyncEngine, folder: Path, friend: Friend, room_id: RoomId, why: type[Exception]
) -> None:
    """Preparing fails for this reason, again and again, and nothing is sent meanwhile."""
    async with Homeserver(settings) as homeserver:
        encryption = Encryption(homeserver.wire, engine, settings, folder)
        homeserver.encryption = encryption
        for _ in range(2):
            with pytest.raises(why, match="greffier identity restore"):
                await encryption.prepare()
        async with bot_without_keys(settings) as speaking:
            speaking.encryption = encryption
            await nothing_is_sent(speaking, friend, room_id, EncryptionNotReady)


@asynccontextmanager
async def bot_without_keys(settings: Matrix) -> AsyncIterator[Homeserver]:
    """The bot as its homeserver knows it, able to speak in the clear."""
    async with Homeserver(settings) as homeserver:
        homeserver.wire.acting = Acting(
            homeserver.user_id,
            token=settings.as_token.get_secret_value() if settings.as_token else "",
            device_id=settings.device_id,
            is_masquerading=True,
        )
        yield homeserver


async def nothing_is_sent(homeserver: Homeserver, friend: Friend, room_id: RoomId, why: type[HomeserverError]) -> None:
    """A message is not sent, for this reason, which time may mend; a file is not even uploaded in the clear."""
    with pytest.raises(why) as caught:
        await homeserver.send(room_id, "m.room.message", notice("secret"), "t-secret")
    assert caught.value.can_be_retried
    assert await friend.seen(room_id) == []


async def downloaded(homeserver: Homeserver, uri: str) -> tuple[bytes, str, str]:
    """What the homeserver keeps under an address, its kind, and how it would name it."""
    server, media_id = uri.removeprefix("mxc://").split("/")
    wire = homeserver.wire
    url = f"{wire._settings.homeserver_url}/_matrix/client/v1/media/download/{server}/{media_id}"
    headers = {"Authorization": f"Bearer {wire.acting.token}"}
    async with (
        aiohttp.ClientSession() as session,
        session.get(url, headers=headers, params={"user_id": homeserver.user_id}) as response,
    ):
        return await response.read(), response.content_type, response.headers.get("Content-Disposition", "")


def decrypted(file: Said, ciphertext: bytes) -> bytes:
    """The file, as any client reads it (client-server specification, “Sending encrypted attachments”)."""
    digest = base64.b64encode(hashlib.sha256(ciphertext).digest()).rstrip(b"=").decode()
    assert file["hashes"]["sha256"] == digest
    assert file["v"] == "v2"
    key, counter = base64.urlsafe_b64decode(file["key"]["k"] + "="), base64.b64decode(file["iv"] + "==")
    decryptor = Cipher(AES(key), CTR(counter)).decryptor()
    return decryptor.update(ciphertext) + decryptor.finalize()
