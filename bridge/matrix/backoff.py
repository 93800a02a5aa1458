"""Owns trying again: after which waits, for how long; and saying once that something is broken, once that it works."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from secrets import SystemRandom
from typing import TypeVar

import structlog
from sqlalchemy.exc import SQLAlchemyError

from bridge.matrix.encryption.errors import EncryptionUnusable
from bridge.matrix.errors import HomeserverError, RateLimited

log = structlog.get_logger()
_RANDOM = SystemRandom()
Result = TypeVar("Result")


@dataclass(frozen=True)
class Backoff:
    """Waits that double from `first_s` to `most_s`, each shortened at random by up to half: not all come at once."""

    first_s: float = 0.5
    most_s: float = 30.0

    def wait_s(self, failures: int, error: Exception | None = None) -> float:
        """How long to wait after the given number of failures in a row (from 1), the last of which was `error`."""
        longest_s = min(self.most_s, self.first_s * 2.0 ** min(failures - 1, 30))
        jittered_s = longest_s * _RANDOM.uniform(0.5, 1)
        return max(jittered_s, error.retry_after_s) if isinstance(error, RateLimited) else jittered_s


class Outage:
    """A time in which one thing keeps failing: one sentence for each kind of failure, not one for each try."""

    def __init__(self, backoff: Backoff, clock: Callable[[], float] = time.monotonic) -> None:
        self._backoff = backoff
        self._clock = clock
        self._began_s = 0.0
        self._failures = 0
        self._told: set[str] = set()

    def failed(self, error: Exception, **told: object) -> float:
        """Note one more failure; returns how many seconds to wait before trying again."""
        kind = type(error).__name__
        if not self._failures:
            self._began_s = self._clock()
        self._failures += 1
        if kind not in self._told:
            self._told.add(kind)
            say = log.warning if isinstance(error, RateLimited) else log.error  # to be slowed down is no fault
            say("trying again", problem=sentence(error), kind=kind, **told)
        return self._backoff.wait_s(self._failures, error)

    def over(self, **told: object) -> None:
        """It works (again)."""
        if self._failures:
            log.info("works again", after_s=round(self._clock() - self._began_s, 1), tries=self._failures, **told)
        self._failures = 0
        self._told.clear()


async def patiently(
    ask: Callable[[], Awaitable[Result]], *, patience_s: float, backoff: Backoff, **told: object
) -> Result:
    """Do what `ask` does, again and again while it fails with what time may mend.

    Raises:
        HomeserverError: It was refused, or the next try would come after `patience_s` seconds.
    """

    def passes(error: Exception) -> bool:
        return isinstance(error, HomeserverError) and error.can_be_retried

    return await again_while(passes, ask, patience_s=patience_s, backoff=backoff, **told)


async def again_while(
    passes: Callable[[Exception], bool],
    ask: Callable[[], Awaitable[Result]],
    *,
    patience_s: float,
    backoff: Backoff,
    **told: object,
) -> Result:
    """Do what `ask` does, again and again while it fails with what `passes`; `told` is for the log.

    Raises:
        Exception: What does not pass; or what does, when the next try would come after `patience_s` seconds.
    """
    clock = asyncio.get_running_loop().time
    give_up_at_s = clock() + patience_s
    outage = Outage(backoff, clock)
    while True:
        try:
            result = await ask()
        except Exception as error:
            if not passes(error):
                raise
            wait_s = outage.failed(error, **told)
            if clock() + wait_s > give_up_at_s:
                raise
            await asyncio.sleep(wait_s)
        else:
            outage.over(**told)
            return result


async def until_stored(
    use: Callable[[], Awaitable[Result]], *, patience_s: float = math.inf, backoff: Backoff, **told: object
) -> Result:
    """Use the database until it answers: without it nothing can be acted upon, and nothing be forgotten.

    Raises:
        SQLAlchemyError: The next try would come after `patience_s` seconds.
    """

    def passes(error: Exception) -> bool:
        return isinstance(error, SQLAlchemyError)

    return await again_while(passes, use, patience_s=patience_s, backoff=backoff, **told)


def sentence(error: Exception) -> str:
    """What a log may say of an error: our own sentences in full, of a library's its kind (its text may quote data)."""
    if isinstance(error, HomeserverError | EncryptionUnusable):
        return str(error)
    cause = getattr(error, "orig", None)  # SQLAlchemy's errors quote the statement's values; the driver's do not
    return f"{type(error).__name__}: {cause}" if cause is not None else type(error).__name__
