"""Listening: from a homeserver's answers to handled commands, whatever goes wrong in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import unquote

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine
from structlog.testing import capture_logs

from bridge.matrix import room_workers, sync_loop
from bridge.matrix.errors import HomeserverFault, RoomIsEncrypted
from bridge.matrix.events import RoomMessage
from bridge.matrix.homeserver import Homeserver
from bridge.matrix.ids import RoomId, UserId
from bridge.matrix.inbox import Inbox
from bridge.matrix.intake import Wanted
from bridge.matrix.sync_loop import MAX_HISTORY_PAGES
from bridge.matrix.wire import Acting
from tests.fakes.listening import intake_of, listener_of
from tests.fakes.matrix import (
    BOT,
    CLAIRE,
    JUNK,
    PROXY_PAGE,
    ROOM,
    TOKEN_UNKNOWN,
    Answer,
    FakeHomeserver,
    Heard,
    arrival,
    invited,
    joined,
    message,
    pushed,
)

NOW_S = 10_000.0
NOW_MS = 10_000_000
OTHER = "!other:tchap.test"


@pytest_asyncio.fixture
async def server() -> AsyncIterator[FakeHomeserver]:
    """A homeserver that behaves until told otherwise."""
    async with FakeHomeserver() as server:
        yield server


@asynccontextmanager
async def listening(
    server: FakeHomeserver,
    engine: AsyncEngine,
    handle: Callable[[RoomMessage], Awaitable[None]],
    *,
    arrived: Callable[[RoomId], Awaitable[None]] | None = None,
    rooms_are_pushed: bool = False,
) -> AsyncIterator[None]:
    """A listener that heard its first answer, until the block ends."""
    wanted = Wanted(
        invitation_from=lambda user: user == CLAIRE,
        message=lambda message: message.body.startswith("!visio"),
        max_age_s=600,
    )
    async with Homeserver(server.settings(request_timeout_s=2)) as homeserver:
        homeserver.wire.acting = Acting(UserId(BOT), "token", "GREFFIER", is_masquerading=True)
        intake = intake_of(homeserver, engine, wanted, clock=lambda: NOW_S)

        async def prepare() -> None:
            homeserver.wire.acting = Acting(UserId(BOT), "as-token-of-the-tests", "GREFFIER", is_masquerading=True)
            await homeserver.wire.request("POST", "entering", ("register",), {})

        listener = listener_of(
            homeserver, intake, handle, joined=arrived, prepare=prepare, rooms_are_pushed=rooms_are_pushed
        )
        before = len(server.asked("GET", "/sync"))
        task = asyncio.create_task(listener.run())
        await server.until_asked("GET", "/sync", before + 2)  # the second one says that the first is stored
        try:
            yield
            assert not task.done(), "nothing may end the listener"
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def command(event_id: str, body: str | None = None, *, age_s: float = 0) -> dict[str, Any]:
    """A command just sent."""
    return message(body or f"!visio {event_id}", event_id, sent_ms=int(NOW_MS - age_s * 1000))


async def test_a_command_is_heard_and_other_messages_are_not(server: FakeHomeserver, engine: AsyncEngine) -> None:
    """What is not for the bot is not even stored."""
    heard = Heard()
    async with listening(server, engine, heard):
        await server.tell(joined(message("bonjour", "$0", sent_ms=NOW_MS), command("$1"), command("$2")))
        await heard.until("!visio $1", "!visio $2")
    async with engine.connect() as connection:
        stored = (await connection.execute(text("SELECT event_id FROM matrix_inbox"))).scalars().all()
    assert stored == ["$1", "$2"]


async def test_a_command_in_the_clear_is_not_obeyed_in_an_encrypted_room(
    server: FakeHomeserver, engine: AsyncEngine
) -> None:
    """Also when both are heard at once."""
    heard = Heard()
    async with listening(server, engine, heard):
        encrypted = {"type": "m.room.encryption", "event_id": "$e", "sender": CLAIRE, "state_key": "", "content": {}}
        await server.tell(joined(encrypted, command("$1")))
        async with asyncio.timeout(10):
            while not await failures(engine):  # noqa: ASYNC110 (a database tells nobody)
                await asyncio.sleep(0.005)
    assert await failures(engine) == ["plain in an encrypted room"]
    assert heard.bodies == []


async def failures(engine: AsyncEngine) -> list[str]:
    """Why messages were not acted upon."""
    async with engine.connect() as connection:
        failed = await connection.execute(text("SELECT failed FROM matrix_inbox WHERE failed IS NOT NULL"))
        return [str(why) for why in failed.scalars()]


async def test_what_the_first_sync_brings_is_not_a_command(server: FakeHomeserver, engine: AsyncEngine) -> None:
    """It was said before the bot was there."""
    await server.tell(joined(command("$before")))
    heard = Heard()
    async with listening(server, engine, heard):
        await server.tell(joined(command("$after")))
        await heard.until("!visio $after")


async def test_where_rooms_are_pushed_what_an_outage_held_back_is_asked_for(
    server: FakeHomeserver, engine: AsyncEngine
) -> None:
    """A homeserver that was stopped in the middle of pushing may keep to itself what it had; else it is not asked."""
    heard = Heard()
    async with listening(server, engine, heard, rooms_are_pushed=True):
        await server.tell(joined(command("$pushed")))  # which comes by a transaction
        await server.until_asked("GET", "/sync", 3)
        server.fails("/sync", PROXY_PAGE)
        await server.tell({})
        await server.tell(joined(command("$held")))
        await heard.until("!visio $held")
        asked = await server.until_asked("GET", "/sync", 6)
        for_keys_alone = ["m.room.message" not in request.query["filter"] for request in asked[:6]]
        assert for_keys_alone == [False, True, True, True, False, True]


async def test_where_rooms_are_pushed_a_room_that_is_encrypted_meanwhile_gets_no_plaintext(
    server: FakeHomeserver, engine: AsyncEngine
) -> None:
    """Also when nothing can be pushed: /sync says so, and what else it says of rooms is left to the pushes."""
    event = {"type": "m.room.encryption", "state_key": "", "sender": CLAIRE, "content": {}}
    async with Homeserver(server.settings(request_timeout_s=2)) as homeserver:
        intake = intake_of(homeserver, engine, Wanted(lambda _: False, lambda _: True), clock=lambda: NOW_S)
        listener = listener_of(homeserver, intake, Heard(), rooms_are_pushed=True)
        task = asyncio.create_task(listener.run())
        try:
            await server.until_asked("GET", "/sync", 2)
            await homeserver.send(RoomId(ROOM), "m.room.message", {"body": "Bonjour"}, "1")
            server.answers("GET", "/state/m.room.encryption/", Answer(body={"algorithm": "m.megolm.v1.aes-sha2"}))
            await server.tell(joined(event, command("$1")))
            await server.until_asked("GET", "/sync", 3)
            with pytest.raises(RoomIsEncrypted):
                await homeserver.send(RoomId(ROOM), "m.room.message", {"body": "Secret"}, "2")
            assert await intake.inbox.rooms_waiting() == set()
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def test_an_old_command_is_not_acted_upon(server: FakeHomeserver, engine: AsyncEngine) -> None:
    """Nobody waits for a call that was asked for an hour ago."""
    heard = Heard()
    async with listening(server, engine, heard):
        await server.tell(joined(command("$old", age_s=601), command("$recent", age_s=599)))
        await heard.until("!visio $recent")


async def test_a_command_is_acted_upon_once_also_when_the_homeserver_repeats_it(
    server: FakeHomeserver, engine: AsyncEngine
) -> None:
    """Its event id is what it is known by."""
    heard = Heard()
    async with listening(server, engine, heard):
        await server.tell(joined(command("$1")))
        await server.tell(joined(command("$1"), command("$2")))
        await heard.until("!visio $1", "!visio $2")


async def test_a_command_that_was_not_finished_is_taken_up_after_a_restart(
    server: FakeHomeserver, engine: AsyncEngine
) -> None:
    """And one that was finished is not."""
    begun = asyncio.Event()

    async def stuck(message: RoomMessage) -> None:
        if message.event_id == "$2":
            begun.set()
            await asyncio.Event().wait()

    async with listening(server, engine, stuck):
        await server.tell(joined(command("$1"), command("$2"), command("$3")))
        await asyncio.wait_for(begun.wait(), 10)
    heard = Heard()
    async with listening(server, engine, heard):
        await heard.until("!visio $2", "!visio $3")


async def test_what_is_said_while_the_bot_is_down_is_heard_afterwards(
    server: FakeHomeserver, engine: AsyncEngine
) -> None:
    """The position in /sync is kept."""
    async with listening(server, engine, Heard()):
        pass
    await server.tell(joined(command("$1")))
    heard = Heard()
    async with listening(server, engine, heard):
        await heard.until("!visio $1")


class TestGaps:
    """After a long absence a timeline lacks its beginning."""

    async def test_missed_messages_are_read_back_in_order(self, server: FakeHomeserver, engine: AsyncEngine) -> None:
        """Page by page, down to where the bot last listened."""
        heard = Heard()
        server.fails("/messages", Answer(body={"chunk": [command("$4"), command("$3")], "end": "t1"}))
        server.fails("/messages", Answer(body={"chunk": [command("$2"), command("$1")], "end": "t0"}))
        async with listening(server, engine, heard):
            await server.tell(joined(command("$5"), limited=True, prev_batch="t2"))
            await heard.until(*(f"!visio ${number}" for number in range(1, 6)))
        asked = [(request.query["from"], request.query["to"]) for request in server.asked("GET", "/messages")]
        assert asked[:2] == [("t2", "s0"), ("t1", "s0")]

    async def test_reading_back_ends_at_what_is_too_old(self, server: FakeHomeserver, engine: AsyncEngine) -> None:
        """There is nothing to find behind it."""
        heard = Heard()
        old = Answer(body={"chunk": [command("$2", age_s=700), command("$1", age_s=800)], "end": "t1"})
        server.answers("GET", "/messages", old)
        async with listening(server, engine, heard):
            await server.tell(joined(command("$3"), limited=True, prev_batch="t2"))
            await heard.until("!visio $3")
        assert len(server.asked("GET", "/messages")) == 1

    async def test_reading_back_has_a_bound(self, server: FakeHomeserver, engine: AsyncEngine) -> None:
        """A homeserver that never comes to an end does not hold the bot."""
        heard = Heard()
        server.answers("GET", "/messages", Answer(body={"chunk": [command("$1")], "end": "t1"}))
        async with listening(server, engine, heard):
            await server.tell(joined(command("$2"), limited=True, prev_batch="t2"))
            await heard.until("!visio $1", "!visio $2")
        assert len(server.asked("GET", "/messages")) == MAX_HISTORY_PAGES

    async def test_a_homeserver_that_fails_for_a_moment_costs_nothing_that_was_missed(
        self, server: FakeHomeserver, engine: AsyncEngine
    ) -> None:
        """It has just been restarted, most likely: that is why something was missed."""
        heard = Heard()
        server.answers("GET", "/messages", Answer(body={"chunk": [command("$missed")]}))
        server.fails("/messages", PROXY_PAGE, times=3)
        async with listening(server, engine, heard):
            await server.tell(joined(command("$1"), limited=True, prev_batch="t2"))
            await heard.until("!visio $missed", "!visio $1")

    async def test_the_patience_is_one_for_all_rooms(
        self, server: FakeHomeserver, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Two thousand broken histories do not make the bot deaf for a day."""
        monkeypatch.setattr(sync_loop, "HISTORY_PATIENCE_S", 0.3)
        heard, gap = Heard(), {"limited": True, "prev_batch": "t2"}
        server.answers("GET", "/messages", PROXY_PAGE)
        async with listening(server, engine, heard):
            rooms = [joined(room_id=f"!broken{number}", **gap)["join"] for number in range(5)]
            rooms.append(joined(command("$1"))["join"])
            await server.tell({"join": {room_id: room for each in rooms for room_id, room in each.items()}})
            await heard.until("!visio $1")
        # No more waits than 0.3 s hold, with three short ones for each room; were it 0.3 s a room, some 40.
        assert len(server.asked("GET", "/messages")) <= 25

    async def test_a_history_that_cannot_be_read_costs_its_own_gap_only(
        self, server: FakeHomeserver, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The rest is heard, and the log says so."""
        monkeypatch.setattr(sync_loop, "HISTORY_PATIENCE_S", 0.1)
        heard = Heard()
        server.answers("GET", "/messages", PROXY_PAGE)
        with capture_logs() as logs:
            async with listening(server, engine, heard):
                await server.tell(joined(command("$1"), limited=True, prev_batch="t2"))
                await heard.until("!visio $1")
        assert [entry["room_id"] for entry in logs if entry["event"] == "missed messages not read"] == [ROOM]

    async def test_what_was_said_before_the_bot_was_invited_is_not_read(
        self, server: FakeHomeserver, engine: AsyncEngine
    ) -> None:
        """A room's history is not for the bot."""
        heard = Heard()
        async with listening(server, engine, heard):
            await server.tell(joined(command("$1"), arrival(), command("$2"), limited=True, prev_batch="t2"))
            await heard.until("!visio $2")
        assert not server.asked("GET", "/messages")


class TestInvitations:
    """Joining and declining."""

    async def test_an_allowed_invitation_is_accepted(self, server: FakeHomeserver, engine: AsyncEngine) -> None:
        """Once."""
        async with listening(server, engine, Heard()):
            await server.tell(invited(CLAIRE))
            await server.until_asked("POST", "/join")
        assert not server.asked("POST", "/leave")
        assert len(server.asked("POST", "/join")) == 1

    async def test_other_invitations_are_declined(self, server: FakeHomeserver, engine: AsyncEngine) -> None:
        """Also one that does not say from whom it is."""
        async with listening(server, engine, Heard()):
            await server.tell(invited("@eve:elsewhere.test"))
            await server.tell({"invite": {OTHER: {"invite_state": "junk"}}})
            await server.until_asked("POST", "/leave", 2)
        assert not server.asked("POST", "/join")

    async def test_an_invitation_of_before_the_first_sync_is_answered(
        self, server: FakeHomeserver, engine: AsyncEngine
    ) -> None:
        """It still stands."""
        await server.tell(invited(CLAIRE))
        async with listening(server, engine, Heard()):
            await server.until_asked("POST", "/join")

    async def test_joining_is_tried_again_when_the_homeserver_fails(
        self, server: FakeHomeserver, engine: AsyncEngine
    ) -> None:
        """Until it works."""
        server.fails("/join", PROXY_PAGE, times=3)
        async with listening(server, engine, Heard()):
            await server.tell(invited(CLAIRE))
            await server.until_asked("POST", "/join", 4)

    async def test_an_invitation_that_comes_late_does_not_put_the_bot_out_of_the_room(
        self, server: FakeHomeserver, engine: AsyncEngine
    ) -> None:
        """It is of before somebody else had the bot come; a transaction may be that old."""
        server.answers("GET", "/joined_rooms", Answer(body={"joined_rooms": [ROOM]}))
        async with listening(server, engine, Heard()):
            await server.tell(invited("@eve:elsewhere.test"))
            await server.tell(invited("@eve:elsewhere.test", room_id=OTHER))
            await server.until_asked("POST", "/leave")
            async with asyncio.timeout(10):
                while await Inbox(engine, UserId(BOT)).rooms_waiting():  # noqa: ASYNC110 (a database tells nobody)
                    await asyncio.sleep(0.01)
        left = [unquote(request.path).split("/")[5] for request in server.asked("POST", "/leave")]
        assert left == [OTHER]

    async def test_an_invitation_that_is_gone_is_let_go(
        self, server: FakeHomeserver, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A refusal that stays is not tried for ever, and stops nothing."""
        monkeypatch.setattr(room_workers, "INVITATION_SETTLES_WITHIN_S", 0.2)
        server.answers("POST", "/join", Answer(403, {"errcode": "M_FORBIDDEN"}))
        heard = Heard()
        async with listening(server, engine, heard):
            await server.tell(invited(CLAIRE))
            await server.until_asked("POST", "/join")
            await server.tell(joined(command("$1"), room_id=OTHER))
            await heard.until("!visio $1")
            async with asyncio.timeout(10):
                while await Inbox(engine, UserId(BOT)).rooms_waiting():  # noqa: ASYNC110 (a database tells nobody)
                    await asyncio.sleep(0.01)
        assert 1 < len(server.asked("POST", "/join")) < 100


class TestArrivals:
    """Being told that the bot is in a room."""

    async def test_joining_is_told_and_declining_is_not(self, server: FakeHomeserver, engine: AsyncEngine) -> None:
        """After the homeserver has said that the bot is in."""
        told: asyncio.Queue[RoomId] = asyncio.Queue()
        async with listening(server, engine, Heard(), arrived=told.put), asyncio.timeout(10):
            await server.tell(invited("@eve:elsewhere.test", room_id=OTHER))
            await server.until_asked("POST", "/leave")
            await server.tell(invited(CLAIRE))
            assert await told.get() == ROOM
            assert len(server.asked("POST", "/join")) == 1
        assert told.empty()

    async def test_who_is_told_may_fail_and_be_told_again_and_hurts_nothing(
        self, server: FakeHomeserver, engine: AsyncEngine
    ) -> None:
        """What time may mend is tried again; a bug is logged, and commands are heard all the same."""
        heard, tries = Heard(), []

        async def fails(room_id: RoomId) -> None:
            tries.append(room_id)
            raise HomeserverFault("502") if len(tries) < 3 else KeyError("bug")

        async with listening(server, engine, heard, arrived=fails):
            await server.tell(invited(CLAIRE))
            await server.tell(joined(command("$1")))
            await heard.until("!visio $1")
        assert tries == [ROOM] * 3

    async def test_a_database_that_fails_just_then_does_not_keep_it_from_being_told(
        self, server: FakeHomeserver, engine: AsyncEngine
    ) -> None:
        """There is no other occasion to do what is to be done there."""
        told: asyncio.Queue[RoomId] = asyncio.Queue()
        failures = [OperationalError("SELECT", {}, Exception("database is locked"))] * 2

        async def fails(room_id: RoomId) -> None:
            if failures:
                raise failures.pop()
            await told.put(room_id)

        async with listening(server, engine, Heard(), arrived=fails), asyncio.timeout(10):
            await server.tell(invited(CLAIRE))
            assert await told.get() == ROOM


class TestOutages:
    """Nothing that the homeserver or the database does ends the listening."""

    async def test_an_outage_is_one_sentence_and_the_recovery_another(
        self, server: FakeHomeserver, engine: AsyncEngine
    ) -> None:
        """And what was said meanwhile is heard."""
        heard = Heard()
        with capture_logs() as logs:
            async with listening(server, engine, heard):
                await server.stop()
                await _until_logged(logs, "error")
                await asyncio.sleep(0.3)  # time for several tries
                await server.start()
                await server.tell(joined(command("$1")))
                await heard.until("!visio $1")
                await _until_logged(logs, "info")
        assert [entry["log_level"] for entry in logs] == ["error", "info"]
        assert "does not answer" in logs[0]["problem"]
        assert logs[1]["tries"] > 1

    async def test_a_refused_token_is_said_and_recovered_from(
        self, server: FakeHomeserver, engine: AsyncEngine
    ) -> None:
        """The operator mends the homeserver's side; Greffier needs no restart."""
        heard = Heard()
        with capture_logs() as logs:
            async with listening(server, engine, heard):
                for path_end in ("/sync", "/register"):
                    server.fails(path_end, TOKEN_UNKNOWN, times=5)
                await server.tell({})
                await server.tell(joined(command("$1")))
                await heard.until("!visio $1")
        assert [entry["log_level"] for entry in logs] == ["error", "info"]
        assert "matrix.as_token" in logs[0]["problem"]

    async def test_pages_of_a_proxy_and_junk_are_waited_out(self, server: FakeHomeserver, engine: AsyncEngine) -> None:
        """Each kind of problem is told once."""
        heard = Heard()
        with capture_logs() as logs:
            async with listening(server, engine, heard):
                server.fails("/sync", PROXY_PAGE, times=2)
                server.fails("/sync", JUNK, times=2)
                server.fails("/sync", Answer(429, {"errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": 20}))
                await server.tell({})
                await server.tell(joined(command("$1")))
                await heard.until("!visio $1")
        assert [entry.get("kind") for entry in logs] == ["HomeserverFault", "RateLimited", None]

    async def test_after_an_outage_the_device_is_made_sure_of(
        self, server: FakeHomeserver, engine: AsyncEngine
    ) -> None:
        """A homeserver restored from a backup may not know it."""
        async with listening(server, engine, Heard()):
            server.fails("/sync", Answer(400, {"errcode": "ORG.MATRIX.MSC4326.M_UNKNOWN_DEVICE"}))
            await server.tell({})
            await server.until_asked("POST", "/register", 2)

    async def test_a_position_that_the_homeserver_does_not_know_is_given_up(
        self, server: FakeHomeserver, engine: AsyncEngine
    ) -> None:
        """It was made anew: begin as on the first day, rather than fail for ever."""
        heard = Heard()
        async with listening(server, engine, heard):
            server.fails("/sync", Answer(400, {"errcode": "M_INVALID_PARAM", "error": "invalid stream token"}))
            await server.tell(joined(command("$while away")))
            await server.tell(joined(command("$1")))
            await heard.until("!visio $1")
        assert sum("since" not in request.query for request in server.asked("GET", "/sync")) == 2

    async def test_a_database_that_cannot_write_loses_no_command(
        self, server: FakeHomeserver, engine: AsyncEngine
    ) -> None:
        """The position stays where it was, and the same is asked for again."""
        heard = Heard()
        with capture_logs() as logs:
            async with listening(server, engine, heard):
                async with engine.begin() as connection:
                    await connection.execute(
                        text(
                            "CREATE TRIGGER full BEFORE INSERT ON matrix_inbox "
                            "BEGIN SELECT RAISE(ABORT, 'disk full'); END"
                        )
                    )
                await server.tell(joined(command("$1", "!visio Licenciements")))
                await _until_logged(logs, "error")
                async with engine.begin() as connection:
                    await connection.execute(text("DROP TRIGGER full"))
                await heard.until("!visio Licenciements")
        assert "disk full" in logs[0]["problem"]
        assert "Licenciements" not in str(logs)


async def test_what_is_pushed_once_the_listening_has_ended_is_stored_for_the_next_start(
    server: FakeHomeserver, engine: AsyncEngine
) -> None:
    """Nobody is left to act upon it, which is no fault."""
    async with Homeserver(server.settings(request_timeout_s=2)) as homeserver:
        intake = intake_of(homeserver, engine, Wanted(lambda _: True, lambda _: True), clock=lambda: NOW_S)
        task = asyncio.create_task(listener_of(homeserver, intake, Heard(), rooms_are_pushed=True).run())
        await server.until_asked("GET", "/sync", 2)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await intake.take_transaction("t1", pushed(command("$1")))
        assert await intake.inbox.rooms_waiting() == {ROOM}


class TestHostileEvents:
    """An event of any shape changes nothing and stops nothing."""

    async def test_hostile_events_do_not_keep_a_command_from_being_heard(
        self, server: FakeHomeserver, engine: AsyncEngine
    ) -> None:
        """Nested beyond what Python parses, numbers beyond what it converts, text beyond UTF-8."""
        heard = Heard()
        hostile = [
            b'{"type":"m.room.message","content":' + b"[" * 30_000 + b"]" * 30_000 + b"}",
            b'{"type":"m.room.message","origin_server_ts":' + b"9" * 30_000 + b"}",
            b'{"type":"m.room.message","content":{"body":"\\ud800\xff"}}',
            b'{"type":{},"state_key":[],"sender":null,"unsigned":7}',
            b"null",
        ]
        good = b'{"type":"m.room.message","event_id":"$1","sender":"@claire:tchap.test","origin_server_ts":10000000,'
        good += (
            b'"content":{"msgtype":"m.text","body":"!visio \\ud800\\u0000","x":' + b"[" * 30_000 + b"]" * 30_000 + b"}}"
        )
        events = b",".join([*hostile, good])
        async with listening(server, engine, heard):
            await server.tell_raw(b'{"join":{"' + ROOM.encode() + b'":{"timeline":{"events":[' + events + b"]}}}}")
            await heard.until("!visio ?")


async def _until_logged(logs: list[Any], level: str) -> None:
    async with asyncio.timeout(10):
        while not any(entry["log_level"] == level for entry in logs):  # noqa: ASYNC110 (a list tells nobody)
            await asyncio.sleep(0.01)
