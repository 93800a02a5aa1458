"""How long a room waits for its transcript: a rough time, from what waits before it and how fast it has gone so far."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from statistics import median

from bot.room.wording import Wording, duration

_MINUTE_S = 60
_HOUR_S = 3600
_SPOKEN_MIN = (1, 2, 3, 4, 5, 10, 15, 20, 30, 45, 60, 90, 120, 150, 180)
"""The times that people say when they mean roughly; beyond these, whole hours."""


def wait_s(ahead: Sequence[float], rates: Sequence[float], workers: int) -> float | None:
    """How long until a call's transcript is there, were its transcription enqueued now.

    Args:
        ahead: how long, in seconds, the calls lasted whose transcription waits or runs, in the order of the queue;
            the call in question is the last of them. Those that run count whole: how far they are is not known.
        rates: of transcriptions finished lately, how long each took per second of its call.
        workers: how many transcriptions run at a time, in all processes together; at least 1.

    Returns:
        Seconds, or None where no transcription has been finished yet, so that nothing can be said.
    """
    if not rates:
        return None
    rate = median(rates)
    free_at_s = [0.0] * workers
    done_at_s = 0.0
    for duration_s in ahead:
        done_at_s = heapq.heappop(free_at_s) + duration_s * rate
        heapq.heappush(free_at_s, done_at_s)
    return done_at_s


def about(seconds: float, wording: Wording) -> str:
    """A rough time as people say it: `moins d’une minute`, `environ 10 min`, `environ 1 h`."""
    if seconds < _MINUTE_S:
        return wording.less_than_a_minute
    spoken_s = min((minutes * _MINUTE_S for minutes in _SPOKEN_MIN), key=lambda spoken_s: abs(spoken_s - seconds))
    if seconds > _SPOKEN_MIN[-1] * _MINUTE_S:
        spoken_s = round(seconds / _HOUR_S) * _HOUR_S
    return wording.about.format(time=duration(spoken_s).removesuffix("\u00a000"))
