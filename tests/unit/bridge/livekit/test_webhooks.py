"""Webhooks of every shape: only what our server signed, for this very body, just now, is read."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from datetime import timedelta
from typing import Any

import jwt
import pytest

from bridge.livekit.ids import CallId, ParticipantId
from bridge.livekit.tokens import participant_token
from bridge.livekit.webhooks import CallEvent, MalformedWebhook, WebhookRefused, Webhooks
from config.models import LiveKit

SECRET = "a-secret-of-forty-eight-characters-for-the-tests"
SETTINGS = LiveKit.model_validate({"url": "ws://livekit.test", "api_key": "key", "api_secret": SECRET})
JOINED = {"event": "participant_joined", "id": "EV_1", "room": {"name": "m1"}, "participant": {"identity": "p1"}}


def signed(body: bytes, **changes: Any) -> str:
    """What LiveKit sends in Authorization for that body, with some claims changed or (None) left out."""
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
    claims = {"iss": "key", "nbf": time.time() - 1, "exp": time.time() + 300, "sha256": digest} | changes
    return jwt.encode({key: value for key, value in claims.items() if value is not None}, SECRET, algorithm="HS256")


def read(event: object) -> CallEvent | None:
    """Read a body that was properly signed."""
    body = json.dumps(event).encode()
    return Webhooks(SETTINGS).read(body, signed(body))


def test_an_event_of_a_participant_is_read() -> None:
    """Id, kind, call and participant."""
    assert read(JOINED) == CallEvent("EV_1", "participant_joined", CallId("m1"), ParticipantId("p1"))


def test_an_event_of_the_whole_call_has_no_participant() -> None:
    """`room_finished` is about nobody in particular."""
    event = read({"event": "room_finished", "id": "EV_2", "room": {"name": "m1"}})
    assert event == CallEvent("EV_2", "room_finished", CallId("m1"), None)


def test_an_event_without_a_call_is_none_of_ours() -> None:
    """Egress and ingress have events of their own."""
    assert read({"event": "egress_started", "id": "EV_3"}) is None


def test_fields_of_a_newer_server_are_passed_over() -> None:
    """An unknown field does not make an event unreadable."""
    assert read(JOINED | {"news": {"a": [1]}}) is not None


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"sha256": None}, id="no hash"),
        pytest.param({"sha256": ""}, id="empty hash"),
        pytest.param({"sha256": 7}, id="hash of another type"),
        pytest.param({"sha256": "é"}, id="hash that is no base64"),
        pytest.param({"sha256": base64.b64encode(b"other").decode()}, id="hash of another body"),
        pytest.param({"iss": "another-key"}, id="another key"),
        pytest.param({"exp": None}, id="valid for ever"),
        pytest.param({"nbf": time.time() + 3600}, id="not valid yet"),
        pytest.param({"video": "odd"}, id="claims of odd types"),
    ],
)
def test_a_signature_that_does_not_hold_is_refused(changes: dict[str, Any]) -> None:
    """Signed with our secret, but not for this body or not now."""
    body = json.dumps(JOINED).encode()
    with pytest.raises(WebhookRefused):
        Webhooks(SETTINGS).read(body, signed(body, **changes))


def test_an_old_request_that_is_replayed_is_refused() -> None:
    """A signature holds for minutes; the refusal tells the operator to compare the clocks."""
    body = json.dumps(JOINED).encode()
    with pytest.raises(WebhookRefused, match="expired"):
        Webhooks(SETTINGS).read(body, signed(body, exp=time.time() - 120))


@pytest.mark.parametrize("header", [None, "", "Bearer ", "x", "a.b.c", "é.é.é", "Basic dTpw"])
def test_a_header_that_is_no_signature_is_refused(header: str | None) -> None:
    """Nothing, junk, another scheme."""
    with pytest.raises(WebhookRefused):
        Webhooks(SETTINGS).read(json.dumps(JOINED).encode(), header)


def test_an_unsigned_token_is_refused() -> None:
    """`alg: none` proves nothing."""
    body = json.dumps(JOINED).encode()
    claims = jwt.decode(signed(body), SECRET, algorithms=["HS256"])
    with pytest.raises(WebhookRefused):
        Webhooks(SETTINGS).read(body, jwt.encode(claims, "", algorithm="none"))


def test_a_participant_s_token_signs_no_webhook() -> None:
    """Tokens handed to browsers are signed with the same secret, and must not open this door."""
    token = participant_token(SETTINGS, CallId("m1"), ParticipantId("p1"), "P", valid_for=timedelta(minutes=5))
    with pytest.raises(WebhookRefused):
        Webhooks(SETTINGS).read(json.dumps(JOINED).encode(), token)


def test_a_refusal_does_not_repeat_the_signature() -> None:
    """The token stays out of messages, which end in logs."""
    header = signed(b"other")
    with pytest.raises(WebhookRefused) as caught:
        Webhooks(SETTINGS).read(b"{}", header)
    assert header not in str(caught.value)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"junk",
        b"[]",
        b"null",
        b'"event"',
        b"\xff\xfe{}",
        b"{}",
        b'{"event": "room_started"}',
        b'{"event": 7, "id": "EV_1"}',
        b'{"event": "room_started", "id": "EV_1", "room": 3}',
        b'{"event": "room_started", "id": "EV_1", "room": {"name": ["m1"]}}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
    ],
    ids=range(13),
)
def test_a_signed_body_that_is_no_event_is_malformed(body: bytes) -> None:
    """Whatever it is, it is told from a refused one."""
    with pytest.raises(MalformedWebhook):
        Webhooks(SETTINGS).read(body, signed(body))
