"""When the front looks for work of processes that are gone."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.durable import takeover
from bot.process.presence import Process
from tests.fakes.skipping_loop import without_waiting


@without_waiting
async def test_nothing_is_taken_over_before_two_looks_in_a_row_have_gone_well() -> None:
    """After an outage those who are there have not had the time to say so."""
    answers = iter([True, False, True, True, True, False, True, True])
    events: list[str] = []
    over = asyncio.Event()

    async def seen(_engine: AsyncEngine) -> list[Process]:
        answer = next(answers, None)
        if answer is None:
            over.set()
            await asyncio.Event().wait()
        events.append("looked" if answer else "failed")
        if not answer:
            raise OperationalError("", {}, OSError())
        return []

    async def take_over(_engine: AsyncEngine, _processes: list[Process]) -> None:
        events.append("took over")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(takeover, "seen", seen)
        patch.setattr(takeover, "take_over", take_over)
        looking = asyncio.create_task(takeover.keep_taking_over(None))  # type: ignore[arg-type]
        await over.wait()
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
    assert events == [
        *("looked", "failed", "looked"),
        *("looked", "took over", "looked", "took over"),
        *("failed", "looked", "looked", "took over"),
    ]
