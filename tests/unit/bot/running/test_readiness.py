"""Whether Greffier is ready: its dependencies answered just now."""

from __future__ import annotations

import asyncio

from bot.running.readiness import WITHIN_S, Readiness
from tests.fakes.skipping_loop import without_waiting


async def well() -> None:
    """Answer."""


async def broken() -> None:
    """Fail in a way that nobody foresaw."""
    raise KeyError("bug")


async def silent() -> None:
    """Never answer."""
    await asyncio.Event().wait()


async def test_ready_when_all_answer() -> None:
    """Nothing is failing."""
    assert await Readiness({"homeserver": well, "livekit": well}).failing() == ()


@without_waiting
async def test_those_that_fail_or_are_silent_are_named_in_their_order() -> None:
    """All are asked, whatever the others do."""
    readiness = Readiness({"livekit": silent, "database": well, "homeserver": broken})
    assert await readiness.failing() == ("livekit", "homeserver")


@without_waiting
async def test_silent_dependencies_are_waited_for_at_the_same_time() -> None:
    """The answer comes in time for whoever asks."""
    clock = asyncio.get_running_loop().time
    began_s = clock()
    assert len(await Readiness({"a": silent, "b": silent, "c": silent}).failing()) == 3
    assert clock() - began_s < WITHIN_S + 0.5


async def test_each_answer_is_of_its_time() -> None:
    """Nothing is remembered from the last time."""
    up = False

    async def ping() -> None:
        if not up:
            raise OSError

    readiness = Readiness({"database": ping})
    assert await readiness.failing() == ("database",)
    up = True
    assert await readiness.failing() == ()


async def test_what_is_missing_is_asked_for_apart() -> None:
    """People can meet without it, so it does not fail."""

    async def missing() -> tuple[str, ...]:
        return ("speech",)

    readiness = Readiness({"database": well}, missing)
    assert await readiness.failing() == ()
    assert await readiness.degraded() == ("speech",)
    assert await Readiness({"database": well}).degraded() == ()
