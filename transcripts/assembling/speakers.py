"""Who is who: one label per person, from the names and the times of the tracks."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transcripts.storage.sidecar import Source

SAME_PERSON_OVERLAP_S: Final = 2.0
"""Someone who reloads the page may be there twice for a moment."""
LONGEST_NAME: Final = 64
NAMELESS: Final = {"fr": "Participant", "en": "Participant"}
SCREEN_SHARE: Final = {"fr": "partage d’écran", "en": "screen share"}


@dataclass(frozen=True, slots=True)
class Presence:
    """A track's owner, and when the track was there, in seconds of the meeting."""

    participant: str
    name: str
    source: Source
    started_s: float
    ended_s: float


@dataclass(slots=True)
class _Person:
    participants: set[str]
    name: str
    presences: list[Presence] = field(default_factory=list)
    label: str = ""


def labels(presences: Sequence[Presence], language: str) -> list[str]:
    """A label for each track: the same for the same person, and never the same for two.

    One participant is one person. Two participants of one name are the same person who came back if they were never
    there together, and `Marc` and `Marc (2)` if they were.
    """
    people: list[_Person] = []
    for presence in sorted(presences, key=lambda presence: presence.started_s):
        person = _find(people, presence)
        person.participants.add(presence.participant)
        person.presences.append(presence)
    _label(people, language)
    label_of = {participant: person.label for person in people for participant in person.participants}
    suffix = f" ({SCREEN_SHARE.get(language, SCREEN_SHARE['en'])})"
    return [
        label_of[presence.participant] + (suffix if presence.source == "screen_share_audio" else "")
        for presence in presences
    ]


def clean_name(name: str) -> str:
    """A name on one line, without control or direction characters, of bounded length; empty if nothing is left."""
    visible = "".join(" " if character.isspace() else character for character in unicodedata.normalize("NFC", name))
    visible = "".join(character for character in visible if unicodedata.category(character) not in {"Cc", "Cf", "Cs"})
    return re.sub(" +", " ", visible).strip()[:LONGEST_NAME].rstrip()


def _find(people: list[_Person], presence: Presence) -> _Person:
    for person in people:
        if presence.participant in person.participants:
            return person
    name = clean_name(presence.name)
    for person in people:
        if name and name.casefold() == person.name.casefold() and not _together(person, presence):
            return person
    newcomer = _Person({presence.participant}, name)
    people.append(newcomer)
    return newcomer


def _together(person: _Person, presence: Presence) -> bool:
    return any(
        min(other.ended_s, presence.ended_s) - max(other.started_s, presence.started_s) > SAME_PERSON_OVERLAP_S
        for other in person.presences
    )


def _label(people: list[_Person], language: str) -> None:
    taken: set[str] = set()
    for person in people:
        name = person.name or NAMELESS.get(language, NAMELESS["en"])
        label, number = name, 1
        while label.casefold() in taken:
            number += 1
            label = f"{name} ({number})"
        taken.add(label.casefold())
        person.label = label
