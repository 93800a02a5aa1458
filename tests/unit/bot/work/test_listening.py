"""Meetings that are recorded in one process are listened to in turns."""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import pytest

from bot.work.listening import LISTENERS, Listening
from tests.fakes.waiting import until


@pytest.fixture(autouse=True)
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is something to be heard all the time."""
    monkeypatch.setattr("bot.work.listening.LISTEN_EVERY_S", 0.01)


@dataclass
class Room:
    """Where turns are taken: how many at once."""

    inside: int = 0
    most: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass
class Sound:
    """A meeting's sound of which there is more for so many turns."""

    room: Room
    turns_left: int
    turns: int = 0

    def listen(self) -> bool:
        """Take a turn."""
        with self.room.lock:
            self.room.inside += 1
            self.room.most = max(self.room.most, self.room.inside)
        time.sleep(0.01)
        with self.room.lock:
            self.room.inside -= 1
        self.turns += 1
        self.turns_left -= 1
        return self.turns_left > 0


async def test_whoever_has_much_to_be_heard_does_not_keep_the_others_from_their_turn() -> None:
    """One meeting is far behind, its recorder came late, say; the others go on beside it."""
    listening, room = Listening(), Room()
    sounds = [Sound(room, turns_left=10_000), *(Sound(room, turns_left=0) for _ in range(3 * LISTENERS))]
    async with AsyncExitStack() as stack:
        for sound in sounds:
            await stack.enter_async_context(listening.during(sound))
        await until(lambda: all(sound.turns >= 5 for sound in sounds), within_s=10)
        assert sounds[0].turns_left > 9_000
    assert room.most <= LISTENERS


async def test_the_end_of_a_recording_waits_for_nobody_s_turn() -> None:
    """Its last sound is to be brought to the disk, however long others take to be heard."""
    may_end = threading.Event()

    class Endless:
        begun = 0

        def listen(self) -> bool:
            self.begun += 1
            may_end.wait(10)
            return False

    listening, sounds = Listening(), [Endless() for _ in range(LISTENERS + 1)]
    try:
        async with asyncio.timeout(5), AsyncExitStack() as stack:
            for sound in sounds:
                await stack.enter_async_context(listening.during(sound))
            await until(lambda: sum(sound.begun for sound in sounds) == LISTENERS, within_s=3)
    finally:
        may_end.set()
    assert sum(sound.begun for sound in sounds) == LISTENERS
