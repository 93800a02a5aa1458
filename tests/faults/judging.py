"""What a meeting with a kill in it must have in common with one without. Values to a verdict.

The rules:
- The bot has posted the same things in the same order, each once, and the card ends the same way.
- Of every turn that the kill left alone, and of all those together, nearly as many words are found as without the
  kill: `TURN_FOUND` and `ALL_FOUND` of them, since a sound that is cut elsewhere is not heard quite the same way. A
  turn of a word or two (`Ah oui.`, while somebody else speaks) is recognised or not by chance: it counts in the whole.
  What is left alone: everything, unless the recorder died; then what ended a second before, or began after its return.
- At most `SOUND_LOST_S` of the sound is missing but for the time when the recorder was away, and the transcript says of
  that time, and of no other, that it is missing. The recorder is back while people still talk.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tests.faults.spans import Span, length, without
from tests.faults.words import found_words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.evaluation.meetings import Meeting, Segment

TURN_FOUND: Final = 0.6
ALL_FOUND: Final = 0.8
SHORTEST_TURN_WORDS: Final = 3
SOUND_LOST_S: Final = 1.0
MARGIN_S: Final = 1.0
"""What is said so shortly before a death, or so shortly after the return, may be cut."""
BACK_WITHIN_S: Final = 10.0
"""It takes about five; the meeting goes on for a little longer than this after a kill in the middle of it."""
SHORTEST_GAP_S: Final = 0.5
GAP_OFF_S: Final = 1.5
"""How far the gap that is shown may be from the one that was."""


@dataclass(frozen=True)
class Outcome:
    """What one meeting left behind. Times in seconds since 1970."""

    posted: tuple[str, ...]
    """What each of the bot's messages is, in order: `card`, `part 1 of 2`, `.md`…"""
    settled: tuple[str, ...]
    """The last state of the card, and its remarks."""
    said: Mapping[str, str]
    """The words in the attached WebVTT, by name."""
    sound: Mapping[str, tuple[Span, ...]]
    """When sound was recorded of each name."""
    gaps: tuple[Span, ...]
    """When the transcript says that nothing was recorded."""
    spoke_at: float
    """When the recording that people spoke began to play."""
    card_after_s: float
    """From the command to the card."""
    complete_after_s: float
    """From the last one's hanging up to the last message."""
    died_at: float | None = None
    lost_the_recorder: bool = False
    complaints: tuple[str, ...] = ()
    """What is wrong without any comparison."""


@dataclass(frozen=True)
class Verdict:
    """What a kill has cost."""

    problems: tuple[str, ...]
    later_s: float
    """How much longer people waited for card and transcript together."""
    sound_lost_s: float
    """Beside the time in which the recorder was away; of whoever lost most."""
    away_s: float
    """For how long nothing was recorded of what was said; 0 where the recorder did not die, or nobody was speaking."""


def judge(
    meeting: Meeting, undisturbed: Outcome, disturbed: Outcome, *, back_within_s: float = BACK_WITHIN_S
) -> Verdict:
    """Compare a meeting with a kill in it with the same one without; a recorder that died must be back in time."""
    talk = _talk(meeting, disturbed)
    away = _away(disturbed)
    lost_s = max(
        (length(without((talk,), (*spans, *away))) for spans in disturbed.sound.values()), default=length((talk,))
    )
    problems = [
        *disturbed.complaints,
        *_posted(undisturbed, disturbed),
        *_turns(meeting, undisturbed, disturbed, away),
        *_gaps(talk, away, disturbed.gaps),
    ]
    if set(disturbed.sound) != set(undisturbed.sound):
        problems.append(f"sound was kept of {_list(disturbed.sound)}")
    if lost_s > SOUND_LOST_S:
        problems.append(f"{lost_s:.1f} s of sound are missing")
    away_s = length((talk,)) - length(without((talk,), away))
    if away_s > back_within_s and any(math.isinf(span.end_s) for span in away):
        problems.append(f"the recorder was not back after {away_s:.0f} s")
    waited_s = disturbed.card_after_s + disturbed.complete_after_s
    return Verdict(
        problems=tuple(problems),
        later_s=waited_s - undisturbed.card_after_s - undisturbed.complete_after_s,
        sound_lost_s=lost_s,
        away_s=away_s,
    )


def _talk(meeting: Meeting, outcome: Outcome) -> Span:
    """From the first word to the last."""
    turns = meeting.reference.segments
    return Span(
        outcome.spoke_at + min(turn.start for turn in turns), outcome.spoke_at + max(turn.end for turn in turns)
    )


def _away(outcome: Outcome) -> tuple[Span, ...]:
    """When the recorder was dead: until the first sound of which the recording begins after it died."""
    if outcome.died_at is None or not outcome.lost_the_recorder:
        return ()
    begins = [span.start_s for spans in outcome.sound.values() for span in spans if span.start_s > outcome.died_at]
    return (Span(outcome.died_at, min(begins, default=math.inf)),)


def _posted(undisturbed: Outcome, disturbed: Outcome) -> list[str]:
    problems = []
    if _kinds(disturbed) != _kinds(undisturbed):
        problems.append(f"posted: {_list(disturbed.posted)}; without the kill: {_list(undisturbed.posted)}")
    if disturbed.settled != undisturbed.settled:
        problems.append(f"the card ends as {_list(disturbed.settled)}; without the kill: {_list(undisturbed.settled)}")
    return problems


def _kinds(outcome: Outcome) -> list[str]:
    """What was posted; the parts of a transcript, of which the one or the other may have one more, count as one."""
    return list(dict.fromkeys("parts" if what.startswith("part ") else what for what in outcome.posted)) + [
        what for n, what in enumerate(outcome.posted) if what in outcome.posted[:n]
    ]


def _turns(meeting: Meeting, undisturbed: Outcome, disturbed: Outcome, away: tuple[Span, ...]) -> list[str]:
    reference = meeting.reference
    wanted = found_words(reference.segments, undisturbed.said, reference.language)
    found = found_words(reference.segments, disturbed.said, reference.language)
    kept = [turn for turn in reference.segments if not any(_touches(turn, disturbed, span) for span in away)]
    problems = [
        f"{turn.speaker}, {turn.start:.0f} s: {found[turn]} words of {wanted[turn]}"
        for turn in kept
        if wanted[turn] >= SHORTEST_TURN_WORDS and found[turn] < math.floor(TURN_FOUND * wanted[turn])
    ]
    heard, expected = (sum(counts[turn] for turn in kept) for counts in (found, wanted))
    if heard < ALL_FOUND * expected:
        problems.append(f"{heard} words of {expected} are there")
    return problems


def _touches(turn: Segment, outcome: Outcome, away: Span) -> bool:
    return (
        outcome.spoke_at + turn.end > away.start_s - MARGIN_S and outcome.spoke_at + turn.start < away.end_s + MARGIN_S
    )


def _gaps(talk: Span, away: tuple[Span, ...], gaps: tuple[Span, ...]) -> list[str]:
    problems = []
    unmarked_s = length(without(without((talk,), without((talk,), away)), [gap.wider(GAP_OFF_S) for gap in gaps]))
    if unmarked_s > SHORTEST_GAP_S:
        problems.append(f"a gap of {unmarked_s:.1f} s is not marked")
    invented_s = length(without(gaps, [span.wider(GAP_OFF_S) for span in away]))
    if invented_s > 0:
        problems.append(f"a gap of {invented_s:.1f} s is marked where there is none")
    return problems


def _list(words: object) -> str:
    return ", ".join(map(str, words)) or "nothing"  # type: ignore[call-overload]
