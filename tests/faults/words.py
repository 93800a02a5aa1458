"""Which words of each turn of a reference are in a transcript."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rapidfuzz.distance import Levenshtein

from tests.evaluation.normalisation import words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.evaluation.meetings import Segment


def found_words(turns: Sequence[Segment], said: Mapping[str, str], language: str) -> dict[Segment, int]:
    """How many words of each turn are under its speaker's name, at their place among the speaker's other words.

    Args:
        turns: Of the reference.
        said: What the transcript has under each name, in order.
        language: For what counts as the same word.
    """
    found = dict.fromkeys(turns, 0)
    for speaker in {turn.speaker for turn in turns}:
        mine = sorted((turn for turn in turns if turn.speaker == speaker), key=lambda turn: turn.start)
        spoken = [(turn, word) for turn in mine for word in words(turn.text, language)]
        heard = words(said.get(speaker, ""), language)
        for block in Levenshtein.opcodes([word for _, word in spoken], heard):
            if block.tag == "equal":
                for turn, _ in spoken[block.src_start : block.src_end]:
                    found[turn] += 1
    return found
