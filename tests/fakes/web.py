"""The three things that the HTTP side asks for, as small real implementations with settable answers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from bridge.web.door import Admission, CallNotice, Figure, UnknownLink


@dataclass
class FakeDoor:
    """Knows the links it is told of; `refusal` is raised to whoever asks to be let in."""

    notices: dict[str, CallNotice] = field(default_factory=dict)
    refusal: Exception | None = None
    admitted: list[tuple[str, str]] = field(default_factory=list)
    sharing: list[str] = field(default_factory=list)
    """Who said that they share their microphone."""
    asked: list[str] = field(default_factory=list)

    async def describe(self, link: str) -> CallNotice | None:
        """The notice set for this link."""
        self.asked.append(link)
        return self.notices.get(link)

    async def admit(self, link: str, name: str, *, shared_microphone: bool = False) -> Admission:
        """Let anyone into a known call."""
        self.asked.append(link)
        if self.refusal is not None:
            raise self.refusal
        if link not in self.notices:
            raise UnknownLink(link)
        self.admitted.append((link, name))
        self.sharing += [name] * shared_microphone
        return Admission(livekit_url="ws://livekit.test", token="a-token", identity=f"guest-{name}", name=name)


@dataclass
class FakeCallEvents:
    """Keeps what it receives and answers with `verdict`."""

    verdict: Literal["taken", "refused", "malformed"] = "taken"
    received: list[tuple[bytes, str | None]] = field(default_factory=list)

    async def receive(self, body: bytes, authorization: str | None) -> Literal["taken", "refused", "malformed"]:
        """Judge as told."""
        self.received.append((body, authorization))
        return self.verdict


@dataclass
class FakeReadiness:
    """Says that these dependencies fail and these parts are missing, or breaks itself."""

    names: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    error: Exception | None = None

    async def failing(self) -> tuple[str, ...]:
        """The names it was given."""
        if self.error is not None:
            raise self.error
        return self.names

    async def degraded(self) -> tuple[str, ...]:
        """The parts it was given."""
        return self.missing


@dataclass
class FakeFigures:
    """Has these figures, or breaks."""

    figures: tuple[Figure, ...] = ()
    error: Exception | None = None

    async def now(self) -> Iterable[Figure]:
        """The figures it was given."""
        if self.error is not None:
            raise self.error
        return self.figures
