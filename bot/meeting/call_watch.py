"""Whether a call goes on, judged from what looks at it have shown. Pure: each look brings its own time.

LiveKit's word alone is not enough. Its webhooks are hints; a server that was restarted knows no room of before, while
the people in it are about to come back; and a room that their browsers, or our recorder, made anew has lost its
timeouts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from config.models import Calls

RETURN_WITHIN_S = 45.0
"""How long browsers try to come back after a restart of the server (livekit-client's DefaultReconnectPolicy)."""
EARLY_S = 5.0
"""LiveKit's timeouts begin a little before ours."""

Verdict = Literal["goes on", "lost", "over", "overdue"]
"""`lost`: its room is gone, and nothing says that it was closed: to be opened again, for whoever comes back."""


@dataclass(frozen=True)
class Seen:
    """What one look at a call showed.

    Attributes:
        at_s: when, in seconds since the epoch.
        people: who is in it (identities); None where LiveKit did not answer.
        has_room: whether LiveKit knows the call at all.
    """

    at_s: float
    people: tuple[str, ...] | None
    has_room: bool = True


@dataclass(frozen=True)
class Watch:
    """What is known of a call after some looks at it.

    Attributes:
        opened_s: when it was opened, in seconds since the epoch.
        attended: everyone who has been seen in it.
        nobody_since_s: since when nobody has been in it; None while somebody is.
        lost: whether its room went although nobody had left, so that people may still come back.
        closed: whether LiveKit said that it has closed it.
    """

    opened_s: float
    attended: frozenset[str] = frozenset()
    nobody_since_s: float | None = None
    lost: bool = False
    closed: bool = False

    @property
    def has_people(self) -> bool:
        """Whether somebody was in it at the last look that showed anything."""
        return bool(self.attended) and self.nobody_since_s is None


def judge(watch: Watch, seen: Seen, limits: Calls) -> tuple[Watch, Verdict]:
    """What is known after one more look, and what is to be done about it."""
    if seen.at_s - watch.opened_s > limits.max_duration_min * 60:
        return watch, "overdue"
    if seen.people is None:  # which says nothing about the call
        return watch, "goes on"
    if seen.people:
        attended = watch.attended | frozenset(seen.people)
        return replace(watch, attended=attended, nobody_since_s=None, lost=False, closed=False), "goes on"
    had_people = watch.has_people
    since_s = watch.nobody_since_s if watch.nobody_since_s is not None else _empty_since_s(watch, seen)
    watch = replace(watch, nobody_since_s=since_s)
    if _waited_enough(watch, seen, limits):
        return watch, "over"
    if watch.closed and (watch.lost or not seen.has_room):
        return watch, "over"  # the room that is there is the one that was opened again
    if seen.has_room:
        return watch, "goes on"
    if watch.attended and not had_people and not watch.lost:
        return watch, "over"
    return replace(watch, lost=True), "lost"


def _empty_since_s(watch: Watch, seen: Seen) -> float:
    """A call is empty from its opening on until the first one comes."""
    return seen.at_s if watch.attended else watch.opened_s


def _waited_enough(watch: Watch, seen: Seen, limits: Calls) -> bool:
    """Whether nobody comes (back) any more; LiveKit, which waits too, has the first word as long as it has the room."""
    waited_s = seen.at_s - (watch.nobody_since_s or watch.opened_s)
    if not watch.attended:
        return waited_s >= limits.empty_timeout_s + (EARLY_S if seen.has_room else -EARLY_S)
    return waited_s >= RETURN_WITHIN_S + (limits.departure_timeout_s if seen.has_room else 0)
