"""Minutes without a language model: rules find decisions, actions and open questions, ranking finds the key points."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from transcripts.minutes.actions import actions, leans
from transcripts.minutes.claims import Claim, Minutes, verified
from transcripts.minutes.cleaning import cleaned
from transcripts.minutes.decisions import decisions
from transcripts.minutes.found import Found
from transcripts.minutes.key_points import key_points
from transcripts.minutes.orders import gives_orders
from transcripts.minutes.participants import Participants
from transcripts.minutes.questions import open_questions
from transcripts.minutes.sentences import sentences
from transcripts.minutes.talk import Talk

if TYPE_CHECKING:
    from collections.abc import Iterable

    from transcripts.assembling.transcript import Transcript

FEWEST_KEPT: Final = 8
"""So many decisions, actions or questions are all kept, however plain they are …"""
KEPT_PER_1000_WORDS: Final = 1.5
"""… and so many more the longer a meeting is; then the plainest are."""
MOST_KEPT: Final = 30


def extract(transcript: Transcript) -> Minutes:
    """The minutes of a transcript, by rules for French and English; the same for the same transcript."""
    talk = Talk(sentences(transcript.turns), transcript.speakers)
    decided = _one_each(decisions(talk))
    asked = _one_each(open_questions(talk))
    to_do = _one_each(actions(talk, Participants(transcript.speakers)))
    taken = {place for found in (*decided, *asked) for place in found.places}
    to_do = _with_what_they_lean_on(talk, [found for found in to_do if not taken & set(found.places)])
    ordered = {index for index, turn in enumerate(transcript.turns) if gives_orders(turn.text)}
    decided, asked, to_do = (_without(ordered, talk, found) for found in (decided, asked, to_do))
    most = _most(talk)
    decided, asked, to_do = (_well_heard(talk, found) for found in (decided, asked, to_do))
    kept = [*_plainest(decided, most), *_plainest(to_do, most), *_plainest(asked, most)]
    told = {place for found in kept for place in found.places}
    kept += key_points(talk, transcript.title, told)
    return Minutes(verified([_claim(talk, found) for found in kept], transcript.turns))


def _one_each(found: Iterable[Found]) -> list[Found]:
    """Of those on the same sentence the plainest, with who and by when from any of them."""
    kept: dict[int, Found] = {}
    for one in found:
        other = next((kept[place] for place in one.places if place in kept), None)
        if other is None:
            kept.update(dict.fromkeys(one.places, one))
            continue
        best, rest = (one, other) if one.weight > other.weight else (other, one)
        both = replace(best, who=best.who or rest.who, due=best.due or rest.due)
        kept = {place: held for place, held in kept.items() if held is not other}
        kept.update(dict.fromkeys(both.places, both))
    return list(dict.fromkeys(kept.values()))


def _with_what_they_lean_on(talk: Talk, to_do: list[Found]) -> list[Found]:
    """Actions with the sentence before, where they speak of it: “It is Julien. I will ask him for an estimate”.

    Where that is an action of the same person, the two are one.
    """
    by_place = {place: found for found in to_do for place in found.places}
    joined: dict[int, Found] = {}
    for found in to_do:
        first = found.places[0]
        before = talk.preceding(first) if len(found.places) == 1 else None
        if before is None or not leans(talk, first) or talk[before].asks:
            joined[first] = found
            continue
        other = by_place.get(before)
        if other is not None and (
            other.who not in (found.who, None) or before not in joined or (other.due and found.due)
        ):
            joined[first] = found
            continue
        joined.pop(before, None)
        due, weight = (found.due or other.due, max(found.weight, other.weight)) if other else (found.due, found.weight)
        joined[first] = replace(found, places=(before, first), due=due, weight=weight)
    return list(joined.values())


def _without(turns: set[int], talk: Talk, found: list[Found]) -> list[Found]:
    """Those that rest on none of these turns: what gives orders to a model decides nothing, and may be a key point."""
    return [one for one in found if not any(talk[place].turn in turns for place in one.places)]


def _well_heard(talk: Talk, found: list[Found]) -> list[Found]:
    return [one for one in found if not any(talk[place].is_doubtful for place in one.places)]


def _most(talk: Talk) -> int:
    words = sum(sentence.words for sentence in talk.sentences)
    return min(MOST_KEPT, max(FEWEST_KEPT, round(words / 1000 * KEPT_PER_1000_WORDS)))


def _plainest(found: list[Found], most: int) -> list[Found]:
    return sorted(found, key=lambda one: (-one.weight, one.places))[:most]


def _claim(talk: Talk, found: Found) -> Claim:
    quoted = [talk[place] for place in found.places]
    told = found.places if found.told is None else found.told
    text = " ".join(cleaned(talk[n].text, talk.cues(n), as_statement=found.accepted) for n in told)
    return Claim(
        kind=found.kind,
        text=text,
        turn=quoted[0].turn,
        quote=" ".join(sentence.quote for sentence in quoted),
        start_s=quoted[0].start_s,
        speaker=quoted[0].speaker,
        who=found.who,
        due=found.due,
    )
