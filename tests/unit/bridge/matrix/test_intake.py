"""The one path into the inbox: whichever way it comes, encrypted or not, early or late."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import pytest_asyncio
import sqlalchemy as sa
from sqlalchemy.exc import DataError, OperationalError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from structlog.testing import capture_logs

from bridge.matrix import intake as intake_module
from bridge.matrix.encryption.devices import KeysNews, Undecryptable
from bridge.matrix.errors import HomeserverFault
from bridge.matrix.homeserver import Homeserver
from bridge.matrix.ids import RoomId, UserId
from bridge.matrix.inbox import Inbox
from bridge.matrix.intake import Intake, Wanted
from bridge.matrix.news import SyncResult, read_sync
from bridge.matrix.undecrypted import MAX_KEPT_OF_A_SENDER, PATIENCE_S, Settled, Undecrypted
from bridge.matrix.wire import Acting
from tests.fakes.keys import FakeKeys, Told
from tests.fakes.listening import NoUpgrades, intake_of
from tests.fakes.matrix import (
    BOT,
    CLAIRE,
    ROOM,
    FakeHomeserver,
    arrival,
    encrypted,
    invited,
    joined,
    message,
    pushed,
)

HERE = RoomId(ROOM)
OTHER = RoomId("!other:tchap.test")
NOW_S = 10_000.0
NOW_MS = 10_000_000
WANTED = Wanted(
    invitation_from=lambda _user: True, message=lambda message: message.body.startswith("!visio"), max_age_s=600
)


class Scene:
    """An intake, what it works with, and a clock that a test moves."""

    def __init__(self, homeserver: Homeserver, engine: AsyncEngine) -> None:
        self.engine = engine
        self.keys = FakeKeys(engine)
        self.told = Told()
        self.now_s = NOW_S
        self.woken: list[RoomId] = []
        self.homeserver = homeserver
        self.intake = self.restarted()

    def restarted(self) -> Intake:
        """The intake of another process on the same database, with the same keys."""
        self.intake = intake_of(
            self.homeserver, self.engine, WANTED, keys=self.keys, trouble=self.told, clock=lambda: self.now_s
        )
        self.intake.wake = self.woken.append
        return self.intake

    async def sync(
        self, rooms: dict[str, Any] | None = None, *, keys: tuple[str, ...] = (), first: bool = False
    ) -> None:
        """An answer of /sync, which brings these room keys of the room."""
        to_device = [{"room_id": ROOM, "session_id": session_id} for session_id in keys]
        await self.intake.take_sync(synced(rooms or {}, to_device=to_device), is_first=first)

    async def waiting(self, room_id: RoomId = HERE) -> list[str]:
        """The commands that wait in the inbox, which are then handled."""
        inbox, bodies = self.intake.inbox, []
        while found := await inbox.next_message(room_id):
            bodies.append(found.body)
            await inbox.mark_handled(found.event_id)
        return bodies

    async def rows(self, table: str) -> int:
        """How many rows a table has."""
        async with self.engine.connect() as connection:
            return int((await connection.execute(sa.text(f"SELECT count(*) FROM {table}"))).scalar_one())  # noqa: S608

    @asynccontextmanager
    async def looked_after(self) -> AsyncIterator[None]:
        """Somebody looks after keys, until the block ends."""
        task = asyncio.create_task(self.intake.keep_up())
        try:
            yield
            assert not task.done(), "nothing may end it"
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def synced(rooms: dict[str, Any], *, to_device: list[dict[str, str]] | None = None, batch: str = "s1") -> SyncResult:
    """What an answer of /sync says."""
    result = read_sync({"next_batch": batch, "rooms": rooms, "to_device": {"events": to_device or []}}, UserId(BOT))
    assert result is not None
    return result


def command(event_id: str, *, age_s: float = 0) -> dict[str, Any]:
    """A command in the clear."""
    return message(f"!visio {event_id}", event_id, sent_ms=int(NOW_MS - age_s * 1000))


def secret(event_id: str, session_id: str = "k1", *, sender: str = CLAIRE, age_s: float = 0) -> dict[str, Any]:
    """An encrypted command."""
    sent_ms = int(NOW_MS - age_s * 1000)
    return encrypted(f"!visio {event_id}", event_id, session_id=session_id, sender=sender, sent_ms=sent_ms)


async def until(condition: Any) -> None:
    """Wait until it holds."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 (a list tells nobody)
            await asyncio.sleep(0.005)


@pytest_asyncio.fixture
async def scene(engine: AsyncEngine) -> AsyncIterator[Scene]:
    """A prepared intake."""
    async with FakeHomeserver() as server, Homeserver(server.settings(), engine) as homeserver:
        homeserver.wire.acting = Acting(UserId(BOT), "as-token-of-the-tests", "GREFFIER", is_masquerading=True)
        scene = Scene(homeserver, engine)
        await scene.intake.prepare()
        yield scene


class TestSync:
    """Answers of /sync."""

    async def test_an_encrypted_command_whose_key_came_before_it_waits_in_the_inbox(self, scene: Scene) -> None:
        """Or with it, or among commands in the clear."""
        await scene.sync(keys=("k1",))
        await scene.sync(joined(command("$1"), secret("$2"), secret("$3", "k2"), command("$4")), keys=("k2",))
        assert await scene.waiting() == ["!visio $1", "!visio $2", "!visio $3", "!visio $4"]
        assert set(scene.woken) == {HERE}

    async def test_on_the_first_day_keys_are_taken_and_what_was_said_is_not(self, scene: Scene) -> None:
        """It was said before the bot listened; nor is it waited for."""
        await scene.sync(joined(command("$1"), secret("$2")), keys=("k1",), first=True)
        assert await scene.waiting() == []
        assert await scene.rows("matrix_undecrypted") == 0
        assert scene.keys.saved == {(HERE, "k1")}

    async def test_keys_and_position_are_stored_together(self, scene: Scene) -> None:
        """The next answer is asked for only then."""
        await scene.sync(keys=("k1",))
        assert scene.keys.saved == {(HERE, "k1")}
        assert await scene.intake.inbox.next_batch() == "s1"

    async def test_a_database_that_is_away_is_waited_for_with_the_same_answer(
        self, scene: Scene, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The keys in it are taken in once: a second time they could not be read."""
        store, tries = Inbox.store, []

        async def away_twice(inbox: Inbox, *arguments: Any, **named: Any) -> bool:
            tries.append(arguments)
            if len(tries) < 3:
                raise OperationalError("INSERT", {}, Exception("database is locked"))
            return await store(inbox, *arguments, **named)

        monkeypatch.setattr(Inbox, "store", away_twice)
        await scene.sync(joined(secret("$1")), keys=("k1",))
        assert len(scene.keys.news) == 1
        assert await scene.waiting() == ["!visio $1"]

    async def test_an_old_command_is_not_even_decrypted(self, scene: Scene) -> None:
        """Nobody waits for it."""
        await scene.sync(joined(secret("$1", age_s=601), secret("$2", age_s=599)), keys=("k1",))
        assert await scene.waiting() == ["!visio $2"]

    async def test_what_is_known_of_a_room_is_doubted_as_soon_as_it_changes(self, scene: Scene) -> None:
        """Otherwise a room that has just been encrypted would get plaintext."""
        assert not await scene.homeserver.rooms.is_encrypted(HERE)
        await scene.sync(joined({"type": "m.room.encryption", "state_key": "", "content": {}}))
        assert await scene.homeserver.rooms.is_encrypted(HERE)

    async def test_that_a_room_was_encrypted_is_known_to_the_next_process(self, scene: Scene) -> None:
        """Also when nothing was sent there yet."""
        await scene.sync(joined({"type": "m.room.encryption", "state_key": "", "content": {}}))
        async with scene.looked_after():
            async with asyncio.timeout(10):
                while not await scene.rows("matrix_encrypted_room"):  # noqa: ASYNC110 (a database tells nobody)
                    await asyncio.sleep(0.005)

    async def test_upgrades_are_stored_with_the_rest_and_then_followed(self, scene: Scene) -> None:
        """Of however many rooms."""
        upgrades = scene.intake._upgrades
        assert isinstance(upgrades, NoUpgrades)
        tombstone = {
            "type": "m.room.tombstone",
            "state_key": "",
            "sender": CLAIRE,
            "content": {"replacement_room": OTHER},
        }
        await scene.sync(joined(tombstone))
        assert [upgrade.successor for upgrade in upgrades.stored] == [OTHER]
        assert upgrades.woken == upgrades.stored


class TestLateKeys:
    """Events that cannot be read yet."""

    async def test_a_command_is_read_when_its_key_comes(self, scene: Scene) -> None:
        """And only the events of that key."""
        await scene.sync(joined(secret("$1"), secret("$2", "k2")))
        assert await scene.waiting() == []
        await scene.sync(keys=("k1",))
        assert await scene.waiting() == ["!visio $1"]
        assert await scene.rows("matrix_undecrypted") == 1
        assert scene.woken == [HERE]

    async def test_it_still_waits_after_a_restart(self, scene: Scene) -> None:
        """What is acknowledged is stored."""
        await scene.sync(joined(secret("$1")))
        await scene.restarted().prepare()
        await scene.sync(keys=("k1",))
        assert await scene.waiting() == ["!visio $1"]

    async def test_a_key_that_comes_too_late_helps_nobody(self, scene: Scene) -> None:
        """Whoever typed the command has given up."""
        await scene.sync(joined(secret("$1")))
        scene.now_s += 601
        await scene.sync(keys=("k1",))
        assert await scene.waiting() == []
        assert await scene.rows("matrix_undecrypted") == 0

    async def test_what_nobody_waits_for_any_more_is_forgotten(self, scene: Scene) -> None:
        """Also without any key."""
        await scene.sync(joined(secret("$1")))
        scene.now_s += 601
        async with scene.looked_after():
            await until(lambda: not len(scene.intake._undecrypted))
        assert await scene.rows("matrix_undecrypted") == 0

    async def test_what_says_that_it_comes_from_the_future_is_forgotten_all_the_same(self, scene: Scene) -> None:
        """Otherwise a few liars fill the store for good. What is sent by a clock that is a little fast may be late."""
        await scene.sync(joined(secret("$1", age_s=-1e9), secret("$2", "k2", age_s=-1e9)))
        scene.now_s += 599
        await scene.sync(keys=("k2",))
        assert await scene.waiting() == ["!visio $2"]
        scene.now_s += 2
        intake = scene.restarted()
        await intake.prepare()
        await scene.sync(keys=("k1",))
        assert await scene.waiting() == []
        assert await scene.rows("matrix_undecrypted") == 0

    async def test_nobody_waits_for_ever_for_what_comes_from_the_future(self, scene: Scene) -> None:
        """Also without any key."""
        await scene.sync(joined(secret("$1", age_s=-1e9)))
        scene.now_s += 601
        async with scene.looked_after():
            await until(lambda: not len(scene.intake._undecrypted))
        assert await scene.rows("matrix_undecrypted") == 0

    async def test_a_command_is_read_when_its_senders_device_becomes_known(self, scene: Scene) -> None:
        """The key had come, from nobody knew whom."""
        scene.keys.why[UserId(CLAIRE)] = Undecryptable("unknown_device")
        await scene.sync(joined(secret("$1")), keys=("k1",))
        scene.keys.becomes_known.add(UserId(CLAIRE))
        async with scene.looked_after():
            await until(lambda: scene.woken)
        assert await scene.waiting() == ["!visio $1"]
        assert await scene.rows("matrix_undecrypted") == 0

    async def test_it_is_read_also_where_the_first_try_fails(
        self, scene: Scene, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The device has become known by then, and nobody says so again."""
        store, to_come = Inbox.store, [SQLAlchemyError("locked"), KeyError("bug")]

        async def in_trouble(inbox: Inbox, *arguments: Any, **named: Any) -> bool:
            if to_come:
                raise to_come.pop()
            return await store(inbox, *arguments, **named)

        monkeypatch.setattr(intake_module, "_LOOKED_AFTER_EVERY_S", 0.05)
        async with scene.looked_after():
            await scene.sync()
            await until(lambda: scene.intake._tried_all)
            scene.keys.why[UserId(CLAIRE)] = Undecryptable("unknown_device")
            await scene.sync(joined(secret("$1")), keys=("k1",))
            monkeypatch.setattr(Inbox, "store", in_trouble)
            scene.keys.becomes_known.add(UserId(CLAIRE))
            await until(lambda: scene.woken)
        assert not to_come
        assert await scene.waiting() == ["!visio $1"]

    async def test_after_a_restart_everything_is_tried_once(self, scene: Scene) -> None:
        """Which devices it waits for was known to the earlier process alone."""
        await scene.sync(joined(secret("$1")))
        scene.keys.known.add((HERE, "k1"))
        await scene.restarted().prepare()
        await scene.sync()
        async with scene.looked_after():
            await until(lambda: scene.woken)
        assert await scene.waiting() == ["!visio $1"]

    @pytest.mark.parametrize("why", ["untrusted", "broken"])
    async def test_what_will_never_be_readable_is_not_kept(self, scene: Scene, why: Any) -> None:
        """No key can mend it."""
        scene.keys.why[UserId(CLAIRE)] = Undecryptable(why)
        await scene.sync(joined(secret("$1")), keys=("k1",))
        assert await scene.rows("matrix_undecrypted") == 0

    async def test_somebody_whose_device_is_not_trusted_is_told_of(self, scene: Scene) -> None:
        """Such a command is not obeyed, and whoever typed it should know why."""
        scene.keys.why[UserId(CLAIRE)] = Undecryptable("untrusted")
        await scene.sync(joined(secret("$1")), keys=("k1",))
        assert scene.told.who_cannot_read == [(HERE, frozenset([UserId(CLAIRE)]))]

    async def test_nobody_fills_the_store(self, scene: Scene) -> None:
        """One sender has so much room and no more, and leaves the others theirs; a long event has none."""
        flood = [secret(f"$f{number}", sender="@eve:evil.test") for number in range(MAX_KEPT_OF_A_SENDER + 5)]
        long = encrypted("!visio " + "x" * 9_000, "$long", session_id="k1", sent_ms=NOW_MS)
        for event in flood:
            await scene.sync(joined(event))
        await scene.sync(joined(long, secret("$1")))
        assert await scene.rows("matrix_undecrypted") == MAX_KEPT_OF_A_SENDER + 1

    @pytest.mark.parametrize("at_once", [True, False])
    async def test_of_many_events_of_a_sender_the_latest_wait(self, scene: Scene, at_once: bool) -> None:
        """Whoever repeats a command that was not heard is heard when the key comes, also after a restart."""
        events = [secret(f"${number}") for number in range(MAX_KEPT_OF_A_SENDER + 5)]
        for some in [events] if at_once else [[event] for event in events]:
            await scene.sync(joined(*some))
        assert await scene.rows("matrix_undecrypted") == len(scene.intake._undecrypted) == MAX_KEPT_OF_A_SENDER
        await scene.restarted().prepare()
        await scene.sync(keys=("k1",))
        assert await scene.waiting() == [f"!visio ${number}" for number in range(5, MAX_KEPT_OF_A_SENDER + 5)]

    async def test_what_the_database_refuses_to_keep_costs_nothing_else(
        self, scene: Scene, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A stranger has sent it: it does not keep commands, position and keys waiting for ever."""
        write = Undecrypted.write

        async def refused(undecrypted: Undecrypted, connection: AsyncConnection, settled: Settled) -> None:
            if settled.kept:
                raise DataError("INSERT", {}, Exception("NUL"))
            await write(undecrypted, connection, settled)

        monkeypatch.setattr(Undecrypted, "write", refused)
        async with asyncio.timeout(10):
            await scene.sync(joined(secret("$1"), command("$2"), secret("$3", "k2")), keys=("k2",))
        assert await scene.waiting() == ["!visio $2", "!visio $3"]
        assert scene.keys.saved == {(HERE, "k2")}
        assert not len(scene.intake._undecrypted)

    async def test_a_room_is_told_once_that_it_cannot_be_read(self, scene: Scene) -> None:
        """When a key has had its time to come, and not once for each message that waits by then."""
        await scene.sync(joined(secret("$1"), secret("$2", "k2")))
        async with scene.looked_after():
            await until(lambda: scene.keys.caught_up)
            assert scene.told.unreadable_rooms == []
            scene.now_s += PATIENCE_S
            await scene.sync(joined(secret("$3", "k3")))
            await until(lambda: scene.told.unreadable_rooms)
            times = scene.keys.caught_up
            await scene.sync()
            await until(lambda: scene.keys.caught_up > times)
        assert scene.told.unreadable_rooms == [(HERE, "$1")]

    async def test_it_is_told_again_once_something_could_be_read_since(self, scene: Scene) -> None:
        """Of what came after that: then it is another trouble."""
        await scene.sync(joined(secret("$1")))
        scene.now_s += PATIENCE_S
        async with scene.looked_after():
            await until(lambda: len(scene.told.unreadable_rooms) == 1)
            await scene.sync(joined(secret("$2", "k2")), keys=("k2",))
            await scene.sync(joined(secret("$3", "k3")))
            scene.now_s += PATIENCE_S
            await scene.sync()
            await until(lambda: len(scene.told.unreadable_rooms) == 2)
        assert scene.told.unreadable_rooms == [(HERE, "$1"), (HERE, "$3")]


class TestTransactions:
    """What the homeserver pushes."""

    async def test_a_command_waits_in_the_inbox_when_the_homeserver_is_answered(self, scene: Scene) -> None:
        """In the clear or encrypted."""
        await scene.sync(keys=("k1",))
        await scene.intake.take_transaction("t1", pushed(command("$1"), secret("$2")))
        assert await scene.waiting() == ["!visio $1", "!visio $2"]
        assert scene.woken == [HERE]

    async def test_the_same_transaction_again_changes_nothing(self, scene: Scene) -> None:
        """Neither in this process nor after a restart, when everything in it has long been answered."""
        events = [*pushed(command("$1")), *pushed(invitation(), room_id=OTHER)]
        await scene.intake.take_transaction("t1", events)
        assert await scene.waiting() == ["!visio $1"]
        waiting = await scene.intake.inbox.next_invite(OTHER)
        assert waiting is not None
        await scene.intake.inbox.mark_answered(waiting)
        await scene.intake.take_transaction("t1", events)
        await scene.restarted().prepare()
        await scene.intake.take_transaction("t1", events)
        assert await scene.intake.inbox.rooms_waiting() == set()

    async def test_what_was_stored_without_our_hearing_of_it_is_acted_upon(
        self, scene: Scene, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The database was lost between its commit and its answer: the next try finds the transaction there."""
        store, tries = Inbox.store, []

        async def answer_lost(inbox: Inbox, *arguments: Any, **named: Any) -> bool:
            tries.append(await store(inbox, *arguments, **named))
            if len(tries) == 1:
                raise OperationalError("COMMIT", {}, Exception("server closed the connection"))
            return tries[-1]

        monkeypatch.setattr(Inbox, "store", answer_lost)
        invited_to_other = pushed(invitation(), room_id=OTHER)
        await scene.intake.take_transaction("t1", [*invited_to_other, *pushed(command("$1"), secret("$2"))])
        assert tries == [True, False]
        assert set(scene.woken) == {HERE, OTHER}
        await scene.sync(keys=("k1",))
        assert await scene.waiting() == ["!visio $1", "!visio $2"]

    async def test_one_with_nothing_for_the_bot_costs_no_commit(self, scene: Scene) -> None:
        """It may come again for all we care: there will be nothing for the bot in it then either."""
        begun = []

        @asynccontextmanager
        async def counted() -> AsyncIterator[AsyncConnection]:
            begun.append(1)
            async with scene.engine.begin() as connection:
                yield connection

        scene.intake.inbox._transaction = counted
        await scene.intake.take_transaction("t1", pushed(message("bonjour", "$1", sent_ms=NOW_MS), arrival(CLAIRE)))
        assert not begun
        await scene.intake.take_transaction("t2", pushed(command("$2")))
        assert len(begun) == 1

    async def test_a_key_may_come_after_the_command(self, scene: Scene) -> None:
        """By /sync, which knows nothing of the room."""
        await scene.intake.take_transaction("t1", pushed(secret("$1")))
        await scene.sync(keys=("k1",))
        assert await scene.waiting() == ["!visio $1"]

    async def test_whoever_comes_into_a_room_is_looked_at_anew(self, scene: Scene) -> None:
        """While no room was shared, the homeserver told nothing of their devices."""
        await scene.intake.take_transaction("t1", pushed(arrival(CLAIRE)))
        assert scene.keys.news == [KeysNews(changed=frozenset([UserId(CLAIRE)]))]

    async def test_nothing_is_taken_before_there_are_keys_to_read_with(
        self, scene: Scene, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The homeserver keeps it until then."""
        monkeypatch.setattr(intake_module, "TRANSACTION_PATIENCE_S", 0.05)
        intake = scene.restarted()
        with pytest.raises(TimeoutError):
            await intake.take_transaction("t1", pushed(command("$1")))
        assert await scene.rows("matrix_inbox") == 0
        await intake.prepare()
        await intake.take_transaction("t1", pushed(command("$1")))
        assert await scene.waiting() == ["!visio $1"]

    async def test_what_cannot_be_stored_is_refused_and_comes_again(
        self, scene: Scene, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """All or nothing."""
        monkeypatch.setattr(intake_module, "TRANSACTION_PATIENCE_S", 0.0)
        async with scene.engine.begin() as connection:
            await connection.execute(sa.text("CREATE UNIQUE INDEX in_the_way ON matrix_inbox (sender)"))
        with pytest.raises(SQLAlchemyError, match=r"(?i)unique"):
            await scene.intake.take_transaction("t1", pushed(command("$1"), command("$2")))
        assert await scene.rows("matrix_inbox") == 0
        assert scene.woken == []
        async with scene.engine.begin() as connection:
            await connection.execute(sa.text("DROP INDEX in_the_way"))
        await scene.intake.take_transaction("t1", pushed(command("$1"), command("$2")))
        assert await scene.waiting() == ["!visio $1", "!visio $2"]


class TestLookingAfterKeys:
    """What is done between the answers."""

    async def test_nothing_that_fails_ends_it(self, scene: Scene) -> None:
        """What time may mend is tried again and said once; a fault of ours is logged."""
        scene.keys.troubles = [HomeserverFault("502"), HomeserverFault("502"), KeyError("bug")]
        with capture_logs() as logs:
            async with scene.looked_after():
                await scene.sync()
                await until(lambda: scene.keys.caught_up == 3)
                await scene.sync()
                await until(lambda: scene.keys.caught_up > 3)
        told = [entry["event"] for entry in logs if entry["log_level"] == "error"]
        assert told == ["trying again", "keys not looked after: a fault of Greffier's own"]


def invitation() -> dict[str, Any]:
    """The event by which the bot is invited."""
    event: dict[str, Any] = invited()["invite"][ROOM]["invite_state"]["events"][0]
    return event | {"event_id": "$i", "origin_server_ts": NOW_MS}
