"""A LiveKit server's calls in memory: opened, joined, left and closed by hand; it can be away or refuse."""

from __future__ import annotations

from dataclasses import dataclass, field

from bridge.livekit.calls import CallError, Calls, CallState, Participant
from bridge.livekit.ids import CallId, ParticipantId, TrackId


@dataclass
class FakeCalls(Calls):
    """What the tests do to a call (`join`, `leave`, `everyone_leaves`), and what the code under test asks of it."""

    present: dict[CallId, dict[ParticipantId, str]] = field(default_factory=dict)
    """Calls that exist, with who is in them."""
    limits: dict[CallId, tuple[int, int, int]] = field(default_factory=dict)
    """How each call was opened: empty timeout, departure timeout, most participants."""
    opened: list[CallId] = field(default_factory=list)
    closed: list[CallId] = field(default_factory=list)
    over: set[CallId] = field(default_factory=set)
    """Calls that LiveKit has closed: everyone in them was told so, the recorder too."""
    removed: list[tuple[CallId, ParticipantId]] = field(default_factory=list)
    sound: dict[CallId, frozenset[TrackId]] = field(default_factory=dict)
    """The tracks that people make sound with."""
    looked: int = 0
    """How often somebody looked at a call."""
    failing: CallError | None = None
    """Raised at every request while it is set."""

    async def open(
        self, call: CallId, *, empty_timeout_s: int, departure_timeout_s: int, max_participants: int
    ) -> None:
        """Make the call if it is not there."""
        self._answer()
        self.opened.append(call)
        self.limits[call] = (empty_timeout_s, departure_timeout_s, max_participants)
        self.present.setdefault(call, {})

    async def look(self, call: CallId) -> CallState | None:
        """Who is in the call."""
        self.looked += 1
        self._answer()
        if call not in self.present:
            return None
        return CallState(tuple(Participant(id_, name, None) for id_, name in self.present[call].items()))

    async def sound_published(self, call: CallId) -> frozenset[TrackId]:
        """What `sound` says of it."""
        self._answer()
        return self.sound.get(call, frozenset())

    async def close(self, call: CallId) -> None:
        """End it."""
        self._answer()
        self.closed.append(call)
        self.present.pop(call, None)
        self.over.add(call)

    async def remove(self, call: CallId, participant: ParticipantId) -> None:
        """Put someone out."""
        self._answer()
        self.removed.append((call, participant))
        self.present.get(call, {}).pop(participant, None)

    async def ping(self) -> None:
        """Answer."""
        self._answer()

    def join(self, call: CallId, *names: str) -> None:
        """These people come in."""
        self.present[call] |= {ParticipantId(f"p-{name}"): name for name in names}

    def leave(self, call: CallId, name: str) -> None:
        """Somebody goes."""
        del self.present[call][ParticipantId(f"p-{name}")]

    def everyone_leaves(self, call: CallId) -> None:
        """The last person goes, and LiveKit closes the call."""
        del self.present[call]
        self.over.add(call)

    def close_all(self) -> None:
        """Everyone leaves every call, and LiveKit closes them."""
        for call in list(self.present):
            self.everyone_leaves(call)

    def restart(self) -> None:
        """The server is started anew: it knows no call of before, and nobody was told anything."""
        self.present.clear()

    def _answer(self) -> None:
        if self.failing is not None:
            raise self.failing
