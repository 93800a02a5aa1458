"""Work on the database that waits for one which is away, locked or full, as the durable workflows do by themselves."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from typing import TypeVar

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from bridge.matrix.backoff import Backoff, again_while

T = TypeVar("T")

BACKOFF = Backoff(first_s=0.5, most_s=10.0)


async def insist(act: Callable[[], Awaitable[T]], **told: object) -> T:
    """Do what `act` does, which bears being repeated, until the database has answered; `told` is for the log."""
    return await again_while(_is_away, act, patience_s=math.inf, backoff=BACKOFF, **told)


def _is_away(error: Exception) -> bool:
    return isinstance(error, OperationalError | InterfaceError | NoConnectionFree)
