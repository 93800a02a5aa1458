"""How long a room waits for its transcript: a rough time, from how fast what was unheard becomes less."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bot.room.wording import Wording, duration

_MINUTE_S: Final = 60
_HOUR_S: Final = 3600
_SPOKEN_MIN: Final = (1, 2, 3, 4, 5, 10, 15, 20, 30, 45, 60, 90, 120, 150, 180)
"""The times that people say when they mean roughly; beyond these, whole hours."""


@dataclass(frozen=True)
class Unheard:
    """How much speech of a meeting waited for being recognised at a time; both in seconds, that since the epoch."""

    at_s: float
    speech_s: float


def wait_s(seen: Sequence[Unheard]) -> float | None:
    """How long until everything is heard, in seconds; None while nobody can tell how fast that goes.

    Other meetings may be heard before this one or in turns with it: how fast it goes is seen from what became of it,
    since there was most. Before that, it was only being found out how much there is, or nobody was there to hear it.

    Args:
        seen: how much there was, from the end of the call until now; not empty.
    """
    most, latest = max(seen, key=lambda unheard: (unheard.speech_s, unheard.at_s)), seen[-1]
    heard_s = most.speech_s - latest.speech_s
    if heard_s <= 0:
        return None
    return latest.speech_s / heard_s * (latest.at_s - most.at_s)


def about(seconds: float, wording: Wording) -> str:
    """A rough time as people say it: `moins d’une minute`, `environ 10 min`, `environ 1 h`."""
    if seconds < _MINUTE_S:
        return wording.less_than_a_minute
    spoken_s = min((minutes * _MINUTE_S for minutes in _SPOKEN_MIN), key=lambda spoken_s: abs(spoken_s - seconds))
    if seconds > _SPOKEN_MIN[-1] * _MINUTE_S:
        spoken_s = round(seconds / _HOUR_S) * _HOUR_S
    return wording.about.format(time=duration(spoken_s).removesuffix("\u00a000"))
