"""Alive and ready."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from bridge.web import health

if TYPE_CHECKING:
    import pytest

    from tests.fakes.web import FakeReadiness
    from tests.unit.bridge.web.links import Client


async def test_ready_when_everything_answers(client: Client) -> None:
    """200 on both."""
    assert (await client.get("/health/live")).status == 200
    assert (await client.get("/health/ready")).status == 200


async def test_not_ready_names_what_fails_and_stays_alive(client: Client, readiness: FakeReadiness) -> None:
    """The operator reads which dependency it is; nobody restarts a process that is well."""
    readiness.names = ("homeserver", "livekit")
    response = await client.get("/health/ready")
    assert response.status == 503
    assert (await response.json())["failing"] == ["homeserver", "livekit"]
    assert (await client.get("/health/live")).status == 200


async def test_ready_without_a_part_that_people_can_meet_without(client: Client, readiness: FakeReadiness) -> None:
    """The operator is told, and nobody is turned away; when something fails, that alone is said."""
    assert await (await client.get("/health/ready")).json() == {"status": "ready"}
    readiness.missing = ("recorder", "speech")
    response = await client.get("/health/ready")
    assert response.status == 200
    assert await response.json() == {"status": "ready", "degraded": ["recorder", "speech"]}
    readiness.names = ("database",)
    assert await (await client.get("/health/ready")).json() == {"status": "failing", "failing": ["database"]}


async def test_a_check_that_breaks_or_hangs_is_not_ready(
    client: Client, readiness: FakeReadiness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever happens to the check itself, the answer comes, and is no."""
    readiness.error = RuntimeError("broken check")
    assert (await client.get("/health/ready")).status == 503

    async def never() -> tuple[str, ...]:
        await asyncio.Event().wait()
        return ()

    monkeypatch.setattr(health, "READY_TIMEOUT_S", 0.05)
    monkeypatch.setattr(readiness, "failing", never)
    response = await client.get("/health/ready")
    assert (await response.json())["failing"] == ["readiness"]
