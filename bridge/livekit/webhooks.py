"""LiveKit's webhooks: proves that the server itself sent a request, then reads the call event in it.

LiveKit signs each request with a short-lived token in `Authorization` whose `sha256` claim is the hash of the body
(docs.livekit.io, "Webhooks"). An event is a hint: it may come twice (same `id`), late, or never, so whoever acts on one
deduplicates by `id` and looks at the call.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING

import jwt
from google.protobuf.json_format import Parse, ParseError
from livekit import api

from bridge.livekit.ids import CallId, ParticipantId

if TYPE_CHECKING:
    from config.models import LiveKit


class WebhookRefused(Exception):
    """The request was not signed by our LiveKit server for this very body, or was signed too long ago."""


class MalformedWebhook(Exception):
    """The request was signed by our LiveKit server, but its body is not an event."""


@dataclass(frozen=True)
class CallEvent:
    """Something that happened in a call.

    Attributes:
        id: the same in every delivery of one event.
        kind: LiveKit's name for it: `room_started`, `room_finished`, `participant_joined`, `participant_left`,
            `track_published`, `track_unpublished`, …
        call: where it happened.
        participant: whom it is about, the recorder included; None for an event about the whole call.
    """

    id: str
    kind: str
    call: CallId
    participant: ParticipantId | None


class Webhooks:
    """Reads webhook requests signed with our key and secret."""

    def __init__(self, settings: LiveKit) -> None:
        self._verifier = api.TokenVerifier(settings.api_key, settings.api_secret.get_secret_value())

    def read(self, body: bytes, authorization: str | None) -> CallEvent | None:
        """Give the call event in a request, or None for an event that is not about a call.

        Raises:
            WebhookRefused: a missing, foreign, expired or unsigned token, or one made for another body.
            MalformedWebhook: signed by us, yet no event.
        """
        self._check(body, authorization)
        try:
            event = Parse(body, api.WebhookEvent(), ignore_unknown_fields=True)
        except (ParseError, UnicodeDecodeError) as error:
            raise MalformedWebhook("the body of a signed LiveKit webhook is not an event") from error
        if not event.id or not event.event:
            raise MalformedWebhook("a signed LiveKit webhook lacks its id or its kind")
        if not event.room.name:
            return None
        participant = ParticipantId(event.participant.identity) if event.participant.identity else None
        return CallEvent(id=event.id, kind=event.event, call=CallId(event.room.name), participant=participant)

    def _check(self, body: bytes, authorization: str | None) -> None:
        if not authorization:
            raise WebhookRefused("no signature: the Authorization header is missing")
        try:
            claims = self._verifier.verify(authorization.removeprefix("Bearer "))
            signed_hash = base64.b64decode(claims.sha256 or "")
        except jwt.ExpiredSignatureError as error:
            raise WebhookRefused("the signature has expired: an old request replayed, or the clocks differ") from error
        except (jwt.InvalidTokenError, ValueError, TypeError, AttributeError) as error:
            raise WebhookRefused("not signed with livekit.api_key and livekit.api_secret") from error
        if not hmac.compare_digest(signed_hash, hashlib.sha256(body).digest()):
            raise WebhookRefused("signed for another body")
