"""LiveKit's webhooks, turned into a word to the meeting concerned: have a look at your call."""

from __future__ import annotations

from typing import Literal

import structlog

from bot.durable.signals import LOOK, Signal, tell
from bot.store.register import Register
from bridge.livekit.calls import CallError, Calls
from bridge.livekit.ids import RECORDER, CallId
from bridge.livekit.webhooks import MalformedWebhook, WebhookRefused, Webhooks
from transcripts.storage.spool import MeetingId

log = structlog.get_logger()

_WORTH_SAYING = {
    "participant_joined": LOOK,
    "participant_left": LOOK,
    "participant_connection_aborted": LOOK,
    "room_finished": Signal("closed"),
}


class CallEvents:
    """Takes webhooks in (the `CallEvents` of the HTTP side). Events are hints: the meeting looks for itself."""

    def __init__(self, webhooks: Webhooks, register: Register, calls: Calls) -> None:
        self._webhooks = webhooks
        self._register = register
        self._calls = calls

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
        if event is not None and event.kind in _WORTH_SAYING and event.participant != RECORDER:
            await tell(MeetingId(event.call), _WORTH_SAYING[event.kind], once=f"webhook.{event.id}")
        if event is not None and event.kind == "room_started":
            await self._close_if_over(MeetingId(event.call))
        return "taken"

    async def _close_if_over(self, meeting_id: MeetingId) -> None:
        """Close the call of a meeting that has ended: LiveKit opens it again for whoever comes with a late token."""
        meeting = await self._register.get(meeting_id)
        if meeting is None or meeting.ended_at is None:
            return
        try:
            await self._calls.close(CallId(meeting_id))
        except CallError as error:
            log.warning("late call cannot be closed", meeting_id=meeting_id, cause=str(error))
