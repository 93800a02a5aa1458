"""The SDK's log lines, without the tokens in them."""

from __future__ import annotations

import logging

import pytest

from bridge.livekit.native_logs import WithoutTokens, keep_tokens_out

TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.JyukShSBRausYqcXl1-dqZ_E"


def test_a_token_in_a_log_line_is_taken_out(caplog: pytest.LogCaptureFixture) -> None:
    """Wherever it stands: in the format or among the values."""
    keep_tokens_out()
    sdk = logging.getLogger("livekit")
    sdk.warning("%s:%s - %s", "signal", 583, f"401 - invalid token: {TOKEN}, error: signature")
    sdk.warning(f"invalid token {TOKEN}")
    sdk.warning("nothing in %s", "here")
    assert [record.getMessage() for record in caplog.records] == [
        "signal:583 - 401 - invalid token: <token>, error: signature",
        "invalid token <token>",
        "nothing in here",
    ]


def test_it_is_applied_once() -> None:
    """Every recording asks for it."""
    keep_tokens_out()
    keep_tokens_out()
    filters = logging.getLogger("livekit").filters
    assert len([one for one in filters if isinstance(one, WithoutTokens)]) == 1
