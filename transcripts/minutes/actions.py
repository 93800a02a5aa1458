"""Actions: what somebody took upon themselves, was asked for, or must be done; with who and by when, as far as said."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from transcripts.minutes.found import (
    LIKELY,
    PLAIN,
    POSSIBLE,
    Found,
    clause_before,
    deadline_in,
    depends,
    stands,
    verb_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transcripts.minutes.participants import Participants
    from transcripts.minutes.talk import Talk

CONTENT_WORDS: Final = 4
LONGEST_BEFORE: Final = 25
"""A longer sentence is not told again to make another understood."""
LEANING_WITHIN: Final = 15
"""A pronoun further on, in characters, may stand for something in the sentence itself."""
TAKEN_WITHIN: Final = 3
"""“I'll do it” speaks of one of so many sentences before it."""


Rule = Callable[["Talk", int, "Participants"], Found | None]


def actions(talk: Talk, participants: Participants) -> Iterator[Found]:
    """Everything that is to be done, in order; the same may be found twice."""
    for place in range(len(talk)):
        taken = list(_taken(talk, place))
        yield from taken
        rules: tuple[Rule, ...] = (_named, _asked, _promised, _offered, _needed, _planned)
        for rule in (_promised,) if taken else rules:
            found = rule(talk, place, participants)
            if found is not None:
                yield found
                break


def _promised(talk: Talk, place: int, _: Participants) -> Found | None:
    """“I'll send you …”, “I write to them this week”."""
    sentence, cues = talk[place], talk.cues(place)
    text = sentence.plain
    if sentence.asks or sentence.words < CONTENT_WORDS:
        return None
    taking = cues.takes.search(text)
    for cue in cues.i_will.finditer(text):
        if taking and taking.start() <= cue.start() < taking.end():
            continue  # what it is was said before
        due = deadline_in(sentence.text, text, cues, cue.end())
        if stands(cue, text, cues) and _is_to_do(talk, place, cue, due):
            return Found("action", (place,), PLAIN if due else LIKELY, sentence.speaker, due)
    for pattern, needs_deadline in ((cues.i_give, False), (cues.i_do, True)):
        for cue in pattern.finditer(text):
            if taking and taking.start() <= cue.start() < taking.end():
                continue
            due = _later(sentence.text, text, talk, place, cue.end())
            if (due or not needs_deadline) and stands(cue, text, cues) and _is_to_do(talk, place, cue, due):
                return Found("action", (place,), LIKELY, sentence.speaker, due)
    return None


def _offered(talk: Talk, place: int, _: Participants) -> Found | None:
    """Offered and taken up: “I can write a note”, and “Yes, good idea”."""
    sentence, cues = talk[place], talk.cues(place)
    for cue in cues.i_can.finditer(sentence.plain):
        if not stands(cue, sentence.plain, cues) or not _is_to_do(talk, place, cue, None):
            continue
        if _answered_yes(talk, place):
            due = deadline_in(sentence.text, sentence.plain, cues, cue.end())
            return Found("action", (place,), LIKELY, sentence.speaker, due)
    return None


def _asked(talk: Talk, place: int, participants: Participants) -> Found | None:
    """Asked for: “Marc, could you call them by Friday?” and “Yes”; “Please copy me”."""
    sentence, cues = talk[place], talk.cues(place)
    text = sentence.plain
    for pattern in (cues.request, cues.order, cues.you_will, cues.you_must):
        for cue in pattern.finditer(text):
            due = deadline_in(sentence.text, text, cues, cue.end())
            before = clause_before(text, cue.start())
            if cues.denied.search(before) or cues.denied_after.match(text[cue.end() :].lstrip()):
                continue
            if not _is_to_do(talk, place, cue, due) or _hypothetical_request(cues.hypothetical, before):
                continue
            called = participants.called(sentence.text, sentence.speaker)
            yes = _answered_yes(talk, place)
            if pattern is not cues.order and not (yes or due or called):
                continue
            asks = pattern is cues.request and (sentence.asks or cues.question.search(text))
            if pattern is not cues.order and not (due or called or asks):
                continue
            who = called or talk.other(place) or (talk[talk.answers(place)[0]].speaker if yes else None)
            who = None if who == sentence.speaker else who
            told = place if sentence.words >= CONTENT_WORDS else _said_before(talk, place)
            return None if told is None else Found("action", (told,), PLAIN if yes or due else LIKELY, who, due)
    return None


def _named(talk: Talk, place: int, participants: Participants) -> Found | None:
    """“Sophie contacts the region by Friday”, “action for Marc: …”."""
    sentence, cues = talk[place], talk.cues(place)
    if sentence.asks:
        return None
    for name in participants.named(sentence.text):
        rest = sentence.plain[name.end :]
        if cues.for_name.search(sentence.plain[: name.start]):
            return Found(
                "action", (place,), PLAIN, name.speaker, deadline_in(sentence.text, sentence.plain, cues, name.end)
            )
        for pattern, needs_deadline in ((cues.he_will, False), (cues.he_does, True)):
            cue = pattern.match(rest)
            if cue is None or not stands(cue, rest, cues) or cues.hypothetical.search(sentence.plain[: name.start]):
                continue
            due = deadline_in(sentence.text, sentence.plain, cues, name.end + cue.end())
            if (due or not needs_deadline) and _is_to_do(talk, place, cue, due):
                return Found("action", (place,), PLAIN if due else LIKELY, name.speaker, due)
    return None


def _needed(talk: Talk, place: int, participants: Participants) -> Found | None:
    """“We must warn them two months in advance”, and whoever answers “I'll do it” is the one."""
    sentence, cues = talk[place], talk.cues(place)
    text = sentence.plain
    if sentence.asks or sentence.words < CONTENT_WORDS:
        return None
    for pattern in (cues.must, cues.due):
        for cue in pattern.finditer(text):
            due = deadline_in(sentence.text, text, cues, cue.end() if pattern is cues.must else cue.start())
            taker = _taker(talk, place)
            if (
                not stands(cue, text, cues)
                or not _is_to_do(talk, place, cue, due)
                or (depends(text, cues) and not taker)
            ):
                continue
            called = participants.called(sentence.text, sentence.speaker)
            mine = re.match(r"(?:i |je |j')", cue[0])
            who = taker or called or (sentence.speaker if mine else None)
            sure = due or taker or _agreed(talk, place)
            return Found("action", (place,), LIKELY if sure else POSSIBLE, who, due)
    return None


def _planned(talk: Talk, place: int, _: Participants) -> Found | None:
    """“We will fix it before the end of April”: somebody among us."""
    sentence, cues = talk[place], talk.cues(place)
    if sentence.asks or sentence.words < CONTENT_WORDS:
        return None
    for pattern in (cues.we_will, cues.we_do):
        for cue in pattern.finditer(sentence.plain):
            due = _later(sentence.text, sentence.plain, talk, place, cue.end())
            if (
                due
                and stands(cue, sentence.plain, cues)
                and not depends(sentence.plain, cues)
                and _is_to_do(talk, place, cue, None)
            ):
                return Found("action", (place,), LIKELY if pattern is cues.we_will else POSSIBLE, None, due)
    return None


def leans(talk: Talk, place: int) -> bool:
    """Whether an action cannot be understood without the sentence before it: “I will ask him …”."""
    before = talk.preceding(place)
    if before is None or not CONTENT_WORDS <= talk[before].words <= LONGEST_BEFORE:
        return False
    refers = talk.cues(place).refers.search(talk[place].plain)
    return refers is not None and refers.start() <= LEANING_WITHIN


def _said_before(talk: Talk, place: int) -> int | None:
    """The sentence that tells what “will you?” is about, if it is the speaker's own."""
    before = talk.preceding(place)
    return before if before is not None and talk[before].words >= CONTENT_WORDS and not talk[before].asks else None


def _taken(talk: Talk, place: int) -> Iterator[Found]:
    """“I'll take care of it”, of what another said just before, whatever form that had."""
    sentence, cues = talk[place], talk.cues(place)
    cue = cues.takes.search(sentence.plain)
    if cue is None or sentence.asks or not stands(cue, sentence.plain, cues):
        return
    for n in talk.before(place, TAKEN_WITHIN):
        earlier = talk[n]
        if earlier.asks and talk.cues(n).refers.search(earlier.plain):
            continue  # “who does it?”: what was said before tells what
        if earlier.words < CONTENT_WORDS or talk.cues(n).small_talk.search(earlier.plain):
            continue
        end = sentence.plain.find(",", cue.end())
        clause = slice(0, end if end >= 0 else None)
        due = deadline_in(sentence.text[clause], sentence.plain[clause], cues)
        due = due or deadline_in(earlier.text, earlier.plain, talk.cues(n))
        yield Found("action", (n,), PLAIN, sentence.speaker, due)
        return


def _taker(talk: Talk, place: int) -> str | None:
    """Who answers that they will do it."""
    for n in talk.answers(place):
        cue = talk.cues(n).takes.search(talk[n].plain)
        if cue and stands(cue, talk[n].plain, talk.cues(n)):
            return talk[n].speaker
    return None


def _answered_yes(talk: Talk, place: int) -> bool:
    answers = talk.answers(place)
    return (
        bool(answers)
        and talk.cues(answers[0]).yes.match(talk[answers[0]].plain) is not None
        and not any(talk.cues(n).no.search(talk[n].plain) for n in answers)
    )


def _agreed(talk: Talk, place: int) -> bool:
    return any(talk.cues(n).agreed.search(talk[n].plain) for n in talk.answers(place))


def _is_to_do(talk: Talk, place: int, cue: re.Match[str], due: str | None) -> bool:
    """Whether a verb is of something to do after the call, and not of what one is about to say."""
    cues, verb = talk.cues(place), verb_of(cue)
    if cues.small_talk.search(talk[place].plain) or cues.never_an_action.fullmatch(verb):
        return False
    if due or not verb or _of_others(cue):
        return True
    return cues.not_an_action.match(cue.string, cue.end() - len(verb)) is None


def _of_others(cue: re.Match[str]) -> bool:
    """Whether it is done to people who are not there: presenting it to her is work, presenting it to you is now."""
    return re.search(r"\b(?:lui|leur|him|her|them)\b", cue[0] + cue.string[cue.end() :][:6]) is not None


def _later(text: str, plain: str, talk: Talk, place: int, after: int) -> str | None:
    """A deadline that stands after the verb: what is before it may be of anything."""
    return deadline_in(text, plain, talk.cues(place), after) if talk.cues(place).deadline.search(plain, after) else None


def _hypothetical_request(hypothetical: re.Pattern[str], before: str) -> bool:
    return any(found[0] not in {"can", "could", "would", "est-ce que"} for found in hypothetical.finditer(before))
