"""Decisions: said in so many words, or proposed by one and accepted by another."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from transcripts.minutes.found import LIKELY, PLAIN, POSSIBLE, Found, depends, stands, verb_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transcripts.minutes.talk import Talk

LOOKING_BACK: Final = 4
"""“Agreed, let's do that” speaks of one of so many sentences before it."""
CONTENT_WORDS: Final = 4
"""Fewer words say nothing that could be decided."""


def decisions(talk: Talk) -> Iterator[Found]:
    """Everything that was decided, in order; the same may be found twice."""
    for place in range(len(talk)):
        found = _settled(talk, place) or _announced(talk, place) or _said(talk, place) or _accepted(talk, place)
        found = found or _concluded(talk, place)
        if found is not None:
            yield found


def _said(talk: Talk, place: int) -> Found | None:
    """“We have decided to …”, “next meeting on …”."""
    sentence, cues = talk[place], talk.cues(place)
    if _is_question(talk, place):
        return None
    if depends(sentence.plain, cues):
        return None
    for cue in cues.decided.finditer(sentence.plain):
        if (
            stands(cue, sentence.plain, cues)
            and sentence.words >= CONTENT_WORDS
            and not cues.small_talk.search(sentence.plain)
        ):
            return Found("decision", (place,), PLAIN)
    cue_of_date = cues.next_meeting.search(sentence.plain)
    if cue_of_date and stands(cue_of_date, sentence.plain, cues):
        return Found("decision", (place,), PLAIN)
    return None


def _announced(talk: Talk, place: int) -> Found | None:
    """Said beside it: “The decision was made on Monday. The conference will take place in Lisbon”."""
    sentence, cues = talk[place], talk.cues(place)
    cue = cues.announced.search(sentence.plain)
    if cue is None or sentence.asks or not stands(cue, sentence.plain, cues):
        return None
    following = talk.following(place)
    if following is not None and talk[following].words >= CONTENT_WORDS and not _is_question(talk, following):
        return Found("decision", (place, following), PLAIN)
    return None


def _settled(talk: Talk, place: int) -> Found | None:
    """“We close the desk in the afternoon. That is decided.”; “Agreed, let's do that.” of what another proposed."""
    sentence, cues = talk[place], talk.cues(place)
    cue = cues.settled.search(sentence.plain)
    if cue is None or _is_question(talk, place) or not stands(cue, sentence.plain, cues):
        return None
    if len(sentence.plain[cue.end() :].split()) >= CONTENT_WORDS:
        return None  # it says itself what is decided
    own = talk.preceding(place)
    if own is not None and _has_content(talk, own) and not _is_question(talk, own):
        return Found("decision", (own, place), PLAIN, told=(own,))
    candidates = [n for n in talk.before(place, LOOKING_BACK) if _has_content(talk, n)]
    proposals = [n for n in candidates if _is_proposal(talk, n)]
    statements = [n for n in candidates[:1] if not _is_question(talk, n)]
    for n in proposals or statements:
        return Found("decision", (n,), PLAIN, accepted=True)
    return None


def _accepted(talk: Talk, place: int) -> Found | None:
    """Proposed and accepted: “I suggest that we …”, and “Yes, good idea”."""
    sentence, cues = talk[place], talk.cues(place)
    if sentence.words < CONTENT_WORDS or cues.small_talk.search(sentence.plain):
        return None
    answers = [talk[n].plain for n in talk.answers(place)]
    if not answers or any(cues.no.search(answer) for answer in answers):
        return None
    agreed = any(cues.agreed.search(answer) for answer in answers)
    accepted = agreed or cues.yes.match(answers[0]) is not None
    by_form = cues.proposed.search(sentence.plain) or _decides_with_a_question(talk, place)
    if by_form and accepted and not cues.denied.search(sentence.plain[: by_form.start()]):
        return Found("decision", (place,), LIKELY, accepted=True)
    wished = cues.wished.search(sentence.plain)
    if wished and agreed and stands_as_wish(talk, place, wished.start()):
        return Found("decision", (place,), LIKELY, accepted=True)
    plan = cues.we_do.search(sentence.plain)
    if plan and agreed and _is_plan(talk, place):
        return Found("decision", (place,), LIKELY)
    return None


def stands_as_wish(talk: Talk, place: int, at: int) -> bool:
    """Whether a wish is not denied, nor one that begins to tell something else."""
    sentence, cues = talk[place], talk.cues(place)
    return not sentence.asks and not cues.denied.search(sentence.plain[:at]) and not cues.past.search(sentence.plain)


def _concluded(talk: Talk, place: int) -> Found | None:
    """Concluded: “All right, then we hold all the interviews on the fifth”."""
    sentence, cues = talk[place], talk.cues(place)
    opening = cues.concluded.match(sentence.plain)
    if opening is None or _is_question(talk, place) or sentence.words < CONTENT_WORDS:
        return None
    rest = sentence.plain[opening.end() :]
    for pattern, needs_deadline in ((cues.we_will, False), (cues.we_do, True)):
        cue = pattern.search(rest)
        if cue is None or cue.start() > len("in that case, "):
            continue
        verb = verb_of(cue)
        if cues.never_an_action.match(verb) or cues.not_an_action.match(rest, cue.end() - len(verb)):
            continue
        if depends(rest, cues) or not stands(cue, rest, cues):
            continue
        if not needs_deadline or cues.deadline.search(rest):
            return Found("decision", (place,), POSSIBLE)
    return None


def _is_proposal(talk: Talk, place: int) -> bool:
    sentence, cues = talk[place], talk.cues(place)
    return bool(
        cues.proposed.search(sentence.plain)
        or cues.wished.search(sentence.plain)
        or _decides_with_a_question(talk, place)
    )


def _decides_with_a_question(talk: Talk, place: int) -> re.Match[str] | None:
    """“We go with Tuesday?” proposes; “have we decided on the city?” wants to know."""
    sentence, cues = talk[place], talk.cues(place)
    return cues.decided.search(sentence.plain) if sentence.asks and not cues.question.search(sentence.plain) else None


def _is_plan(talk: Talk, place: int) -> bool:
    sentence, cues = talk[place], talk.cues(place)
    cue = cues.we_do.search(sentence.plain)
    return (
        cue is not None
        and not _is_question(talk, place)
        and cues.never_an_action.match(verb_of(cue)) is None
        and cues.deadline.search(sentence.plain, cue.end()) is not None
        and stands(cue, sentence.plain, cues)
    )


def _has_content(talk: Talk, place: int) -> bool:
    sentence, cues = talk[place], talk.cues(place)
    return sentence.words >= CONTENT_WORDS and not cues.small_talk.search(sentence.plain)


def _is_question(talk: Talk, place: int) -> bool:
    return talk[place].asks or talk.cues(place).question.search(talk[place].plain) is not None
