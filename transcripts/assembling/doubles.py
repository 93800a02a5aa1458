"""Doubles: what one person says into two microphones at once is said once.

Someone may join with a room's microphone and a headset, or from two devices. Only tracks of one speaker are compared,
and by time alone: a person does not say two things at the same moment, while people do repeat each other's words.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transcripts.assembling.turns import SpokenTrack
    from transcripts.recognition.recogniser import Word

SAME_TIME_S: Final = 0.4
"""Two microphones, and two decodings, do not agree to the tenth of a second when a word was said."""


def once(tracks: Sequence[SpokenTrack]) -> list[SpokenTrack]:
    """The tracks, without the words that their speaker says at the same time in a track that has more of them."""
    kept: dict[int, SpokenTrack] = {}
    for index in sorted(range(len(tracks)), key=lambda index: -len(tracks[index].words)):
        track = tracks[index]
        for richer in kept.values():
            if richer.speaker == track.speaker:
                track = replace(track, words=_beside(track.words, richer.words))
        kept[index] = track
    return [kept[index] for index in range(len(tracks))]


def _beside(words: Sequence[Word], others: Sequence[Word]) -> tuple[Word, ...]:
    """The words during which none of the others is said."""
    starts_s = sorted(other.start_s for other in others)
    ends_s = sorted(other.end_s for other in others)

    def alone(word: Word) -> bool:
        begun = bisect_right(starts_s, word.end_s + SAME_TIME_S)
        over = bisect_left(ends_s, word.start_s - SAME_TIME_S)
        return begun == over

    return tuple(filter(alone, words))
