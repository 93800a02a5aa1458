"""Work beside whatever else goes on: one thing at a time, and a failure that takes nothing with it."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest
from structlog.testing import capture_logs

from transcripts.diarization.background import BackgroundWork


class Worker:
    """Does what it is asked for when it may go on, and remembers it."""

    def __init__(self) -> None:
        self.did: list[str] = []
        self.may_go_on = asyncio.Event()

    async def do(self, what: str) -> None:
        """Do it."""
        await self.may_go_on.wait()
        self.did.append(what)


async def answer() -> int:
    """Work that something comes of."""
    return 42


async def fail() -> None:
    """Work that nothing comes of."""
    raise ValueError("broken")


async def test_what_is_asked_for_while_something_is_done_is_not_begun() -> None:
    """Whoever asks does so again and again."""
    worker, background = Worker(), BackgroundWork("nothing is done")
    background.begin(partial(worker.do, "first"))
    background.begin(partial(worker.do, "second"))
    worker.may_go_on.set()
    await background.then(partial(worker.do, "last"))
    assert worker.did == ["first", "last"]


async def test_what_comes_of_the_last_is_handed_out() -> None:
    """Nothing need have been done before."""
    assert await BackgroundWork("nothing is done").then(answer) == 42


async def test_a_failure_is_logged_once_and_ends_it() -> None:
    """What was to come is not done any more, and nobody else hears of it."""
    background = BackgroundWork("nothing is done")
    with capture_logs() as logged:
        background.begin(fail)
        assert await background.then(answer) is None
        background.begin(fail)
        await background.then(fail)
    assert background.failed
    assert [entry["event"] for entry in logged] == ["nothing is done"]


async def test_what_nobody_wants_any_more_is_left_off() -> None:
    """Without a failure, and with nothing done."""
    worker, background = Worker(), BackgroundWork("nothing is done")
    background.leave_off()
    background.begin(partial(worker.do, "first"))
    await asyncio.sleep(0)
    background.leave_off()
    with pytest.raises(asyncio.CancelledError):
        await background.then(answer)
    assert not worker.did
    assert not background.failed
