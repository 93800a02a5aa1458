"""A meeting and settings to try things on."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from bot.store.register import Link, Meeting
from bridge.matrix.ids import EventId, RoomId, UserId
from config.models import LiveKit, Matrix, Settings, Storage, Web
from transcripts.storage.spool import MeetingId

PUBLIC_URL = "https://visio.tchap.test"
OPENED_AT = datetime(2026, 11, 12, 13, 5, tzinfo=UTC)
"""14:05 in Paris."""


def a_meeting(**changes: Any) -> Meeting:
    """An open French meeting called `Point budget`, but for the changes."""
    fields: dict[str, Any] = {
        "id": MeetingId("m-0123456789abcdef"),
        "room_id": RoomId("!room:tchap.test"),
        "command_id": EventId("$command"),
        "opened_by": UserId("@camille:tchap.test"),
        "opened_at": OPENED_AT,
        "title": "Point budget",
        "language": "fr",
        "link": Link("abcdefghijklmnopqrstuv"),
        "transcribed": True,
        "card_id": None,
        "ended_at": None,
        "finished_at": None,
    }
    return Meeting(**fields | changes)


def settings(folder: Path, **sections: Any) -> Settings:
    """Complete settings that keep everything in `folder`."""
    return Settings(
        matrix=Matrix(
            homeserver_url="https://matrix.tchap.test", server_name="tchap.test", as_token=SecretStr("an-as-token")
        ),
        livekit=LiveKit(
            url="wss://livekit.tchap.test", api_key="devkey", api_secret=SecretStr("secret-of-at-least-32-characters")
        ),
        web=Web(public_url=PUBLIC_URL),
        storage=Storage(folder=folder, keep_sound=sections.pop("keep_sound", False)),
        **sections,
    )
