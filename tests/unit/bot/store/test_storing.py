"""Work on the storage that waits for one which is away, and for nothing else."""

from __future__ import annotations

import errno

import pytest

from bot.store.storing import stored
from transcripts.storage.bucket import StorageAway


class Away:
    """A storage that does not answer at first."""

    def __init__(self, times: int, error: OSError) -> None:
        self.asked = 0
        self._times = times
        self._error = error

    def ask(self) -> str:
        """What is to be done."""
        self.asked += 1
        if self.asked <= self._times:
            raise self._error
        return "done"


AWAY = StorageAway(errno.EHOSTUNREACH, "the bucket does not answer")


@pytest.fixture(autouse=True)
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked again soon."""
    monkeypatch.setattr("bot.store.storing.FIRST_WAIT_S", 0.01)
    monkeypatch.setattr("bot.store.storing.LONGEST_WAIT_S", 0.02)


async def test_a_storage_that_comes_back_gets_what_waits_for_it() -> None:
    """However often it was asked in vain."""
    away = Away(5, AWAY)
    assert await stored(away.ask, patience_s=30) == "done"
    assert away.asked == 6


async def test_the_wait_has_an_end() -> None:
    """Then whoever waits is told why it is not done."""
    with pytest.raises(StorageAway, match="does not answer"):
        await stored(Away(10_000, AWAY).ask, patience_s=0.1)


async def test_a_disk_that_is_full_is_not_waited_for() -> None:
    """Waiting does not mend it, and somebody has to know."""
    full = Away(1, OSError(errno.ENOSPC, "No space left on device"))
    with pytest.raises(OSError, match="No space"):
        await stored(full.ask, patience_s=30)
    assert full.asked == 1
