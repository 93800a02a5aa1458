"""LiveKit's webhooks, turned into a word to the meeting concerned: have a look at your call."""

from __future__ import annotations

from typing import Literal

import structlog

from bot.signals import LOOK, tell
from bridge.livekit.ids import RECORDER
from bridge.livekit.webhooks import MalformedWebhook, WebhookRefused, Webhooks
from transcripts.spool import MeetingId

log = structlog.get_logger()

_WORTH_A_LOOK = frozenset({"participant_joined", "participant_left", "participant_connection_aborted", "room_finished"})


class CallEvents:
    """Takes webhooks in (the `CallEvents` of the HTTP side). Events are hints: the meeting looks for itself."""

    def __init__(self, webhooks: Webhooks) -> None:
        self._webhooks = webhooks

    async def receive(self, body: bytes, authorization: str | None) -> Literal["taken", "refused", "malformed"]:
        """Judge one webhook and store what it says."""
        try:
            event = self._webhooks.read(body, authorization)
        except WebhookRefused as error:
            log.warning("webhook refused", cause=str(error))
            return "refused"
        except MalformedWebhook as error:
            log.warning("webhook malformed", cause=str(error))
            return "malformed"
        if event is not None and event.kind in _WORTH_A_LOOK and event.participant != RECORDER:
            await tell(MeetingId(event.call), LOOK, once=f"webhook.{event.id}")
        return "taken"
