"""Judging a homeserver's answers by status and body."""

from __future__ import annotations

import pytest

from bridge.matrix.answers import error_in
from bridge.matrix.errors import (
    Forbidden,
    HomeserverError,
    HomeserverFault,
    NotFound,
    RateLimited,
    RequestRefused,
    TokenRefused,
    TooLarge,
)


@pytest.mark.parametrize(
    ("status", "answer", "kind"),
    [
        (401, {"errcode": "M_UNKNOWN_TOKEN"}, TokenRefused),
        (401, {"errcode": "M_MISSING_TOKEN"}, TokenRefused),
        (403, {"errcode": "M_FORBIDDEN"}, Forbidden),
        (404, {"errcode": "M_NOT_FOUND"}, NotFound),
        (413, {"errcode": "M_TOO_LARGE"}, TooLarge),
        (413, None, TooLarge),
        (400, {"errcode": "M_TOO_LARGE"}, TooLarge),
        (400, {"errcode": "M_LIMIT_EXCEEDED"}, RateLimited),
        (404, {"errcode": "M_UNKNOWN"}, RequestRefused),
        (403, {"errcode": "M_UNKNOWN"}, Forbidden),
        (400, {"errcode": "M_BAD_JSON"}, RequestRefused),
        (429, {"errcode": "M_LIMIT_EXCEEDED"}, RateLimited),
        (429, None, RateLimited),
        (500, {"errcode": "M_UNKNOWN"}, HomeserverFault),
        (502, None, HomeserverFault),
        (304, None, HomeserverFault),
        (403, None, HomeserverFault),
        (404, None, HomeserverFault),
        (404, {"detail": "no such route"}, HomeserverFault),
        (403, {"errcode": ["M_FORBIDDEN"]}, HomeserverFault),
    ],
)
def test_each_answer_is_an_error_of_its_own_kind(status: int, answer: object, kind: type[HomeserverError]) -> None:
    """A page of a proxy is never taken for the homeserver's own word."""
    error = error_in(status, answer, doing="sending a message")
    assert type(error) is kind
    assert str(error).startswith("sending a message: ")


def test_an_unknown_endpoint_is_not_taken_for_an_absent_thing() -> None:
    """A homeserver that does not know the request says 404 too; that must not read as “no such state”."""
    assert type(error_in(404, {"errcode": "M_UNRECOGNIZED"}, doing="reading")) is RequestRefused


def test_a_success_is_no_error() -> None:
    """Any 2xx."""
    assert error_in(200, {}, doing="sending") is None


@pytest.mark.parametrize(
    ("answer", "header", "wait_s"),
    [
        ({"retry_after_ms": 2500}, None, 2.5),
        ({"retry_after_ms": 2500}, "7", 7.0),
        ({}, None, 5.0),
        (None, "soon", 5.0),
        ({"retry_after_ms": -1}, None, 5.0),
        ({"retry_after_ms": "9"}, None, 5.0),
        ({"retry_after_ms": 1e300}, None, 300.0),
        ({"retry_after_ms": 10**200}, None, 300.0),
        ({"retry_after_ms": float("nan")}, None, 5.0),
        (None, "9" * 5000, 300.0),
    ],
)
def test_the_wait_after_a_429_is_what_the_homeserver_asks_within_bounds(
    answer: object, header: str | None, wait_s: float
) -> None:
    """The header goes first, junk means five seconds, nothing is over five minutes."""
    error = error_in(429, answer, doing="sending", retry_after=header)
    assert isinstance(error, RateLimited)
    assert error.retry_after_s == wait_s


def test_a_refused_token_says_what_to_check() -> None:
    """The operator learns which key and which file."""
    error = error_in(401, {"errcode": "M_UNKNOWN_TOKEN"}, doing="listening")
    assert "matrix.as_token" in str(error)
    assert "registration file" in str(error)
    error = error_in(401, {"errcode": "M_UNKNOWN_TOKEN"}, doing="listening", is_appservice=False)
    assert isinstance(error, TokenRefused)
    assert "start Greffier, which logs in again" in str(error)
    assert "registration" not in str(error)


def test_a_long_error_text_is_cut() -> None:
    """A homeserver cannot fill the log."""
    assert len(str(error_in(400, {"errcode": "M_X" * 999, "error": "y" * 99_999}, doing="sending"))) < 600
