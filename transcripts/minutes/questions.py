"""Open questions: those of which somebody says that they are open, and those that nobody could answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from transcripts.minutes.found import LIKELY, PLAIN, POSSIBLE, Found

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transcripts.minutes.talk import Talk

CONTENT_WORDS: Final = 4
SHORT_ANSWER_WORDS: Final = 12
"""An answer that begins by not knowing and is longer than this may yet be one."""
SILENCE_S: Final = 20.0
"""A question after which nobody speaks for so long, or ever, was not answered."""


def open_questions(talk: Talk) -> Iterator[Found]:
    """What was asked and left open, in order."""
    for place in range(len(talk)):
        found = _said_to_be_open(talk, place) or _unanswered(talk, place)
        if found is not None:
            yield found


def _said_to_be_open(talk: Talk, place: int) -> Found | None:
    """Said to be open: “We do not know yet who pays”."""
    sentence, cues = talk[place], talk.cues(place)
    cue = cues.left_open.search(sentence.plain)
    if cue is None or sentence.words < CONTENT_WORDS or sentence.asks or cues.past.search(sentence.plain):
        return None
    if _contradicted(talk, place):
        return None
    return Found("question", (place,), PLAIN)


def _unanswered(talk: Talk, place: int) -> Found | None:
    """Asked in vain: “When do they deliver?”, and “I don't know”."""
    sentence, cues = talk[place], talk.cues(place)
    is_question = sentence.asks or cues.question.search(sentence.plain)
    if not is_question or sentence.words < CONTENT_WORDS or cues.small_talk.search(sentence.plain):
        return None
    if cues.request.search(sentence.plain) or cues.proposed.search(sentence.plain):
        return None
    answers = talk.answers(place)
    if answers:
        return Found("question", (place,), LIKELY) if _nobody_knows(talk, answers) else None
    if talk.ends_with(place) or talk.silence_after(place) > SILENCE_S:
        return Found("question", (place,), POSSIBLE)
    return None


def _nobody_knows(talk: Talk, answers: list[int]) -> bool:
    """Whether the answer is that one does not know, and nothing more, from anybody."""
    first = talk[answers[0]]
    if not talk.cues(answers[0]).unknown.search(first.plain) or first.words > SHORT_ANSWER_WORDS:
        return False
    return all(
        talk[n].asks
        or talk.cues(n).unknown.search(talk[n].plain)
        or talk[n].words <= 3  # noqa: PLR2004
        or talk.promises(n)
        for n in answers[1:]
    )


def _contradicted(talk: Talk, place: int) -> bool:
    """“We do not know yet when”, and “Yes we do, on the twelfth”."""
    return any(
        talk[n].plain.startswith(("si,", "si si", "yes, we do", "actually", "en fait")) for n in talk.answers(place)
    )
