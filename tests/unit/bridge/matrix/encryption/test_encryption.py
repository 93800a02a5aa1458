"""The encryption as a whole: ready or closed, and what it does between the answers of /sync."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from bridge.matrix.encryption.devices import Decrypted, EncryptedEvent, EncryptedRoom, KeysNews, Undecryptable
from bridge.matrix.encryption.encryption import ASKED_AGAIN_AFTER_S, Encryption
from bridge.matrix.encryption.machine import Machine
from bridge.matrix.errors import EncryptionNotReady, HomeserverError, TokenRefused
from bridge.matrix.ids import EventId, UserId
from bridge.matrix.tables import DEVICE, MEGOLM_SESSIONS
from bridge.matrix.wire import Acting, Wire
from tests.fakes.clocks import Clock
from tests.fakes.device_owners import Owner
from tests.fakes.key_server import KeyServer
from tests.fakes.matrix import PROXY_PAGE, TOKEN_UNKNOWN
from tests.unit.bridge.matrix.encryption.peers import BOT, CLAIRE, ROOM, Peer

HERE = EncryptedRoom(ROOM, frozenset([CLAIRE]))
UPLOAD = "/keys/upload"


@pytest_asyncio.fixture
async def server() -> AsyncIterator[KeyServer]:
    """Claire's homeserver, and the bot's, which has nothing of the bot yet."""
    async with KeyServer(Owner(CLAIRE, "TABLET")) as server:
        yield server


@pytest.fixture
def clock() -> Clock:
    """The time, which stands still unless a test lets it pass."""
    return Clock()


@pytest_asyncio.fixture
async def encryption(server: KeyServer, engine: AsyncEngine, tmp_path: Path, clock: Clock) -> AsyncIterator[Encryption]:
    """The bot's, not prepared."""
    settings = server.settings()
    async with Wire(settings, Acting(BOT, "")) as wire:
        yield Encryption(wire, engine, settings, tmp_path, clock=clock)


def machine_of(encryption: Encryption) -> Machine:
    """The device inside, whose public keys a sender would get from the homeserver."""
    return encryption._ours().machine


def sender_to(encryption: Encryption, server: KeyServer) -> Peer:
    """A device of Claire's that has got one of the bot's one-time keys from the homeserver."""
    peer = Peer()
    uploaded = json.loads(server.asked("POST", UPLOAD)[0].body)["one_time_keys"]
    peer.meet_by(machine_of(encryption), next(iter(uploaded.values()))["key"])
    return peer


async def rows(engine: AsyncEngine, table: sa.Table) -> int:
    """How many rows a table has."""
    async with engine.connect() as connection:
        return int((await connection.execute(sa.select(sa.func.count()).select_from(table))).scalar_one())


class TestClosed:
    """Until everything is as it should be, nothing is encrypted."""

    async def test_what_was_said_before_cannot_be_known_yet(self, encryption: Encryption) -> None:
        """Whoever looks for it tries again, rather than say it twice."""
        event = EncryptedEvent(ROOM, EventId("$1"), BOT, 1, "s", None, "c")
        with pytest.raises(EncryptionNotReady):
            await encryption.decrypt(event)

    async def test_before_it_was_prepared(self, encryption: Encryption) -> None:
        """Which is not refused for good: it is tried again."""
        with pytest.raises(EncryptionNotReady):
            await encryption.encrypt(HERE, "m.room.message", {})
        assert EncryptionNotReady.can_be_retried

    @pytest.mark.parametrize("step", ["/keys/device_signing/upload", UPLOAD, "/keys/signatures/upload"])
    async def test_while_preparing_fails_at_any_step(
        self, server: KeyServer, encryption: Encryption, step: str
    ) -> None:
        """And the next try goes on."""
        server.fails(step, PROXY_PAGE)
        with pytest.raises(HomeserverError):
            await encryption.prepare()
        with pytest.raises(EncryptionNotReady):
            await encryption.encrypt(HERE, "m.room.message", {})
        await encryption.prepare()
        await encryption.encrypt(HERE, "m.room.message", {})

    async def test_again_when_the_homeserver_does_not_know_the_bot_any_more(
        self, server: KeyServer, encryption: Encryption
    ) -> None:
        """What was ready once need not stay so."""
        await encryption.prepare()
        server.fails("/register", TOKEN_UNKNOWN)
        with pytest.raises(TokenRefused):
            await encryption.prepare()
        with pytest.raises(EncryptionNotReady):
            await encryption.encrypt(HERE, "m.room.message", {})

    async def test_where_a_key_cannot_be_stored(self, engine: AsyncEngine, encryption: Encryption) -> None:
        """After a restart nobody could read what was said with it."""
        await encryption.prepare()
        async with engine.begin() as connection:
            await connection.run_sync(MEGOLM_SESSIONS.drop)
        with pytest.raises(EncryptionNotReady):
            await encryption.encrypt(HERE, "m.room.message", {})

    async def test_keys_that_the_homeserver_has_lost_are_uploaded_again(
        self, server: KeyServer, encryption: Encryption
    ) -> None:
        """It was restored from a backup; the device is the same."""
        await encryption.prepare()
        await encryption.prepare()
        first, second = (json.loads(request.body) for request in server.asked("POST", UPLOAD)[:2])
        assert first["device_keys"] == second["device_keys"]


class TestListening:
    """News of keys, and events."""

    async def test_a_key_is_stored_with_what_it_came_with(
        self, server: KeyServer, engine: AsyncEngine, encryption: Encryption
    ) -> None:
        """Not before, and not without."""
        await encryption.prepare()
        peer = sender_to(encryption, server)
        room_key = peer.room_key(machine_of(encryption))
        new = await encryption.receive(KeysNews(to_device=(room_key, {"type": "junk"})))
        assert new == {(ROOM, peer.megolm.session_id)}
        assert encryption.has_pending
        assert await rows(engine, MEGOLM_SESSIONS) == 0
        async with encryption.transaction():
            pass
        assert not encryption.has_pending
        assert await rows(engine, MEGOLM_SESSIONS) == 1

    async def test_a_senders_devices_are_asked_for_and_then_the_event_is_read(
        self, server: KeyServer, encryption: Encryption
    ) -> None:
        """It waits until then."""
        await encryption.prepare()
        owner = server.owners[CLAIRE]
        peer = sender_to(encryption, server)
        await encryption.receive(KeysNews(to_device=(peer.room_key(machine_of(encryption)),)))
        event = peer.says("!visio")
        assert await encryption.decrypt(event) == Undecryptable("unknown_device")
        owner.devices["TABLET"].account = peer.account
        assert await encryption.catch_up() == {CLAIRE}
        read = await encryption.decrypt(event)
        assert isinstance(read, Decrypted)
        assert read.content["body"] == "!visio"
        assert await encryption.catch_up() == frozenset()

    async def test_somebody_who_sends_from_devices_that_nobody_knows_is_not_asked_for_each_time(
        self, server: KeyServer, encryption: Encryption, clock: Clock
    ) -> None:
        """Anybody could make the bot ask, with every message."""
        await encryption.prepare()
        peer = sender_to(encryption, server)
        await encryption.receive(KeysNews(to_device=(peer.room_key(machine_of(encryption)),)))
        for _ in range(5):
            await encryption.decrypt(peer.says("!visio"))
            await encryption.catch_up()
        assert server.queried()[CLAIRE] == 1
        clock.passes(ASKED_AGAIN_AFTER_S)
        await encryption.decrypt(peer.says("!visio"))
        await encryption.catch_up()
        assert server.queried()[CLAIRE] == 2

    async def test_what_cannot_be_uploaded_keeps_no_event_from_being_read(
        self, server: KeyServer, encryption: Encryption
    ) -> None:
        """It remains due, and is said when nothing else is."""
        await encryption.prepare()
        peer = sender_to(encryption, server)
        server.owners[CLAIRE].devices["TABLET"].account = peer.account
        await encryption.receive(KeysNews(to_device=(peer.room_key(machine_of(encryption)),), one_time_keys=0))
        event = peer.says("!visio")
        assert await encryption.decrypt(event) == Undecryptable("unknown_device")
        server.fails(UPLOAD, PROXY_PAGE, times=2)
        assert await encryption.catch_up() == {CLAIRE}
        assert isinstance(await encryption.decrypt(event), Decrypted)
        with pytest.raises(HomeserverError):
            await encryption.catch_up()
        assert await encryption.catch_up() == frozenset()
        assert len(server.asked("POST", UPLOAD)) == 4

    async def test_who_could_not_be_asked_for_is_asked_for_again(
        self, server: KeyServer, encryption: Encryption
    ) -> None:
        """Our own homeserver did not answer; nobody is told of them before."""
        await encryption.prepare()
        peer = sender_to(encryption, server)
        server.owners[CLAIRE].devices["TABLET"].account = peer.account
        await encryption.receive(KeysNews(to_device=(peer.room_key(machine_of(encryption)),)))
        await encryption.decrypt(peer.says("!visio"))
        server.fails("/keys/query", PROXY_PAGE)
        with pytest.raises(HomeserverError):
            await encryption.catch_up()
        assert await encryption.catch_up() == {CLAIRE}

    async def test_on_the_first_day_everybodys_devices_are_doubted(
        self, server: KeyServer, encryption: Encryption
    ) -> None:
        """Nobody tells what changed while there was no position."""
        await encryption.prepare()
        await encryption.encrypt(HERE, "m.room.message", {})
        await encryption.receive(KeysNews())
        await encryption.encrypt(HERE, "m.room.message", {})
        assert server.queried()[CLAIRE] == 1
        await encryption.receive(KeysNews(), is_first=True)
        await encryption.encrypt(HERE, "m.room.message", {})
        assert server.queried()[CLAIRE] == 2

    async def test_one_time_keys_that_were_used_up_are_replaced(
        self, server: KeyServer, encryption: Encryption
    ) -> None:
        """None left is a number; unless the homeserver says one, nothing is uploaded."""
        await encryption.prepare()
        await encryption.receive(KeysNews())
        await encryption.catch_up()
        assert len(server.asked("POST", UPLOAD)) == 1
        await encryption.receive(KeysNews(one_time_keys=0, unused_fallback_keys=("signed_curve25519",)))
        await encryption.catch_up()
        assert len(json.loads(server.asked("POST", UPLOAD)[1].body)["one_time_keys"]) == 50


class TestOutdatedDevices:
    """Between the word that somebody's devices have changed and the answer which they are, nobody is judged."""

    @pytest_asyncio.fixture
    async def peer(self, server: KeyServer, encryption: Encryption) -> Peer:
        """A device of Claire's that the bot knows, and whose room key it has."""
        await encryption.prepare()
        return await self.known(CLAIRE, server, encryption)

    async def known(self, user_id: UserId, server: KeyServer, encryption: Encryption) -> Peer:
        """The user's only device, known to the bot, with its room key."""
        peer = Peer(user_id)
        uploaded = json.loads(server.asked("POST", UPLOAD)[0].body)["one_time_keys"]
        peer.meet_by(machine_of(encryption), next(iter(uploaded.values()))["key"])
        server.owners[user_id].devices["TABLET"].account = peer.account
        await encryption.encrypt(EncryptedRoom(ROOM, frozenset([user_id])), "m.room.message", {})
        await encryption.receive(KeysNews(to_device=(peer.room_key(machine_of(encryption)),)))
        return peer

    async def test_a_command_after_the_device_was_verified_is_read(
        self, server: KeyServer, encryption: Encryption
    ) -> None:
        """Though the bot knew the device as one that its owner has not signed."""
        await encryption.prepare()
        owner = server.owners[CLAIRE]
        owner.signed = set()
        peer = await self.known(CLAIRE, server, encryption)
        assert await encryption.decrypt(peer.says("!visio")) == Undecryptable("untrusted")
        owner.signed = {"TABLET"}
        await encryption.receive(KeysNews(changed=frozenset([CLAIRE])))
        event = peer.says("!visio")
        assert await encryption.decrypt(event) == Undecryptable("unknown_device")
        assert await encryption.catch_up() == {CLAIRE}
        assert isinstance(await encryption.decrypt(event), Decrypted)

    async def test_a_device_that_was_logged_out_commands_nothing_any_more(
        self, server: KeyServer, encryption: Encryption, peer: Peer
    ) -> None:
        """Who has it now may not be its owner."""
        assert isinstance(await encryption.decrypt(peer.says("!visio")), Decrypted)
        del server.owners[CLAIRE].devices["TABLET"]
        await encryption.receive(KeysNews(changed=frozenset([CLAIRE])))
        event = peer.says("!visio")
        assert await encryption.decrypt(event) == Undecryptable("unknown_device")
        assert await encryption.catch_up() == {CLAIRE}
        assert await encryption.decrypt(event) == Undecryptable("unknown_device")

    @pytest.mark.parametrize("signed", [{"TABLET"}, set()])
    async def test_where_the_server_cannot_be_reached_what_was_known_counts(
        self, server: KeyServer, encryption: Encryption, signed: set[str]
    ) -> None:
        """Nobody waits for it longer than for one answer."""
        ana = Owner("@ana:far.test", "TABLET", signed=signed)
        server.owners[ana.user_id] = ana
        await encryption.prepare()
        peer = await self.known(ana.user_id, server, encryption)
        server.down.add("far.test")
        await encryption.receive(KeysNews(changed=frozenset([ana.user_id])))
        event = peer.says("!visio")
        assert await encryption.decrypt(event) == Undecryptable("unknown_device")
        assert await encryption.catch_up() == {ana.user_id}
        read = await encryption.decrypt(event)
        assert isinstance(read, Decrypted) if signed else read == Undecryptable("untrusted")

    async def test_a_sender_who_is_heard_while_they_are_asked_for_is_asked_for_again(
        self, server: KeyServer, encryption: Encryption, peer: Peer
    ) -> None:
        """Their devices may have changed in between, and nobody would come back to what they said."""
        await encryption.receive(KeysNews(changed=frozenset([CLAIRE])))
        await encryption.decrypt(peer.says("!visio"))
        server.held = asyncio.Event()
        asking = asyncio.create_task(encryption.catch_up())
        await server.until_asked("POST", "/keys/query", times=len(server.asked("POST", "/keys/query")) + 1)
        await encryption.receive(KeysNews(changed=frozenset([CLAIRE])))
        event = peer.says("!visio")
        assert await encryption.decrypt(event) == Undecryptable("unknown_device")
        server.held.set()
        assert await asking == {CLAIRE}
        assert await encryption.catch_up() == {CLAIRE}
        assert isinstance(await encryption.decrypt(event), Decrypted)

    async def test_the_bot_reads_what_it_has_sent_itself(self, encryption: Encryption) -> None:
        """Whatever has changed, to find out what was sent before a restart."""
        await encryption.prepare()
        sent = (await encryption.encrypt(HERE, "m.room.message", {"body": "carte"})).content
        event = EncryptedEvent(ROOM, EventId("$own"), BOT, 1, sent["session_id"], None, sent["ciphertext"])
        await encryption.receive(KeysNews(changed=frozenset([BOT])))
        assert isinstance(await encryption.decrypt(event), Decrypted)


async def test_nothing_is_stored_of_a_device_that_is_lost(
    server: KeyServer, engine: AsyncEngine, encryption: Encryption, tmp_path: Path
) -> None:
    """Keys of its own, a new account would put in the place of those that may come back."""
    await encryption.prepare()
    bot = Owner(str(BOT), "GREFFIER")
    server.owners[UserId(str(BOT))] = bot
    settings = server.settings()
    async with engine.begin() as connection:
        await connection.execute(sa.delete(DEVICE))
    async with Wire(settings, Acting(BOT, "")) as wire:
        lost = Encryption(wire, engine, settings, tmp_path)
        uploads = len(server.asked("POST", UPLOAD))
        for _ in range(2):
            with pytest.raises(Exception, match="greffier identity restore"):
                await lost.prepare()
        assert not lost.has_pending
    assert len(server.asked("POST", UPLOAD)) == uploads
    async with engine.connect() as connection:
        assert (await connection.execute(sa.select(DEVICE.c.account))).scalar_one() is None
