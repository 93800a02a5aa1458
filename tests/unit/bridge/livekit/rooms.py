"""Rooms whose people and events a test decides on, for the stays in them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from livekit import rtc

LOOK_EVERY_S = 0.01


@dataclass
class Lasting:
    """A track that is subscribed to, and whose last packet came a while ago."""

    silent_for_s: float = 0.05
    muted: bool = False

    async def get_stats(self) -> list[rtc.stats.RtcStats]:
        """What the SDK knows of its packets."""
        stats = rtc.stats.RtcStats()
        stats.inbound_rtp.rtc.timestamp = 1_795_419_472_622_166
        stats.inbound_rtp.inbound.last_packet_received_timestamp = 1_795_419_472_622.166 - 1000 * self.silent_for_s
        return [rtc.stats.RtcStats(), stats]


@dataclass
class SilentPublication:
    """A microphone; unless it is given a track, its subscription never comes."""

    sid: str = "TR_1"
    kind: int = rtc.TrackKind.KIND_AUDIO
    source: int = rtc.TrackSource.SOURCE_MICROPHONE
    encryption_type: int = rtc.EncryptionType.NONE
    track: Lasting | None = None
    asked: int = 0

    def set_subscribed(self, subscribed: bool) -> None:
        """Count."""
        assert subscribed
        self.asked += 1


@dataclass
class Someone:
    """A person with one track."""

    publication: SilentPublication
    kind: int = rtc.ParticipantKind.PARTICIPANT_KIND_STANDARD
    identity: str = "ana"
    name: str = "Ana"
    attributes: dict[str, str] = field(default_factory=dict)

    @property
    def track_publications(self) -> dict[str, SilentPublication]:
        """That one."""
        return {self.publication.sid: self.publication}


@dataclass
class FakeRoom:
    """A room whose events the test emits."""

    name: str = "m1"
    remote_participants: dict[str, Someone] = field(default_factory=dict)
    handlers: dict[str, Callable[..., None]] = field(default_factory=dict)

    def on(self, event: str, handler: Callable[..., None]) -> None:
        """Remember who wants to know."""
        self.handlers[event] = handler


async def some_looks() -> None:
    """Long enough for several looks at the room."""
    await asyncio.sleep(10 * LOOK_EVERY_S)
