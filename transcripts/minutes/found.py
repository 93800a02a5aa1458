"""What a rule has found: the sentences that it rests on and how plain it is; and how cues are read in a sentence."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from transcripts.minutes.claims import Kind
    from transcripts.minutes.cues import Cues

PLAIN: Final = 3
"""Said in so many words."""
LIKELY: Final = 2
POSSIBLE: Final = 1
"""May be a manner of speaking."""

_NO_DEADLINE: Final = ("pas ", "not ", "depuis ", "since ", "last ")
"""Before a day, these make it another thing than a deadline: not before Monday, since Monday."""
_OPENING_WORDS: Final = 2
"""So many words before a deadline say nothing that it could belong to: “and then, by Monday, …”."""
_CLAUSE: Final = re.compile(r"[,;:!?.…]\s|\s[–—-]\s")


@dataclass(frozen=True, slots=True)
class Found:
    """A claim before it is written out."""

    kind: Kind
    places: tuple[int, ...]
    """Those of its sentences, one or two that follow each other in one turn."""
    weight: int
    who: str | None = None
    due: str | None = None
    told: tuple[int, ...] | None = None
    """The places of those that the text says, where some of the words only confirm it."""
    accepted: bool = False
    """Whether it was a question or proposal to which others said yes."""


def clause_before(text: str, at: int) -> str:
    """What stands before a place in its own clause."""
    begin = max((found.end() for found in _CLAUSE.finditer(text, 0, at)), default=0)
    return text[begin:at]


def stands(cue: re.Match[str], text: str, cues: Cues) -> bool:
    """Whether what a cue says is meant: not denied, not hypothetical, not somebody else's words, not long ago."""
    before = clause_before(text, cue.start())
    return not (
        cues.denied.search(before)
        or cues.hypothetical.search(before)
        or cues.denied.search(cue[0])
        or cues.denied_after.match(text[cue.end() :].lstrip())
        or cues.past.search(text)
    )


def depends(text: str, cues: Cues) -> bool:
    """Whether all of a sentence holds only on a condition: “If we move to three days, we must …”."""
    return cues.condition.match(text) is not None


def verb_of(found: re.Match[str]) -> str:
    """The verb that a pattern has caught, empty where it catches none."""
    return next((verb for verb in found.groups() if verb), "")


def _deadline_before(plain: str, cues: Cues, at: int) -> re.Match[str] | None:
    begin = at - len(clause_before(plain, at))
    for found in cues.deadline.finditer(plain):
        if found.start() >= begin or len(plain[: found.start()].split()) <= _OPENING_WORDS:
            return found
    return None


def deadline_in(text: str, plain: str, cues: Cues, after: int = 0) -> str | None:
    """By when, in the words that were said: what follows the place, or else what stands before it in its clause.

    A clause before that holds only for what it says itself, unless there is no more in it than the deadline: “by
    Monday, we must …”, and not “the contract ends in June, so we must …”.
    """
    found = cues.deadline.search(plain, after) or _deadline_before(plain, cues, after)
    if found is None or plain[: found.start()].endswith(_NO_DEADLINE):
        return None
    return text[found.start() : found.end()].strip()
