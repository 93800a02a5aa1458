"""The HTTP side put together: join page, its API, LiveKit's webhooks, health and metrics, in one application."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from aiohttp import web

from bridge.web.answers import typed_errors
from bridge.web.calls_api import CallsApi
from bridge.web.headers import secured
from bridge.web.health import Health
from bridge.web.join_page import JoinPage, cached_for_ever
from bridge.web.metrics import Metrics, counting
from bridge.web.webhook import WebhookApi

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable
    from pathlib import Path

    from bridge.web.door import CallEvents, Door, Readiness

SHUTDOWN_TIMEOUT_S = 5.0


class CannotListen(Exception):
    """The address cannot be listened on: taken, not ours, or not permitted."""


def build(
    door: Door,
    call_events: CallEvents,
    readiness: Readiness,
    *,
    page_dir: Path,
    livekit_url: str,
    metrics: Metrics,
    also: Iterable[web.AbstractRouteDef] = (),
) -> web.Application:
    """The application, ready to be served.

    `page_dir` is the built page (raises `PageNotBuilt`), `livekit_url` the one LiveKit address that browsers may
    reach (`livekit.browser_url`), `metrics` what `/metrics` shows (our request counters are added to its registry),
    `also` what is answered besides, on the same port.
    """
    parts = (
        CallsApi(door),
        WebhookApi(call_events),
        Health(readiness),
        metrics,
        JoinPage(page_dir, livekit_url=livekit_url),
    )
    app = web.Application(middlewares=(counting(metrics.registry), typed_errors))
    for part in parts:
        app.add_routes(part.routes())
    app.add_routes(also)
    app.on_response_prepare.extend((cached_for_ever, secured))
    return app


@asynccontextmanager
async def serving(app: web.Application, host: str, port: int) -> AsyncIterator[int]:
    """Listen while the block runs, and give the port in use (for `port` 0); raises `CannotListen`.

    Requests are not logged: their addresses hold join links. What fails is, see `answers`.
    """
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_TIMEOUT_S)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        try:
            await site.start()
        except OSError as error:
            raise CannotListen(
                f"web.host, web.port: cannot listen on {host}:{port} ({error.strerror or error}); "
                "is another process using it?"
            ) from error
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()
