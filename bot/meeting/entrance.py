"""The door behind the join page: from a link to a meeting, and from a name to a token for its call."""

from __future__ import annotations

import secrets
from datetime import timedelta

from bot.room.wording import in_language
from bot.store.register import Link, Meeting, Register
from bridge.livekit.calls import CallError, Calls
from bridge.livekit.ids import CallId, ParticipantId
from bridge.livekit.tokens import CallLimits, participant_token
from bridge.web.door import Admission, CallFull, CallNotice, CallOver, CallServerAway, UnknownLink
from config.models import Settings

TOKEN_VALID_FOR = timedelta(minutes=10)
"""Long enough to get in. Whoever is inside stays: LiveKit renews the token of a live connection."""


class Entrance:
    """Lets people in by their link (the `Door` of the join page)."""

    def __init__(self, settings: Settings, register: Register, calls: Calls) -> None:
        self._settings = settings
        self._register = register
        self._calls = calls

    async def describe(self, link: str) -> CallNotice | None:
        """What the call of this link is."""
        meeting = await self._register.by_link(Link(link))
        if meeting is None:
            return None
        return CallNotice(
            title=meeting.title or in_language(meeting.language).call,
            language=meeting.language,
            state="open" if meeting.ended_at is None else "over",
            transcribed=meeting.transcribed,
            sound_kept=self._settings.storage.keep_sound,
            sound_goes_to=self._settings.speech.sound_goes_to,
            words_go_to=self._settings.summary.words_go_to,
            voices_told_apart=self._settings.diarization.model is not None,
        )

    async def admit(self, link: str, name: str, *, shared_microphone: bool = False) -> Admission:
        """Let someone of this name into the call of this link; raises a `Refusal`."""
        meeting = await self._register.by_link(Link(link))
        if meeting is None:
            raise UnknownLink
        if meeting.ended_at is not None:
            raise CallOver
        await self._check_place(meeting)
        identity = ParticipantId(f"p-{secrets.token_hex(8)}")
        token = participant_token(
            self._settings.livekit,
            CallId(meeting.id),
            identity,
            name,
            valid_for=TOKEN_VALID_FOR,
            limits=CallLimits.of(self._settings.calls),
            shared_microphone=shared_microphone,
        )
        return Admission(livekit_url=self._settings.livekit.browser_url, token=token, identity=identity, name=name)

    async def _check_place(self, meeting: Meeting) -> None:
        try:
            call = await self._calls.look(CallId(meeting.id))
        except CallError as error:
            raise CallServerAway from error
        if call is not None and len(call.participants) >= self._settings.calls.max_participants:
            raise CallFull
