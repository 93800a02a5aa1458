"""Owns doing long work in slices, so that a thousand devices do not hold up the event loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from typing import TypeVar

Item = TypeVar("Item")

SLICE_S = 0.01
"""How long the loop is held before others get their turn; what is done with one item comes on top, and what else is
done in slices at the same time."""


async def in_slices(items: Iterable[Item]) -> AsyncIterator[Item]:
    """The items one by one, with a pause for the rest of the program whenever a slice's time is over."""
    ends_at_s = time.monotonic() + SLICE_S
    for item in items:
        if time.monotonic() >= ends_at_s:
            await asyncio.sleep(0)
            ends_at_s = time.monotonic() + SLICE_S
        yield item
