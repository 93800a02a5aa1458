"""Small conversations for the tests of minutes, written as people read them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from tests.fakes.speech import spread
from tests.unit.transcripts.transcripts_of import transcript
from transcripts.assembling.turns import Turn
from transcripts.minutes.extractive import extract

if TYPE_CHECKING:
    from transcripts.assembling.transcript import Transcript
    from transcripts.minutes.claims import Claim, Kind

WORD_S: Final = 0.4
PAUSE_S: Final = 0.5


def dialogue(lines: str, language: str, title: str = "") -> Transcript:
    """Lines of `Name: what they say` as a transcript; each begins half a second after the one before ends."""
    turns: list[Turn] = []
    at_s = 1.0
    for line in lines.strip().splitlines():
        speaker, _, text = line.strip().partition(": ")
        end_s = at_s + WORD_S * len(text.split())
        turns.append(Turn(speaker, language, spread(text, at_s, end_s)))
        at_s = end_s + PAUSE_S
    return replace(transcript(*turns, title=title), language=language)


def claims(lines: str, language: str, kind: Kind) -> tuple[Claim, ...]:
    """What the minutes of a conversation say of one kind."""
    return tuple(claim for claim in extract(dialogue(lines, language)).claims if claim.kind == kind)


def texts(lines: str, language: str, kind: Kind) -> list[str]:
    """The same, the sentences only."""
    return [claim.text for claim in claims(lines, language, kind)]
