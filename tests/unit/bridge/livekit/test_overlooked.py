"""What is published in a call, compared with what a stay in it hears."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest
import structlog

from bridge.livekit import overlooked
from bridge.livekit.calls import CallServerUnreachable
from bridge.livekit.ids import TrackId
from bridge.livekit.overlooked import MOST_TIMES, Overlooked
from tests.fakes.waiting import until

ANA, BOB = TrackId("TR_ana"), TrackId("TR_bob")


@dataclass
class Staying:
    """A stay that hears what the test says."""

    hears: frozenset[TrackId] = frozenset()
    now_s: float = 3.0
    deaf_since_s: list[float] = field(default_factory=list)
    """When it was said to be deaf since, at each time that it was told to leave off."""

    def leave_off(self, *, deaf_since_s: float) -> None:
        """Take note."""
        self.deaf_since_s.append(deaf_since_s)


@dataclass
class Server:
    """What LiveKit's API says, one answer for each time that it is asked, the last one for ever."""

    answers: list[frozenset[TrackId] | Exception]
    asked: int = 0

    async def published(self) -> frozenset[TrackId]:
        """Give the next answer."""
        answer = self.answers[min(self.asked, len(self.answers) - 1)]
        self.asked += 1
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture(autouse=True)
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seconds are milliseconds."""
    for name in ("FIRST_LOOK_AFTER_S", "LOOK_AGAIN_AFTER_S", "LOOK_EVERY_S", "LONGEST_WAIT_S"):
        monkeypatch.setattr(overlooked, name, getattr(overlooked, name) / 1000)


async def watched(server: Server, stay: Staying, *, times: int = 8) -> None:
    """Have the stay watched until it leaves off, or the server was asked so often."""
    watching = asyncio.create_task(Overlooked(server.published).watch(stay))
    try:
        await until(lambda: watching.done() or server.asked >= times)
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


async def test_a_stay_that_hears_nothing_of_what_is_published_leaves_off() -> None:
    """Deaf since it began: nobody knows of a moment when it was not. How much is missing is logged, and no name."""
    stay = Staying(hears=frozenset({BOB}))
    with structlog.testing.capture_logs() as logged:
        await watched(Server([frozenset({ANA, BOB})]), stay)
    assert stay.deaf_since_s == [3.0]
    assert [(entry["missing"], entry["heard"]) for entry in logged] == [(1, 1)]
    assert "ana" not in str(logged).casefold()


@pytest.mark.parametrize(
    "answers",
    [
        [frozenset({ANA})],
        [frozenset()],
        [frozenset({ANA, BOB}), frozenset({ANA}), frozenset({ANA})],
        [frozenset({ANA, BOB}), frozenset({ANA, TrackId("TR_new")}), frozenset({ANA})],
        [CallServerUnreachable("away")],
        [frozenset({BOB}), CallServerUnreachable("away")],
    ],
    ids=["all is heard", "nobody speaks", "it went", "others come", "no answer", "no second answer"],
)
async def test_a_stay_that_lacks_nothing_for_long_goes_on(answers: list[frozenset[TrackId] | Exception]) -> None:
    """A track that is missing once has just come or is about to go; a server without an answer says nothing."""
    stay = Staying(hears=frozenset({ANA}))
    await watched(Server(answers), stay)
    assert stay.deaf_since_s == []


async def test_a_server_that_does_not_answer_is_logged_once() -> None:
    """It is asked for as long as the call goes on."""
    with structlog.testing.capture_logs() as logged:
        await watched(Server([CallServerUnreachable("away")]), Staying())
    assert len(logged) == 1


async def test_what_goes_missing_later_is_missing_since_the_last_look_that_found_it_all() -> None:
    """Not since the stay began."""
    server = Server([frozenset({ANA})])
    stay = Staying(hears=frozenset({ANA}))
    watching = asyncio.create_task(Overlooked(server.published).watch(stay))
    await until(lambda: server.asked == 2)
    stay.now_s = 40.0
    await until(lambda: server.asked == 4)
    stay.hears = frozenset()
    stay.now_s = 60.0
    await asyncio.wait_for(watching, 5)
    assert stay.deaf_since_s == [40.0]


async def test_a_server_that_did_not_answer_has_not_said_that_all_was_heard() -> None:
    """The stay may have been deaf all that time."""
    server = Server([CallServerUnreachable("away"), frozenset({ANA}), CallServerUnreachable("away"), frozenset({ANA})])
    stay = Staying()
    watching = asyncio.create_task(Overlooked(server.published).watch(stay))
    await until(lambda: server.asked == 1)
    stay.now_s = 40.0
    await asyncio.wait_for(watching, 5)
    assert server.asked == 5
    assert stay.deaf_since_s == [3.0]


async def test_what_no_stay_can_hear_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few new stays, each later than the one before; then those that are heard are left in peace."""
    slept_s: list[float] = []
    sleep = asyncio.sleep

    async def sleeping(delay_s: float) -> None:
        slept_s.append(round(1000 * delay_s, 3))
        await sleep(0)

    server = Server([frozenset({ANA, BOB})])
    watch, stay = Overlooked(server.published), Staying(hears=frozenset({BOB}))
    with monkeypatch.context() as patch:
        patch.setattr("bridge.livekit.overlooked.asyncio.sleep", sleeping)
        for _ in range(MOST_TIMES):
            await asyncio.wait_for(watch.watch(stay), 5)
    assert slept_s == [5, 3, 10, 3, 20, 3]
    assert len(stay.deaf_since_s) == MOST_TIMES
    watching, asked = asyncio.create_task(watch.watch(stay)), server.asked
    await until(lambda: server.asked > asked + 3)
    assert not watching.done()
    watching.cancel()
