"""Acting upon what waits, room by room."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import pytest
import pytest_asyncio
from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine
from structlog.testing import capture_logs

from bridge.matrix import room_workers
from bridge.matrix.backoff import Backoff
from bridge.matrix.errors import EncryptionNotReady, Forbidden, HomeserverError, HomeserverUnreachable
from bridge.matrix.events import Invite, RoomMessage
from bridge.matrix.ids import EventId, RoomId, UserId
from bridge.matrix.inbox import Inbox
from bridge.matrix.room_workers import RoomWorkers

CLAIRE = UserId("@claire:tchap.test")
ROOM = RoomId("!budget:tchap.test")
OTHER = RoomId("!other:tchap.test")
AT_ONCE = Backoff(first_s=0.001, most_s=0.002)


def command(event_id: str, room_id: RoomId = ROOM) -> RoomMessage:
    """A message that waits."""
    return RoomMessage(room_id, EventId(event_id), CLAIRE, "!visio", 1)


async def never(_: Invite) -> None:
    """Nobody invites in most of these tests."""
    raise AssertionError


@dataclass
class FailingAnswer:
    """Answers an invitation after it has failed so many times."""

    error: HomeserverError
    times: int
    tries: int = 0

    async def __call__(self, _: Invite) -> None:
        """Fail, or not any more."""
        self.tries += 1
        if self.tries <= self.times:
            raise self.error


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait for something that takes the database a moment."""
    async with asyncio.timeout(10):
        while not await condition():  # noqa: ASYNC110 (the database tells nobody when it changes)
            await asyncio.sleep(0.005)


@pytest_asyncio.fixture
async def inbox(engine: AsyncEngine) -> Inbox:
    """An empty inbox."""
    return Inbox(engine, UserId("@greffier:tchap.test"))


async def in_the_clear(_: RoomId) -> bool:
    """Most of these rooms are not encrypted."""
    return False


@asynccontextmanager
async def working(
    inbox: Inbox,
    handle: Callable[[RoomMessage], Awaitable[None]],
    answer: Callable[[Invite], Awaitable[None]] = never,
    is_encrypted: Callable[[RoomId], Awaitable[bool]] = in_the_clear,
) -> AsyncIterator[RoomWorkers]:
    """Workers that are cancelled at the end."""
    ready: asyncio.Future[RoomWorkers] = asyncio.get_running_loop().create_future()

    async def live() -> None:
        async with asyncio.TaskGroup() as tasks:
            ready.set_result(
                RoomWorkers(tasks, inbox, handle=handle, answer=answer, is_encrypted=is_encrypted, backoff=AT_ONCE)
            )
            await asyncio.Event().wait()

    task = asyncio.create_task(live())
    yield await ready
    assert not task.done(), "nothing that a handler does may end the workers"
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def nothing_waits(inbox: Inbox) -> bool:
    """Whether everything has been acted upon."""
    return not await inbox.rooms_waiting()


async def nothing_said(message: RoomMessage) -> None:
    """There are invitations only."""
    raise AssertionError(message.event_id)


async def test_a_room_is_worked_in_order_one_at_a_time(inbox: Inbox) -> None:
    """Also what arrives while it is being worked."""
    order: list[str] = []

    async def handle(message: RoomMessage) -> None:
        order.append(f"begin {message.event_id}")
        await asyncio.sleep(0.01)
        order.append(f"end {message.event_id}")

    await inbox.store("s1", [command("$b"), command("$a")])
    async with working(inbox, handle) as rooms:
        rooms.wake(ROOM)
        await asyncio.sleep(0.005)
        await inbox.store("s2", [command("$c")])
        rooms.wake(ROOM)
        rooms.wake(ROOM)
        await until(lambda: nothing_waits(inbox))
    assert order == ["begin $b", "end $b", "begin $a", "end $a", "begin $c", "end $c"]


async def test_a_slow_room_does_not_delay_another(inbox: Inbox) -> None:
    """One handler that never ends stops its own room only."""
    done = asyncio.Event()

    async def handle(message: RoomMessage) -> None:
        if message.room_id == ROOM:
            await asyncio.Event().wait()
        done.set()

    await inbox.store("s1", [command("$1"), command("$2", OTHER)])
    async with working(inbox, handle) as rooms:
        rooms.wake(ROOM)
        rooms.wake(OTHER)
        await asyncio.wait_for(done.wait(), 5)
        await until(lambda: _is_handled(inbox, OTHER))
    assert await inbox.rooms_waiting() == {ROOM}, "what was interrupted waits for the next start"


async def _is_handled(inbox: Inbox, room_id: RoomId) -> bool:
    return await inbox.next_message(room_id) is None


class _SlowInbox(Inbox):
    """Takes its time to say that nothing waits, until told to go on."""

    def __init__(self, engine: AsyncEngine) -> None:
        super().__init__(engine, UserId("@greffier:tchap.test"))
        self.looked = asyncio.Event()
        self.go_on = asyncio.Event()

    async def next_message(self, room_id: RoomId) -> RoomMessage | None:
        """What was true when it was asked."""
        found = await super().next_message(room_id)
        if found is None:
            self.looked.set()
            await self.go_on.wait()
        return found


async def test_what_comes_just_as_a_room_falls_asleep_is_not_left_lying(engine: AsyncEngine) -> None:
    """Stored and told of between the last look and the end of the room's task."""
    inbox = _SlowInbox(engine)
    seen = asyncio.Event()

    async def handle(_: RoomMessage) -> None:
        seen.set()

    async with working(inbox, handle) as rooms:
        rooms.wake(ROOM)
        await asyncio.wait_for(inbox.looked.wait(), 5)
        await inbox.store("s1", [command("$1")])
        rooms.wake(ROOM)
        inbox.go_on.set()
        await asyncio.wait_for(seen.wait(), 5)


async def test_an_error_that_nobody_foresaw_costs_its_own_message_only(inbox: Inbox) -> None:
    """It is logged with its cause, and not tried again."""
    seen: list[str] = []

    async def handle(message: RoomMessage) -> None:
        seen.append(message.event_id)
        if message.event_id == "$1":
            raise KeyError("bug")

    await inbox.store("s1", [command("$1"), command("$2")])
    with capture_logs() as logs:
        async with working(inbox, handle) as rooms:
            rooms.wake(ROOM)
            await until(lambda: nothing_waits(inbox))
    assert seen == ["$1", "$2"]
    [entry] = logs
    assert entry["log_level"] == "error"
    assert entry["exc_info"]
    assert entry["event_id"] == "$1"


async def test_what_the_homeserver_fails_is_tried_again(inbox: Inbox) -> None:
    """Until it works."""
    tries: list[str] = []

    async def handle(message: RoomMessage) -> None:
        tries.append(message.event_id)
        if len(tries) < 5:
            raise HomeserverUnreachable("gone")

    await inbox.store("s1", [command("$1"), command("$2")])
    async with working(inbox, handle) as rooms:
        rooms.wake(ROOM)
        await until(lambda: nothing_waits(inbox))
    assert tries == ["$1"] * 5 + ["$2"]


async def test_what_the_homeserver_fails_for_too_long_is_given_up(
    inbox: Inbox, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next message gets its turn, and the inbox says why this one had none."""
    monkeypatch.setattr(room_workers, "PATIENCE_S", 0.02)

    async def handle(message: RoomMessage) -> None:
        if message.event_id == "$1":
            raise HomeserverUnreachable("gone")

    await inbox.store("s1", [command("$1"), command("$2")])
    async with working(inbox, handle) as rooms:
        rooms.wake(ROOM)
        await until(lambda: nothing_waits(inbox))
    async with engine.connect() as connection:
        failed = (await connection.execute(text("SELECT failed FROM matrix_inbox ORDER BY position"))).scalars().all()
    assert failed == ["HomeserverUnreachable", None]


async def test_an_invitation_is_not_given_up_while_the_homeserver_is_away(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever invites a bot expects it to come, and does not invite it twice."""
    monkeypatch.setattr(room_workers, "PATIENCE_S", 0.02)
    answer = FailingAnswer(HomeserverUnreachable("gone"), times=19)
    await inbox.store("s1", [], [Invite(ROOM, CLAIRE)])
    async with working(inbox, nothing_said, answer) as rooms:
        rooms.wake(ROOM)
        await until(lambda: nothing_waits(inbox))
    assert answer.tries == 20


@pytest.mark.parametrize("known_after", [2, 1000])
async def test_an_invitation_that_is_not_known_yet_is_tried_again_for_a_moment(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch, known_after: int
) -> None:
    """Another homeserver hands it out before it stores it; one that was withdrawn is soon given up."""
    monkeypatch.setattr(room_workers, "INVITATION_SETTLES_WITHIN_S", 0.2)
    answer = FailingAnswer(Forbidden("You are not invited to this room."), times=known_after)
    await inbox.store("s1", [], [Invite(ROOM, CLAIRE)])
    with capture_logs() as logs:
        async with working(inbox, nothing_said, answer) as rooms:
            rooms.wake(ROOM)
            await until(lambda: nothing_waits(inbox))
    given_up = [entry["problem"] for entry in logs if entry["event"] == "given up"]
    if known_after == 2:
        assert (answer.tries, given_up) == (3, [])
    else:
        assert answer.tries > 2
        assert given_up == ["You are not invited to this room."]


async def test_an_invitation_that_is_renewed_while_one_is_tried_takes_its_place(inbox: Inbox) -> None:
    """The first was withdrawn: declining it again and again would decline the second."""
    tries: list[UserId | None] = []

    async def answer(invite: Invite) -> None:
        tries.append(invite.inviter)
        if len(tries) == 1:
            await inbox.store("s2", [], [Invite(ROOM, CLAIRE)])
            raise HomeserverUnreachable("gone")

    await inbox.store("s1", [], [Invite(ROOM, UserId("@eve:tchap.test"))])
    async with working(inbox, nothing_said, answer) as rooms:
        rooms.wake(ROOM)
        await until(lambda: nothing_waits(inbox))
    assert tries == ["@eve:tchap.test", CLAIRE]


async def test_an_invitation_that_is_renewed_as_the_first_is_refused_is_answered(inbox: Inbox) -> None:
    """By the same person, so that the two look alike."""
    tries: list[UserId | None] = []

    async def answer(invite: Invite) -> None:
        tries.append(invite.inviter)
        if len(tries) == 1:
            await inbox.store("s2", [], [Invite(ROOM, CLAIRE)])
            rooms.wake(ROOM)
            raise Forbidden("withdrawn")

    await inbox.store("s1", [], [Invite(ROOM, CLAIRE)])
    async with working(inbox, nothing_said, answer) as rooms:
        rooms.wake(ROOM)
        await until(lambda: nothing_waits(inbox))
    assert tries == [CLAIRE, CLAIRE]


async def test_what_the_homeserver_refuses_is_not_tried_again(inbox: Inbox) -> None:
    """Asking twice would change nothing."""
    tries: list[str] = []

    async def handle(message: RoomMessage) -> None:
        tries.append(message.event_id)
        raise Forbidden("not a member")

    await inbox.store("s1", [command("$1")])
    with capture_logs() as logs:
        async with working(inbox, handle) as rooms:
            rooms.wake(ROOM)
            await until(lambda: nothing_waits(inbox))
    assert tries == ["$1"]
    assert logs[0]["problem"] == "not a member"


async def test_a_command_in_the_clear_is_not_obeyed_in_an_encrypted_room(inbox: Inbox, engine: AsyncEngine) -> None:
    """Its homeserver may have made it up; encrypted ones are obeyed, and in other rooms all."""
    seen: list[str] = []

    async def handle(message: RoomMessage) -> None:
        seen.append(message.event_id)

    async def is_encrypted(room_id: RoomId) -> bool:
        return room_id == ROOM

    genuine = replace(command("$2"), was_encrypted=True)
    await inbox.store("s1", [command("$1"), genuine, command("$3", OTHER)])
    with capture_logs() as logs:
        async with working(inbox, handle, is_encrypted=is_encrypted) as rooms:
            rooms.wake(ROOM)
            rooms.wake(OTHER)
            await until(lambda: nothing_waits(inbox))
    assert sorted(seen) == ["$2", "$3"]
    assert [(entry["log_level"], entry["event_id"]) for entry in logs] == [("warning", "$1")]
    async with engine.connect() as connection:
        failed = await connection.execute(text("SELECT event_id, failed, body FROM matrix_inbox ORDER BY event_id"))
        assert failed.all() == [("$1", "plain in an encrypted room", None), ("$2", None, None), ("$3", None, None)]


async def test_a_command_waits_until_it_is_known_whether_its_room_is_encrypted(inbox: Inbox) -> None:
    """Nothing is obeyed in doubt, and nothing lost by it."""
    seen: list[str] = []
    troubles: list[Exception] = [HomeserverUnreachable("away"), EncryptionNotReady("no database")]

    async def handle(message: RoomMessage) -> None:
        assert not troubles
        seen.append(message.event_id)

    async def is_encrypted(_: RoomId) -> bool:
        if troubles:
            raise troubles.pop()
        return False

    await inbox.store("s1", [command("$1")])
    async with working(inbox, handle, is_encrypted=is_encrypted) as rooms:
        rooms.wake(ROOM)
        await until(lambda: nothing_waits(inbox))
    assert seen == ["$1"]


async def test_an_invitation_is_answered_before_messages_are_handled(inbox: Inbox) -> None:
    """And once."""
    order: list[str] = []

    async def handle(message: RoomMessage) -> None:
        order.append(message.event_id)

    async def answer(invite: Invite) -> None:
        order.append(f"invite from {invite.inviter}")

    await inbox.store("s1", [command("$1")], [Invite(ROOM, CLAIRE)])
    async with working(inbox, handle, answer) as rooms:
        rooms.wake(ROOM)
        await until(lambda: nothing_waits(inbox))
    assert order == [f"invite from {CLAIRE}", "$1"]


async def test_a_database_that_fails_for_a_while_costs_no_message_and_repeats_none(
    inbox: Inbox, engine: AsyncEngine
) -> None:
    """One sentence, then it goes on where it was."""
    seen: list[str] = []
    failures = iter(range(6))

    def refuse(*_: object) -> None:
        for _failure in failures:
            raise OperationalError("UPDATE", {"body": "words"}, Exception("disk full"))

    async def handle(message: RoomMessage) -> None:
        seen.append(message.event_id)
        if message.event_id == "$1":  # from here on: marking it as handled fails
            event.listen(engine.sync_engine, "before_cursor_execute", refuse)

    await inbox.store("s1", [command("$1"), command("$2")])
    with capture_logs() as logs:
        async with working(inbox, handle) as rooms:
            rooms.wake(ROOM)
            await until(lambda: _all_seen(seen))
    event.remove(engine.sync_engine, "before_cursor_execute", refuse)
    assert seen == ["$1", "$2"]
    assert [entry["log_level"] for entry in logs] == ["error", "info"]
    assert logs[0]["problem"] == "OperationalError: disk full"


async def _all_seen(seen: list[str]) -> bool:
    return len(seen) == 2
