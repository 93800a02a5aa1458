"""Health for whoever watches over the process: alive (it answers) and ready (what it depends on answers)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog
from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bridge.web.door import Readiness

READY_TIMEOUT_S = 8.0

log = structlog.get_logger()


class Health:
    """Two routes: restart the process when it is not alive, send it nobody while it is not ready."""

    def __init__(self, readiness: Readiness) -> None:
        self._readiness = readiness

    def routes(self) -> Iterable[web.RouteDef]:
        """`/health/live` and `/health/ready`."""
        yield web.get("/health/live", self.live)
        yield web.get("/health/ready", self.ready)

    async def live(self, _request: web.Request) -> web.Response:
        """200 whenever the event loop turns."""
        return web.json_response({"status": "live"})

    async def ready(self, _request: web.Request) -> web.Response:
        """200 when every dependency answered, with the parts that are missing; 503 with those that did not answer."""
        failing, degraded = await self._look()
        if failing:
            return web.json_response({"status": "failing", "failing": list(failing)}, status=503)
        return web.json_response({"status": "ready", **({"degraded": list(degraded)} if degraded else {})})

    async def _look(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        try:
            async with asyncio.timeout(READY_TIMEOUT_S):
                failing = await self._readiness.failing()
                return failing, () if failing else await self._readiness.degraded()
        except Exception:  # whatever breaks or outlasts the check itself: not ready, and the cause is logged
            log.exception("readiness check failed")
            return ("readiness",), ()
