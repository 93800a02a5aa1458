"""A door that lets people into rooms of a real LiveKit server, with the tokens that Greffier itself issues."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from bridge.livekit.ids import CallId, ParticipantId
from bridge.livekit.tokens import participant_token, recorder_token
from bridge.web.door import Admission, CallNotice, CallOver, UnknownLink
from config.models import LiveKit

if TYPE_CHECKING:
    from tests.stack.livekit import LiveKitServer


@dataclass
class LiveKitDoor:
    """Calls by link; each link is also the name of its room."""

    server: LiveKitServer
    notices: dict[str, CallNotice] = field(default_factory=dict)

    def open_call(self, notice: CallNotice) -> str:
        """A fresh link to a call of this kind."""
        link = secrets.token_urlsafe(16)
        self.notices[link] = notice
        return link

    async def describe(self, link: str) -> CallNotice | None:
        """What was opened under this link."""
        return self.notices.get(link)

    async def admit(self, link: str, name: str, *, shared_microphone: bool = False) -> Admission:
        """A real token for the call's room."""
        notice = self.notices.get(link)
        if notice is None:
            raise UnknownLink(link)
        if notice.state == "over":
            raise CallOver(link)
        identity = ParticipantId(f"guest-{secrets.token_hex(4)}")
        token = participant_token(
            self.settings,
            CallId(link),
            identity,
            name,
            valid_for=timedelta(minutes=5),
            shared_microphone=shared_microphone,
        )
        return Admission(livekit_url=self.server.url, token=token, identity=identity, name=name)

    def recorder_token(self, link: str) -> str:
        """What the recorder would enter this call with."""
        return recorder_token(self.settings, CallId(link))

    @property
    def settings(self) -> LiveKit:
        """How Greffier would be configured for this server."""
        return LiveKit.model_validate(
            {"url": self.server.url, "api_key": self.server.api_key, "api_secret": self.server.api_secret}
        )
