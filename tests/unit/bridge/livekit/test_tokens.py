"""What is in a token, claim by claim: nothing is granted that is not listed here."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import jwt
import pytest

from bridge.livekit.ids import RECORDER, CallId, ParticipantId
from bridge.livekit.tokens import CallLimits, participant_token, recorder_token
from config.models import LiveKit

SECRET = "a-secret-of-forty-eight-characters-for-the-tests"
CALL = CallId("m1")


@pytest.fixture
def settings() -> LiveKit:
    """Of a server that does not exist."""
    return LiveKit.model_validate({"url": "ws://livekit.test", "api_key": "key", "api_secret": SECRET})


def claims_of(token: str) -> dict[str, Any]:
    """The claims, their signature checked."""
    claims: dict[str, Any] = jwt.decode(token, SECRET, algorithms=["HS256"], issuer="key")
    return claims


def test_a_person_gets_one_call_and_no_more(settings: LiveKit) -> None:
    """See, hear, be seen and heard, share a screen and chat, in that call."""
    claims = claims_of(participant_token(settings, CALL, ParticipantId("p1"), "Zoé", valid_for=timedelta(minutes=5)))
    assert claims["video"] == {
        "roomJoin": True,
        "room": "m1",
        "canPublish": True,
        "canPublishSources": ["camera", "microphone", "screen_share", "screen_share_audio"],
        "canPublishData": True,
        "canSubscribe": True,
        "canUpdateOwnMetadata": False,
    }
    assert (claims["sub"], claims["name"]) == ("p1", "Zoé")
    assert claims["exp"] - claims["nbf"] == 300
    assert not {"kind", "roomConfig", "attributes"} & set(claims)


def test_a_shared_microphone_is_an_attribute_that_its_owner_cannot_change(settings: LiveKit) -> None:
    """It is said at the door and stays as it was said there."""
    claims = claims_of(
        participant_token(
            settings, CALL, ParticipantId("p1"), "Salle 3", valid_for=timedelta(minutes=5), shared_microphone=True
        )
    )
    assert claims["attributes"] == {"greffier.shared_microphone": "true"}
    assert claims["video"]["canUpdateOwnMetadata"] is False


def test_the_recorder_is_hidden_flagged_and_silent(settings: LiveKit) -> None:
    """It may hear and send captions; it may not publish sound or pictures, and outlasts the longest call."""
    claims = claims_of(recorder_token(settings, CALL))
    assert claims["video"] == {
        "roomJoin": True,
        "room": "m1",
        "canPublish": False,
        "canPublishData": True,
        "canSubscribe": True,
        "canUpdateOwnMetadata": False,
        "hidden": True,
        "recorder": True,
    }
    assert (claims["sub"], claims["kind"]) == (RECORDER, "agent")
    assert claims["exp"] - claims["nbf"] > 24 * 3600


def test_the_limits_of_the_call_ride_along(settings: LiveKit) -> None:
    """A server that forgot the call makes it again with these."""
    limits = CallLimits(empty_timeout_s=900, departure_timeout_s=5, max_participants=12)
    expected = {"emptyTimeout": 900, "departureTimeout": 5, "maxParticipants": 12}
    person = participant_token(settings, CALL, ParticipantId("p"), "P", valid_for=timedelta(minutes=1), limits=limits)
    assert claims_of(person)["roomConfig"] == expected
    assert claims_of(recorder_token(settings, CALL, limits=limits))["roomConfig"] == expected


@pytest.mark.parametrize("identity", ["", RECORDER])
def test_nobody_can_be_the_recorder_or_no_one(settings: LiveKit, identity: str) -> None:
    """A person under the recorder's identity would put it out of the call."""
    with pytest.raises(ValueError, match="identity"):
        participant_token(settings, CALL, ParticipantId(identity), "X", valid_for=timedelta(minutes=1))


def test_a_token_without_a_call_is_refused(settings: LiveKit) -> None:
    """A token for the empty room name would be one for any."""
    with pytest.raises(ValueError, match="call"):
        recorder_token(settings, CallId(""))
