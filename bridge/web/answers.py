"""Every answer that is not a success: one JSON shape, `{"error": code, "message": sentence}`, whatever went wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from aiohttp import web

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler

log = structlog.get_logger()

_CODES = {404: "not_found", 405: "method_not_allowed", 413: "too_large"}


class Answer(Exception):
    """Stops the handling of a request with this status, code for programs and sentence for people."""

    def __init__(self, status: int, code: str, message: str = "") -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.message = message

    def response(self) -> web.Response:
        """The answer as JSON."""
        body = {"error": self.code} | ({"message": self.message} if self.message else {})
        return web.json_response(body, status=self.status)


@web.middleware
async def typed_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn whatever a handler raises into the one shape; a bug is logged with its route, never with its address.

    Addresses hold join links, which are secrets.
    """
    try:
        return await handler(request)
    except Answer as answer:
        return answer.response()
    except web.HTTPException as refusal:
        if refusal.status < 400:  # noqa: PLR2004 - redirections and "not modified" are no errors
            raise
        response = Answer(refusal.status, _CODES.get(refusal.status, "bad_request")).response()
        if "Allow" in refusal.headers:
            response.headers["Allow"] = refusal.headers["Allow"]
        return response
    except Exception:
        log.exception("request failed", method=request.method, route=route_of(request))
        return Answer(500, "internal", "the server failed; its log says why").response()


def route_of(request: web.Request) -> str:
    """The route's pattern (`/v/{link}`), for logs and metrics; never the address itself."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "unknown"
