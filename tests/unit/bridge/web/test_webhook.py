"""LiveKit's webhooks on their way in."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Literal

import pytest

from bridge.web import webhook

if TYPE_CHECKING:
    from tests.fakes.web import FakeCallEvents
    from tests.unit.bridge.web.links import Client

BODY = b'{"event": "room_finished",  "id": "EV_1"}'


async def test_the_exact_bytes_and_the_signature_are_handed_on(client: Client, call_events: FakeCallEvents) -> None:
    """The signature covers a hash of the bytes: not one may change on the way."""
    response = await client.post("/livekit/webhook", data=BODY, headers={"Authorization": "signature"})
    assert response.status == 200
    assert call_events.received == [(BODY, "signature")]


@pytest.mark.parametrize(("verdict", "status"), [("taken", 200), ("refused", 401), ("malformed", 400)])
async def test_each_verdict_has_its_status(
    client: Client, call_events: FakeCallEvents, verdict: Literal["taken", "refused", "malformed"], status: int
) -> None:
    """A bad signature is 401, junk is 400."""
    call_events.verdict = verdict
    response = await client.post("/livekit/webhook", data=BODY)
    assert response.status == status
    if verdict == "refused":
        assert (await response.json())["error"] == "bad_signature"


async def test_a_huge_webhook_never_reaches_the_signature_check(client: Client, call_events: FakeCallEvents) -> None:
    """Strangers can post here too: 413 before any work is done."""
    response = await client.post("/livekit/webhook", data=b"x" * (webhook.MAX_BODY_BYTES + 1))
    assert response.status == 413
    assert call_events.received == []


async def test_a_receiver_that_hangs_lets_livekit_try_again(
    client: Client, call_events: FakeCallEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503 makes LiveKit send the event again."""

    async def never(*_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(webhook, "RECEIVE_TIMEOUT_S", 0.05)
    monkeypatch.setattr(call_events, "receive", never)
    assert (await client.post("/livekit/webhook", data=BODY)).status == 503
