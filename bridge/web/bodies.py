"""Reading what a stranger posts: bounded in bytes, in seconds and in shape."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from aiohttp import web

from bridge.web.answers import Answer

READ_TIMEOUT_S = 10.0


async def read_body(request: web.Request, *, max_bytes: int) -> bytes:
    """The whole body, at most `max_bytes` long after decompression; raises `Answer` 400, 408 or 413 otherwise."""
    if (request.content_length or 0) > max_bytes:
        raise Answer(413, "too_large", f"expected at most {max_bytes} bytes")
    body = bytearray()
    try:
        async with asyncio.timeout(READ_TIMEOUT_S):
            async for chunk in request.content.iter_any():
                body += chunk
                if len(body) > max_bytes:
                    raise Answer(413, "too_large", f"expected at most {max_bytes} bytes")
    except TimeoutError as error:
        raise Answer(408, "too_slow", "the request's body did not arrive in time") from error
    except web.RequestPayloadError as error:
        raise Answer(400, "bad_request", "the request's body cannot be decoded") from error
    return bytes(body)


async def read_json_object(request: web.Request, *, max_bytes: int) -> dict[str, Any]:
    """The body as a JSON object; raises `Answer` 400, 408 or 413 for anything else."""
    body = await read_body(request, max_bytes=max_bytes)
    try:
        value = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise Answer(400, "bad_request", "expected a JSON object in UTF-8") from error
    if not isinstance(value, dict):
        raise Answer(400, "bad_request", "expected a JSON object in UTF-8")
    return value
