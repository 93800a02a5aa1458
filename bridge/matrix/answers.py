"""Owns judging what comes back from the homeserver: read within bounds, parsed, told apart from a proxy's words."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import aiohttp

from bridge.matrix.errors import (
    ConfirmationNeeded,
    Forbidden,
    HomeserverError,
    HomeserverFault,
    HomeserverUnreachable,
    NotFound,
    RateLimited,
    RequestRefused,
    TokenRefused,
    TooLarge,
)
from bridge.matrix.json_reading import read_json

MAX_ANSWER_BYTES = 256 * 1024 * 1024
_LARGE_BYTES = 1024 * 1024
_LONGEST_WAIT_S = 300.0
_QUOTED_CHARACTERS = 200
_TOKEN_CODES = frozenset({"M_UNKNOWN_TOKEN", "M_MISSING_TOKEN"})
_APPSERVICE_REMEDY = (
    "Check that matrix.as_token equals as_token in the registration file, and that the homeserver has loaded that file "
    "(it reads it when it starts)."
)
_ACCOUNT_REMEDY = (
    "It has ended the login: start Greffier, which logs in again with matrix.password (or give a new "
    "matrix.access_token)."
)


async def answer_in(response: aiohttp.ClientResponse, doing: str, *, is_appservice: bool = True) -> dict[str, Any]:
    """Read an HTTP answer to its end: the JSON object of a success.

    Args:
        response: what the homeserver, or something before it, answers.
        doing: what was asked for, to begin an error's sentence with (`sending a message`).
        is_appservice: whether an appservice's token was shown, or else an account's.

    Raises:
        HomeserverError: it is an error, or not an answer that Matrix gives.
    """
    answer = await _parsed(await _read(response, doing))
    retry_after = response.headers.get("Retry-After")
    if refusal := error_in(response.status, answer, doing=doing, retry_after=retry_after, is_appservice=is_appservice):
        raise refusal
    if not isinstance(answer, dict):
        raise HomeserverFault(f"{doing}: the homeserver, or a proxy before it, answered {response.status} without JSON")
    return answer


def needed_text(answer: Mapping[str, Any], key: str, doing: str) -> str:
    """Take a text out of an answer that is no answer without it."""
    value = answer.get(key)
    if not isinstance(value, str) or not value:
        raise HomeserverFault(f"{doing}: the homeserver's answer has no {key}")
    return value


def no_answer(error: Exception, doing: str, homeserver_url: str) -> HomeserverError:
    """Name the error for a request to which no HTTP answer came."""
    lost = (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError, OSError)  # OSError: also TimeoutError
    if not isinstance(error, lost):
        return HomeserverFault(f"{doing}: the homeserver's answer is not HTTP ({type(error).__name__})")
    return HomeserverUnreachable(
        f"{doing}: the homeserver at {homeserver_url} does not answer ({_cause(error)}). "
        "Check that it runs and that matrix.homeserver_url is right."
    )


def error_in(
    status: int, answer: object, *, doing: str, retry_after: str | None = None, is_appservice: bool = True
) -> HomeserverError | None:
    """Judge an HTTP answer by its status and its parsed body; None means that it is a success.

    Args:
        status: HTTP status.
        answer: the parsed JSON body, or None where it was not JSON.
        doing: what was asked for, to begin the sentence with (`sending a message`).
        retry_after: the `Retry-After` header, for a 429.
        is_appservice: whether an appservice's token was shown, or else an account's.
    """
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return None
    errcode = _text(answer, "errcode")
    error = _typed_error(status, answer, errcode, doing, retry_after)
    if isinstance(error, TokenRefused):
        error = TokenRefused(f"{error} {_APPSERVICE_REMEDY if is_appservice else _ACCOUNT_REMEDY}")
    error.errcode = errcode
    return error


def _typed_error(status: int, answer: object, errcode: str, doing: str, retry_after: str | None) -> HomeserverError:
    said = f"{status} {errcode} {_text(answer, 'error')}".strip()
    if status == HTTPStatus.TOO_MANY_REQUESTS or errcode == "M_LIMIT_EXCEEDED":
        return RateLimited(f"{doing}: the homeserver asks to slow down ({said})", _wait_s(answer, retry_after))
    # Also a proxy's limit, which knows no errcode.
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE or errcode == "M_TOO_LARGE":
        return TooLarge(f"{doing}: too large for the homeserver or the proxy before it ({said})")
    if status == HTTPStatus.UNAUTHORIZED and (flows := _flows(answer)):
        wanted = " or ".join(sorted(", ".join(stages) for stages in flows))
        return ConfirmationNeeded(
            f"{doing}: the homeserver wants the account's owner to confirm this ({wanted}): "
            f"{_text(answer, 'error') or _text(answer, 'msg') or 'it does not say more'}",
            flows,
            _text(answer, "session"),
        )
    if errcode in _TOKEN_CODES:
        return TokenRefused(f"{doing}: the homeserver refuses Greffier's token ({said}).")
    if not errcode or status >= HTTPStatus.INTERNAL_SERVER_ERROR or status < HTTPStatus.BAD_REQUEST:
        return HomeserverFault(f"{doing}: the homeserver, or a proxy before it, answered {said}")
    refused: type[RequestRefused] = RequestRefused
    if status == HTTPStatus.FORBIDDEN:
        refused = Forbidden
    elif status == HTTPStatus.NOT_FOUND and errcode == "M_NOT_FOUND":
        refused = NotFound
    return refused(f"{doing}: refused by the homeserver ({said})")


def _wait_s(answer: object, retry_after: str | None) -> float:
    """How long a 429 wants us to wait, bounded; 5 s where it does not say (spec: rate limiting)."""
    asked_ms = answer.get("retry_after_ms") if isinstance(answer, dict) else None
    if retry_after is not None and retry_after.isascii() and retry_after.isdigit():
        wait_s = float(retry_after[:9])
    elif isinstance(asked_ms, int | float) and asked_ms >= 0:
        wait_s = min(asked_ms, _LONGEST_WAIT_S * 1000) / 1000
    else:
        wait_s = 5.0
    return min(wait_s, _LONGEST_WAIT_S)


def _flows(answer: object) -> frozenset[tuple[str, ...]]:
    """The ways in which a request may be confirmed, each its stages; none where the answer does not ask for it."""
    flows = answer.get("flows") if isinstance(answer, dict) else None
    every = [flow.get("stages") for flow in flows if isinstance(flow, dict)] if isinstance(flows, list) else []
    return frozenset(
        tuple(stages) for stages in every if isinstance(stages, list) and all(isinstance(name, str) for name in stages)
    )


def _text(answer: object, key: str) -> str:
    value = answer.get(key) if isinstance(answer, dict) else None
    return value[:_QUOTED_CHARACTERS] if isinstance(value, str) else ""


async def _read(response: aiohttp.ClientResponse, doing: str) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in response.content.iter_chunked(1 << 16):
        parts.append(part)
        size += len(part)
        if size > MAX_ANSWER_BYTES:
            raise HomeserverFault(f"{doing}: the homeserver's answer is over {MAX_ANSWER_BYTES} bytes")
    return b"".join(parts)


async def _parsed(raw: bytes) -> object:
    """The JSON in an answer, None where it is something else; a large one does not hold up the loop."""
    try:
        return await asyncio.to_thread(read_json, raw) if len(raw) > _LARGE_BYTES else read_json(raw)
    except ValueError:
        return None


def _cause(error: Exception) -> str:
    """What to tell of a low-level error: its words are the library's and the system's, never a person's."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, aiohttp.ClientConnectorError):
        return error.os_error.strerror or type(error.os_error).__name__
    return type(error).__name__
