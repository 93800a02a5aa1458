"""Turns: the words of all tracks put together as a reader wants them, each with its speaker, in order.

Four things make a transcript of separate tracks hard to read, and each has its rule here. A listener's `d'accord`
must not break the sentence that it accompanies; a real interruption must show where it came; what was said at the same
time must be told from what was said in turn; and a speech of several minutes needs paragraphs with their own times.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Final

from transcripts.recognition.recogniser import Word

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

PHRASE_PAUSE_S: Final = 0.8
"""A pause within a turn; words closer than this belong together."""
TURN_PAUSE_S: Final = 3.0
"""After a longer silence the same speaker begins a new turn."""
LISTENER_WORDS: Final = 3
LISTENER_S: Final = 2.0
"""What a listener says without taking the floor is no longer than this."""
FINISHING_S: Final = 3.0
"""Whoever has less left to say when another begins is finishing a sentence, not interrupted."""
PARAGRAPH_S: Final = 45.0
"""A turn longer than this is parted at the next end of a sentence …"""
LONGEST_TURN_S: Final = 90.0
"""… and at any word after this."""
OVERLAP_S: Final = 1.0
"""Less is how people take turns, and not worth a mark."""
_SENTENCE_END: Final = re.compile(r"[.!?…]['’\"»)\s]*$")


@dataclass(frozen=True, slots=True)
class SpokenTrack:
    """The words of one track, in seconds of the meeting, and who said them in which language."""

    speaker: str
    language: str
    words: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class Turn:
    """What one speaker says until somebody else has the floor."""

    speaker: str
    language: str
    words: tuple[Word, ...]
    listening: bool = False
    """Whether it is a listener's word (`d'accord`) that accompanies somebody else's turn."""
    overlapped: bool = False
    """Whether somebody else who was speaking already goes on while it is said."""

    @property
    def start_s(self) -> float:
        """When the first word begins, in seconds of the meeting."""
        return self.words[0].start_s

    @property
    def end_s(self) -> float:
        """When the last word ends, in seconds of the meeting."""
        return max(word.end_s for word in self.words)

    @property
    def text(self) -> str:
        """The words as written, without line breaks."""
        return " ".join("".join(word.text for word in self.words).split())


def assemble(tracks: Iterable[SpokenTrack]) -> tuple[Turn, ...]:
    """The turns of a meeting, ordered by when they start; no word is lost and no speaker's words change order."""
    phrases = sorted((phrase for track in tracks for phrase in _phrases(track)), key=lambda phrase: phrase.start_s)
    turns = _merged(_parted_by_interruptions(phrases))
    parts = sorted((part for turn in turns for part in _paragraphs(turn)), key=lambda turn: turn.start_s)
    return tuple(_marked(parts))


def _phrases(track: SpokenTrack) -> Iterator[Turn]:
    words = sorted((word for word in track.words if word.text.strip()), key=lambda word: word.start_s)
    begin = 0
    for index, (word, following) in enumerate(pairwise(words), start=1):
        if following.start_s - word.end_s >= PHRASE_PAUSE_S:
            yield Turn(track.speaker, track.language, tuple(words[begin:index]))
            begin = index
    if words:
        yield Turn(track.speaker, track.language, tuple(words[begin:]))


def _parted_by_interruptions(phrases: Sequence[Turn]) -> list[Turn]:
    """Part every phrase in which somebody else begins to say something, so that the answer can follow the cause."""
    parted: list[Turn] = []
    for index, phrase in enumerate(phrases, start=1):
        rest, end_s = phrase, phrase.end_s
        for other in islice(phrases, index, None):  # nobody who began before interrupts
            if other.start_s >= end_s:
                break
            if other.speaker == rest.speaker or other.start_s <= rest.start_s or _is_listening(other):
                continue
            cut = _place_to_part(rest, other.start_s)
            if cut is not None:
                parted.append(replace(rest, words=rest.words[:cut]))
                rest = replace(rest, words=rest.words[cut:])
        parted.append(rest)
    return sorted(parted, key=lambda phrase: phrase.start_s)


def _place_to_part(phrase: Turn, interrupted_s: float) -> int | None:
    """The index of the word that goes on after the interruption; None where the speaker was only finishing."""
    for index, (word, following) in enumerate(pairwise(phrase.words), start=1):
        if following.start_s < interrupted_s:
            continue
        if phrase.end_s - following.start_s < FINISHING_S:
            return None
        if _ends_a_sentence(word) or following.start_s - interrupted_s > FINISHING_S:
            return index
    return None


def _merged(phrases: Iterable[Turn]) -> list[Turn]:
    turns: list[Turn] = []
    floor: int | None = None  # which turn has the floor
    for phrase in phrases:
        if floor is None:
            floor = 0
            turns.append(phrase)
        elif _continues(turns[floor], phrase):
            turns[floor] = replace(turns[floor], words=turns[floor].words + phrase.words)
        else:
            listening = _is_listening(phrase) and phrase.end_s <= turns[floor].end_s
            if not listening:
                floor = len(turns)
            turns.append(replace(phrase, listening=listening))
    return turns


def _continues(turn: Turn, phrase: Turn) -> bool:
    return (
        turn.speaker == phrase.speaker
        and turn.language == phrase.language
        and phrase.start_s - turn.end_s <= TURN_PAUSE_S
    )


def _paragraphs(turn: Turn) -> Iterator[Turn]:
    begin = 0
    for index, (word, following) in enumerate(pairwise(turn.words), start=1):
        lasted_s = following.end_s - turn.words[begin].start_s
        enough = lasted_s > LONGEST_TURN_S or (lasted_s > PARAGRAPH_S and _ends_a_sentence(word))
        if enough:
            yield replace(turn, words=turn.words[begin:index])
            begin = index
    yield replace(turn, words=turn.words[begin:])


def _marked(turns: Sequence[Turn]) -> Iterator[Turn]:
    """The turns, with a mark on those that are said while somebody else goes on."""
    going_on: list[Turn] = []
    for turn in turns:
        going_on = [earlier for earlier in going_on if earlier.end_s > turn.start_s]
        others = (earlier for earlier in going_on if earlier.speaker != turn.speaker)
        overlapped = not turn.listening and any(_spoken_within_s(other, turn) >= OVERLAP_S for other in others)
        if not turn.listening:
            going_on.append(turn)
        yield replace(turn, overlapped=overlapped)


def _spoken_within_s(turn: Turn, span: Turn) -> float:
    """How much of a turn is spoken, pauses not counted, while another one lasts."""
    return sum(max(0.0, min(word.end_s, span.end_s) - max(word.start_s, span.start_s)) for word in turn.words)


def _is_listening(phrase: Turn) -> bool:
    return phrase.end_s - phrase.start_s <= LISTENER_S and len(phrase.text.split()) <= LISTENER_WORDS


def _ends_a_sentence(word: Word) -> bool:
    return _SENTENCE_END.search(word.text) is not None
