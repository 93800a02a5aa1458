"""Long work in slices."""

from __future__ import annotations

import asyncio
import time

from bridge.matrix.encryption.slices import SLICE_S, in_slices


async def test_others_get_their_turn_between_the_slices() -> None:
    """As often as slices have passed."""
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    busy = asyncio.create_task(other())
    async for _ in in_slices(range(3)):
        time.sleep(SLICE_S)  # noqa: ASYNC251 — work that holds the loop
    busy.cancel()
    assert turns >= 2


async def test_every_item_comes_once_and_in_order() -> None:
    """Whatever pauses there were."""
    assert [item async for item in in_slices(iter(range(1000)))] == list(range(1000))
