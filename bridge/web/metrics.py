"""Prometheus metrics: how requests are counted, and who may read the figures."""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import time
from typing import TYPE_CHECKING

import structlog
from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from bridge.web.answers import Answer, route_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aiohttp.typedefs import Handler, Middleware

    from bridge.web.door import Figures

log = structlog.get_logger()

FIGURES_WITHIN_S = 5.0
_PROXY_HEADERS = ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP")
_METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})


class Metrics:
    """Serves one registry to those who hold the token or, without a token, to this machine only.

    `figures` are read anew each time, if they are there within a bound: what this process counts is shown anyway.
    """

    def __init__(self, registry: CollectorRegistry, *, token: str | None, figures: Figures | None = None) -> None:
        self.registry = registry
        self._token = token
        self._figures = figures

    def routes(self) -> Iterable[web.RouteDef]:
        """`/metrics`."""
        yield web.get("/metrics", self.metrics)

    async def metrics(self, request: web.Request) -> web.Response:
        """The registry in Prometheus' text form; 401 without the token, 403 from elsewhere where no token is set."""
        if self._token is not None:
            if not _bears(request.headers.get("Authorization"), self._token):
                response = Answer(401, "unauthorized", "expected web.metrics_token as a bearer token").response()
                response.headers["WWW-Authenticate"] = "Bearer"
                return response
        elif not _came_straight_from_this_machine(request):
            raise Answer(403, "forbidden", "set web.metrics_token to read the metrics from elsewhere")
        body = generate_latest(self.registry) + await self._read_figures()
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def _read_figures(self) -> bytes:
        if self._figures is None:
            return b""
        registry = CollectorRegistry()
        gauges: dict[str, Gauge] = {}
        try:
            async with asyncio.timeout(FIGURES_WITHIN_S):
                figures = await self._figures.now()
        except Exception as error:  # noqa: BLE001 (whatever it is, the other metrics are there)
            log.warning("figures cannot be read", cause=type(error).__name__)
            return b""
        for figure in figures:
            if figure.name not in gauges:
                gauges[figure.name] = Gauge(figure.name, figure.what, tuple(figure.labels), registry=registry)
            gauge = gauges[figure.name]
            (gauge.labels(**figure.labels) if figure.labels else gauge).set(figure.value)
        return generate_latest(registry)


def counting(registry: CollectorRegistry) -> Middleware:
    """A middleware that counts and times every request by route pattern, never by address."""
    requests = Counter(
        "greffier_web_requests", "HTTP requests answered", ("method", "route", "status"), registry=registry
    )
    seconds = Histogram("greffier_web_request_seconds", "Time to answer a request", ("route",), registry=registry)

    @web.middleware
    async def count(request: web.Request, handler: Handler) -> web.StreamResponse:
        began_s = time.monotonic()
        status = 500
        try:
            response = await handler(request)
            status = response.status
        except web.HTTPException as raised:
            status = raised.status
            raise
        finally:
            method = request.method if request.method in _METHODS else "other"
            requests.labels(method, route_of(request), str(status)).inc()
            seconds.labels(route_of(request)).observe(time.monotonic() - began_s)
        return response

    return count


def _bears(authorization: str | None, token: str) -> bool:
    scheme, _, given = (authorization or "").partition(" ")
    given_bytes = given.strip().encode("utf-8", "surrogateescape")
    return scheme.lower() == "bearer" and hmac.compare_digest(given_bytes, token.encode())


def _came_straight_from_this_machine(request: web.Request) -> bool:
    """Whether the peer is loopback and no reverse proxy stands between: behind one, every peer is loopback."""
    if any(header in request.headers for header in _PROXY_HEADERS):
        return False
    return _is_loopback(request.remote or "") and _is_loopback(_host_name(request.host))


def _host_name(host: str) -> str:
    """The host of a `Host` header without its port: a proxy that adds no header of its own mostly keeps this one."""
    name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    return "127.0.0.1" if name == "localhost" else name


def _is_loopback(address: str) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = getattr(parsed, "ipv4_mapped", None)
    return (mapped or parsed).is_loopback
