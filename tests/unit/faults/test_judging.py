"""When a meeting with a kill in it counts as whole."""

from __future__ import annotations

import dataclasses
import math

import pytest

from tests.evaluation.meetings import Meeting, Reference, Segment
from tests.faults.judging import Outcome, judge
from tests.faults.spans import Span

MEETING = Meeting(
    Reference(
        id="short",
        title="",
        language="fr",
        kind="tracks",
        duration=20.0,
        tracks=(),
        segments=(
            Segment("Nadia", 0.0, 5.0, "un deux trois quatre cinq six sept huit neuf dix"),
            Segment("Thomas", 6.0, 12.0, "rouge vert bleu jaune noir blanc gris rose brun mauve"),
            Segment("Nadia", 15.0, 20.0, "lundi mardi mercredi jeudi vendredi samedi dimanche"),
        ),
    ),
    sound=(),
)
NADIA = "Un, deux, trois, quatre, cinq, six, sept, huit, neuf, dix. {}"
LAST = "Lundi, mardi, mercredi, jeudi, vendredi, samedi, dimanche."
WHOLE = Outcome(
    posted=("card", "part 1 of 2", "part 2 of 2", ".md", ".vtt"),
    settled=("done", "2 participants", "voir le fil"),
    said={"Nadia": NADIA.format(LAST), "Thomas": "Rouge, vert, bleu, jaune, noir, blanc, gris, rose, brun, mauve."},
    sound={"Nadia": (Span(99, 121),), "Thomas": (Span(99, 121),)},
    gaps=(),
    spoke_at=100.0,
    card_after_s=0.5,
    complete_after_s=6.0,
)
WITHOUT_RECORDER = dataclasses.replace(
    WHOLE,
    said={"Nadia": NADIA.format(LAST), "Thomas": "Rouge, vert."},
    sound={name: (Span(99, 107.8), Span(112, 121)) for name in ("Nadia", "Thomas")},
    gaps=(Span(107.5, 112.2),),
    died_at=108.0,
    lost_the_recorder=True,
)


def test_a_meeting_that_a_kill_did_not_change_has_no_problems() -> None:
    """It may come later, in other parts, and a word or two may be heard otherwise."""
    changed = dataclasses.replace(
        WHOLE,
        posted=("card", "part 1 of 1", ".md", ".vtt"),
        said={**WHOLE.said, "Thomas": "Rouge, vert, bleu, jaune, noir, blanc, gris, rosse, brun, mauve."},
        card_after_s=4.5,
        died_at=90.0,
    )
    verdict = judge(MEETING, WHOLE, changed)
    assert verdict.problems == ()
    assert (verdict.later_s, verdict.sound_lost_s, verdict.away_s) == (4.0, 0.0, 0.0)


def test_what_is_said_while_the_recorder_is_away_may_be_missing() -> None:
    """But for the time that it takes to come back, nothing is."""
    verdict = judge(MEETING, WHOLE, WITHOUT_RECORDER)
    assert verdict.problems == ()
    assert verdict.sound_lost_s == pytest.approx(0.2)
    assert verdict.away_s == pytest.approx(4.0)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"posted": ("card", "part 1 of 1", ".md", ".md", ".vtt")}, "posted: "),
        ({"posted": ("card", "part 1 of 1", "part 1 of 1", ".md", ".vtt")}, "posted: "),
        ({"posted": ("card", "part 1 of 1", ".vtt")}, "posted: "),
        ({"posted": ("card", ".md", "part 1 of 1", ".vtt")}, "posted: "),
        ({"settled": ("done", "3 participants", "voir le fil")}, "the card ends as "),
        ({"said": {**WHOLE.said, "Thomas": ""}}, "Thomas, 6 s: 0 words of 10"),
        ({"said": {"Nadia": NADIA.format(""), "Thomas": WHOLE.said["Thomas"]}}, "Nadia, 15 s: 0 words of 7"),
        ({"gaps": (Span(104, 106),)}, "a gap of 2.0 s is marked where there is none"),
        ({"sound": {**WHOLE.sound, "Thomas": (Span(99, 110), Span(111.5, 121))}}, "1.5 s of sound are missing"),
        ({"sound": {"Nadia": (Span(99, 121),)}}, "sound was kept of Nadia"),
        ({"complaints": ("the room is not free",)}, "the room is not free"),
    ],
)
def test_what_a_kill_changes_is_a_problem(change: dict[str, object], problem: str) -> None:
    """Messages twice, missing or in another order; another card; words, sound or names that are gone."""
    disturbed = dataclasses.replace(WHOLE, **change)  # type: ignore[arg-type]  # one field of several types
    assert any(found.startswith(problem) for found in judge(MEETING, WHOLE, disturbed).problems)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"gaps": ()}, "a gap of 4.0 s is not marked"),
        ({"sound": dict.fromkeys(("Nadia", "Thomas"), (Span(99, 106.5), Span(112, 121)))}, "1.5 s of sound"),
        ({"said": {**WITHOUT_RECORDER.said, "Nadia": LAST}}, "Nadia, 0 s: 0 words of 10"),
        ({"said": {**WITHOUT_RECORDER.said, "Nadia": NADIA.format("")}}, "Nadia, 15 s: 0 words of 7"),
    ],
)
def test_what_was_said_before_and_after_a_recorder_died_is_there(change: dict[str, object], problem: str) -> None:
    """More than a second of sound, a turn that had ended, a turn that began later, the mark for the gap."""
    disturbed = dataclasses.replace(WITHOUT_RECORDER, **change)  # type: ignore[arg-type]  # as above
    assert any(found.startswith(problem) for found in judge(MEETING, WHOLE, disturbed).problems)


def test_a_recorder_that_does_not_come_back_is_a_problem() -> None:
    """However well the transcript marks what is missing."""
    gone = dataclasses.replace(
        WITHOUT_RECORDER,
        said={"Nadia": NADIA.format(""), "Thomas": "Rouge, vert."},
        sound={name: (Span(99, 107.8),) for name in ("Nadia", "Thomas")},
        gaps=(Span(107.8, math.inf),),
    )
    assert judge(MEETING, WHOLE, gone).problems == ("the recorder was not back after 12 s",)
