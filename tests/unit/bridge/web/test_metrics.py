"""Who may read the metrics, and what is counted."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer, make_mocked_request
from prometheus_client import CollectorRegistry, Counter

from bridge.web.answers import Answer
from bridge.web.door import Figure
from bridge.web.metrics import Metrics
from bridge.web.server import build
from tests.fakes.web import FakeCallEvents, FakeDoor, FakeFigures, FakeReadiness
from tests.unit.bridge.web.links import OPEN

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.bridge.web.links import Client


async def test_requests_are_counted_by_route_and_links_never_appear(client: Client) -> None:
    """A link is a secret: only the route's pattern is a label; unknown paths and methods make none of their own."""
    await client.get(f"/api/calls/{OPEN}")
    await client.get(f"/v/{OPEN}")
    await client.get(f"/{OPEN}")
    await client.request("PROPFIND", f"/v/{OPEN}")
    text = await (await client.get("/metrics")).text()
    assert 'greffier_web_requests_total{method="GET",route="/api/calls/{link}",status="200"} 1.0' in text
    assert 'route="unknown",status="404"' in text
    assert 'method="other"' in text
    assert OPEN not in text


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-For": "127.0.0.1"},
        {"Forwarded": "for=127.0.0.1"},
        {"X-Real-IP": "127.0.0.1"},
        {"Via": "1.1 proxy"},
        {"Host": "visio.example.fr"},
    ],
)
async def test_behind_a_reverse_proxy_nobody_is_local(client: Client, headers: dict[str, str]) -> None:
    """Every peer of a proxied server is loopback: what a proxy leaves in the headers tells it apart."""
    assert (await client.get("/metrics")).status == 200
    response = await client.get("/metrics", headers=headers)
    assert response.status == 403
    assert "web.metrics_token" in (await response.json())["message"]


@pytest.mark.parametrize("peer", ["192.0.2.1", "::ffff:192.0.2.1", "fe80::1", "", "not an address"])
async def test_a_peer_from_elsewhere_is_refused(peer: str) -> None:
    """Without a token only this machine reads them."""
    request = make_mocked_request("GET", "/metrics", headers={"Host": "127.0.0.1:8080"}).clone(remote=peer)
    with pytest.raises(Answer) as refused:
        await Metrics(CollectorRegistry(), token=None).metrics(request)
    assert refused.value.status == 403


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
@pytest.mark.parametrize("host", ["localhost:8080", "127.0.0.1", "[::1]:8080"])
async def test_this_machine_reads_them_by_any_of_its_names(peer: str, host: str) -> None:
    """IPv4, IPv6, and IPv4 inside IPv6."""
    request = make_mocked_request("GET", "/metrics", headers={"Host": host}).clone(remote=peer)
    assert (await Metrics(CollectorRegistry(), token=None).metrics(request)).status == 200


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        ("Bearer right", 200),
        ("bearer right", 200),
        ("Bearer wrong", 401),
        ("Bearer", 401),
        ("Basic right", 401),
        ("right", 401),
        ("Bearer é", 401),
        (None, 401),
    ],
)
async def test_with_a_token_only_its_bearer_reads_them_from_anywhere(
    page_dir: Path, authorization: str | None, status: int
) -> None:
    """The token replaces the question of where one comes from, also for this machine."""
    registry = CollectorRegistry()
    Counter("of_another_part", "of_another_part", registry=registry).inc()
    app = build(
        FakeDoor(),
        FakeCallEvents(),
        FakeReadiness(),
        page_dir=page_dir,
        livekit_url="ws://livekit.test",
        metrics=Metrics(registry, token="right"),
    )
    headers = {"X-Forwarded-For": "192.0.2.1"} | ({"Authorization": authorization} if authorization else {})
    async with TestClient(TestServer(app)) as client:
        response = await client.get("/metrics", headers=headers)
        assert response.status == status
        assert ("of_another_part_total 1.0" in await response.text()) is (status == 200)


READ = make_mocked_request("GET", "/metrics", headers={"Authorization": "Bearer right"})


async def test_figures_are_read_when_they_are_asked_for() -> None:
    """Beside what this process counts; several of one name differ in their labels."""
    registry = CollectorRegistry()
    Counter("counted", "counted", registry=registry).inc()
    figures = FakeFigures()
    metrics = Metrics(registry, token="right", figures=figures)
    assert "processes" not in text_of(await metrics.metrics(READ))
    figures.figures = (
        Figure("processes", "Processes", 1, {"role": "front"}),
        Figure("processes", "Processes", 0, {"role": "speech"}),
        Figure("undelivered", "Undelivered", 2),
    )
    for _ in range(2):
        text = text_of(await metrics.metrics(READ))
        assert "counted_total 1.0" in text
        assert text.count("# TYPE processes gauge") == 1
        assert 'processes{role="front"} 1.0' in text
        assert 'processes{role="speech"} 0.0' in text
        assert "undelivered 2.0" in text


async def test_what_is_counted_is_shown_when_the_figures_fail_or_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that is away is when one looks at the metrics."""
    registry = CollectorRegistry()
    Counter("counted", "counted", registry=registry).inc()
    figures = FakeFigures(error=OSError())
    metrics = Metrics(registry, token="right", figures=figures)
    assert "counted_total 1.0" in text_of(await metrics.metrics(READ))

    async def never() -> tuple[Figure, ...]:
        await asyncio.Event().wait()
        return ()

    monkeypatch.setattr("bridge.web.metrics.FIGURES_WITHIN_S", 0.05)
    monkeypatch.setattr(figures, "now", never)
    assert "counted_total 1.0" in text_of(await metrics.metrics(READ))


def text_of(response: web.Response) -> str:
    """What is in it."""
    assert isinstance(response.body, bytes)
    return response.body.decode()
