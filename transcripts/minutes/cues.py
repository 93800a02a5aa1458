"""What the rules listen for in one language; `french.py` and `english.py` say it.

All patterns are of text as `sentences.plain` gives it: lower case, straight apostrophes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Cues:
    """The patterns of one language. Where one has a group, that is the verb of what is to be done."""

    # Between people
    yes: re.Pattern[str]
    """An answer that accepts a proposal which was made as one, or a request."""
    agreed: re.Pattern[str]
    """An answer that is more than `yes`: it accepts also what was only wished for."""
    settled: re.Pattern[str]
    """An answer, or a remark after one's own words, by which these are decided."""
    no: re.Pattern[str]
    """An answer that does not accept, however it begins."""
    takes: re.Pattern[str]
    """Somebody takes upon themselves what was just spoken of."""
    unknown: re.Pattern[str]
    """An answer that leaves a question open."""
    # Decisions
    decided: re.Pattern[str]
    announced: re.Pattern[str]
    """A decision is made, and what it is stands in the sentence beside."""
    concluded: re.Pattern[str]
    """The beginning of a sentence that draws a conclusion."""
    proposed: re.Pattern[str]
    """A proposal that is one by its form: `yes` is enough."""
    wished: re.Pattern[str]
    """A proposal that may be a mere remark: `agreed` is needed."""
    tag: re.Pattern[str]
    """What asks for consent at the end of a proposal, and is no part of it."""
    next_meeting: re.Pattern[str]
    # Actions
    i_will: re.Pattern[str]
    i_do: re.Pattern[str]
    """In the present tense: a commitment where there is a deadline."""
    i_give: re.Pattern[str]
    """In the present tense, and a commitment as it stands."""
    i_can: re.Pattern[str]
    """An offer."""
    we_will: re.Pattern[str]
    we_do: re.Pattern[str]
    must: re.Pattern[str]
    you_must: re.Pattern[str]
    due: re.Pattern[str]
    """Something that is due by a date, whoever is to do it."""
    request: re.Pattern[str]
    """A request that asks for an answer."""
    order: re.Pattern[str]
    """A request that asks for none."""
    you_will: re.Pattern[str]
    he_will: re.Pattern[str]
    """What follows the name of somebody who is to do something."""
    he_does: re.Pattern[str]
    """The same in the present tense: where there is a deadline."""
    for_name: re.Pattern[str]
    """What precedes the name: `action pour`."""
    not_an_action: re.Pattern[str]
    """A verb that announces what somebody says or does now, or that is a state: not something to do after the call."""
    never_an_action: re.Pattern[str]
    """The same, even where there is a deadline: where somebody will be."""
    refers: re.Pattern[str]
    """What is to be done is done to something or somebody that was named before."""
    deadline: re.Pattern[str]
    # Questions
    question: re.Pattern[str]
    """A question by its form, for recognisers forget the mark."""
    left_open: re.Pattern[str]
    # What takes the meaning away
    denied: re.Pattern[str]
    """Stands before a cue in its clause, or is within it: it says the contrary."""
    denied_after: re.Pattern[str]
    """The word after the cue."""
    hypothetical: re.Pattern[str]
    """Stands before a cue in its clause: it is not so, or not yet, or somebody else says so."""
    condition: re.Pattern[str]
    """The beginning of a sentence of which the whole holds only on a condition."""
    past: re.Pattern[str]
    """Another time than this meeting."""
    # Key points
    small_talk: re.Pattern[str]
    """Greetings, thanks, whether one is heard, what one is about to talk of."""
    telling: re.Pattern[str]
    """Words that announce something of weight."""
    figures: re.Pattern[str]
    leaning: re.Pattern[str]
    """The beginning of a sentence that is understood only from the one before."""
    stopwords: frozenset[str]
    # Cleaning
    fillers: re.Pattern[str]
    openers: re.Pattern[str]
    """What a sentence may begin with and means nothing there."""
    stutters: frozenset[str]
    """Words that are said twice only by stammering."""
    unfinished: frozenset[str]
    """Words that no sentence ends with."""


_ENDS: Final = r"(?:(?<=\W)|(?!\w))"
"""The end of a word, or what stands before the next."""


def pattern(*alternatives: str) -> re.Pattern[str]:
    """One pattern of several, which begins and ends with whole words."""
    return re.compile(r"(?<![\w'])(?:" + "|".join(alternatives) + rf"){_ENDS}")


def begins(*alternatives: str) -> re.Pattern[str]:
    """The same, at the beginning of a sentence only."""
    return re.compile(r"\W*(?:" + "|".join(alternatives) + rf"){_ENDS}")


def opening(*alternatives: str) -> re.Pattern[str]:
    """What may be cut off the beginning of a sentence, with the blanks after it."""
    return re.compile(r"\W*(?:" + "|".join(alternatives) + r")")


def anywhere(*alternatives: str) -> re.Pattern[str]:
    """One pattern of several, wherever it stands."""
    return re.compile("|".join(f"(?:{alternative})" for alternative in alternatives))


NOTHING: Final = re.compile(r"(?!)")
"""Never matches: for what a language does not have."""
