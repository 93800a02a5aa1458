"""Access tokens with the least grant: what a person may do in one call, and what our recorder may do there.

A token also carries the limits of its call, because a LiveKit server that restarts forgets them and makes the room
again from the first token that comes back.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from livekit import api

from bridge.livekit.ids import RECORDER

if TYPE_CHECKING:
    from bridge.livekit.ids import CallId, ParticipantId
    from config.models import Calls, LiveKit

PERSON_SOURCES = ("camera", "microphone", "screen_share", "screen_share_audio")

SHARED_MICROPHONE = "greffier.shared_microphone"
"""The attribute of a participant whose microphone several people speak into: `true`, or not there. It comes with their
token, and the grant leaves it to nobody to change their own."""

LONGEST_RECORDING = timedelta(hours=25)
"""An hour beyond the longest call that the settings allow: the recorder rejoins with the token it began with."""


@dataclass(frozen=True)
class CallLimits:
    """What LiveKit holds a call to.

    Attributes:
        empty_timeout_s: a call that nobody has joined is closed after this.
        departure_timeout_s: a call is closed when this has passed since the last person left.
        max_participants: people at the same time; the recorder is not counted.
    """

    empty_timeout_s: int
    departure_timeout_s: int
    max_participants: int

    @classmethod
    def of(cls, settings: Calls) -> CallLimits:
        """The limits that the settings set for every call."""
        return cls(settings.empty_timeout_s, settings.departure_timeout_s, settings.max_participants)


def participant_token(
    settings: LiveKit,
    call: CallId,
    participant: ParticipantId,
    name: str,
    *,
    valid_for: timedelta,
    limits: CallLimits | None = None,
    shared_microphone: bool = False,
) -> str:
    """Let one person into one call: to be seen and heard, to share a screen, to chat, and nothing else.

    Args:
        settings: whose key and secret sign the token.
        call: the only call it opens.
        participant: the person's identity there.
        name: what the others see.
        valid_for: how long it lets in; whoever is inside stays in beyond that.
        limits: what the call is held to if this token is the one that makes its room again.
        shared_microphone: whether several people speak into their microphone; the recorder sees it.

    Raises:
        ValueError: the identity is empty or is the recorder's, which it would put out of the call.
    """
    if not participant or participant == RECORDER:
        raise ValueError(f"a participant's identity may not be {participant!r}")
    grants = api.VideoGrants(
        room_join=True,
        room=_room_name(call),
        can_publish=True,
        can_publish_sources=list(PERSON_SOURCES),
        can_publish_data=True,
        can_subscribe=True,
        can_update_own_metadata=False,
    )
    token = _blank(settings).with_identity(participant).with_name(name).with_grants(grants)
    if shared_microphone:
        token = token.with_attributes({SHARED_MICROPHONE: "true"})
    return _sign(token, valid_for, limits)


def recorder_token(
    settings: LiveKit, call: CallId, *, valid_for: timedelta = LONGEST_RECORDING, limits: CallLimits | None = None
) -> str:
    """Let our recorder into one call: unseen by the others, who are told that the call is being recorded.

    It may hear and may send data (captions); it may not publish sound or pictures. The grant `recorder` is what keeps
    it from holding the room open once the last person has left.
    """
    grants = api.VideoGrants(
        room_join=True,
        room=_room_name(call),
        can_publish=False,
        can_publish_data=True,
        can_subscribe=True,
        can_update_own_metadata=False,
        hidden=True,
        recorder=True,
    )
    return _sign(_blank(settings).with_identity(RECORDER).with_kind("agent").with_grants(grants), valid_for, limits)


def _room_name(call: CallId) -> str:
    if not call:
        raise ValueError("a token needs the call that it opens")
    return call


def _blank(settings: LiveKit) -> api.AccessToken:
    return api.AccessToken(settings.api_key, settings.api_secret.get_secret_value())


def _sign(token: api.AccessToken, valid_for: timedelta, limits: CallLimits | None) -> str:
    if limits is not None:
        token.with_room_config(
            api.RoomConfiguration(
                empty_timeout=limits.empty_timeout_s,
                departure_timeout=limits.departure_timeout_s,
                max_participants=limits.max_participants,
            )
        )
    return token.with_ttl(valid_for).to_jwt()
