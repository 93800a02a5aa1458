"""What the join page's HTTP side needs of the rest: the door to a call, its events, and whether we are ready.

The protocols are implemented in `bot`; nothing here knows a meeting, a database or LiveKit. Errors of
`Door.admit`, each one answer that the page has a sentence for:

    Refusal
    ├── UnknownLink       no such link
    ├── CallOver          the call has ended
    ├── CallFull          as many people as the call may hold
    └── CallServerAway    the media server did not answer: trying again may help
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

_LINK = re.compile(r"[A-Za-z0-9_-]{22}")


@dataclass(frozen=True)
class CallNotice:
    """What anyone who holds a link may know of its call before joining."""

    title: str
    language: Literal["fr", "en"]
    state: Literal["open", "over"]
    transcribed: bool
    sound_kept: bool | None = None
    """Whether the sound stays once its transcript is posted; None: the page says nothing about it."""
    sound_goes_to: str | None = None
    """The host that is sent what people say, as sound; None where it is recognised by Greffier itself."""
    words_go_to: str | None = None
    """The host that is sent what people said, in writing; None where Greffier writes the minutes itself."""
    voices_told_apart: bool = False
    """Whether it is of use to say that several people share a microphone, so that the page asks."""


@dataclass(frozen=True)
class Admission:
    """What a browser needs to enter the call: the token is for this call and this person alone."""

    livekit_url: str
    token: str
    identity: str
    name: str


class Refusal(Exception):
    """Nobody is let in, for a reason that the person can be told."""


class UnknownLink(Refusal):
    """No call was ever known by this link, or it is forgotten by now."""


class CallOver(Refusal):
    """The call of this link has ended."""


class CallFull(Refusal):
    """The call holds as many people as it may."""


class CallServerAway(Refusal):
    """The media server did not answer, so that no call can be entered for now."""


class Door(Protocol):
    """Lets people into calls by their links."""

    async def describe(self, link: str) -> CallNotice | None:
        """What the call of this link is; None where there is no such link."""

    async def admit(self, link: str, name: str, *, shared_microphone: bool = False) -> Admission:
        """Let someone of this name in, or several people who share a microphone under it; raises a `Refusal`."""


class CallEvents(Protocol):
    """Takes what the media server reports of its calls."""

    async def receive(self, body: bytes, authorization: str | None) -> Literal["taken", "refused", "malformed"]:
        """Judge one webhook by its signature (`authorization` covers a hash of `body`) and take it in."""


class Readiness(Protocol):
    """Knows whether everything that is needed to serve people answers."""

    async def failing(self) -> tuple[str, ...]:
        """Names of the dependencies that did not answer; empty when all did."""

    async def degraded(self) -> tuple[str, ...]:
        """Names of the parts without which people are served all the same, if less well; empty when none is missing."""


@dataclass(frozen=True)
class Figure:
    """One figure for monitoring, in Prometheus' terms a gauge."""

    name: str
    what: str
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)


class Figures(Protocol):
    """Knows figures that are read when they are asked for."""

    async def now(self) -> Iterable[Figure]:
        """The figures as of now; those of one name have the same labels."""


def is_link(text: str) -> bool:
    """Whether this has the shape of a join link's last part (132 bits, base64url)."""
    return _LINK.fullmatch(text) is not None
