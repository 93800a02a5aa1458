"""The course of a conversation: what stands beside a sentence, and what others answer to it."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Final

from transcripts.minutes.english import ENGLISH
from transcripts.minutes.french import FRENCH

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from transcripts.minutes.cues import Cues
    from transcripts.minutes.sentences import Sentence

CUES: Final[Mapping[str, Cues]] = {"fr": FRENCH, "en": ENGLISH}
LONGEST_CHARACTERS: Final = 1_500
"""What is longer is not speech."""
ANSWER_WITHIN_S: Final = 8.0
"""An answer begins no later than this after the end of what it answers."""
ANSWER_BEFORE_S: Final = 0.7
"""The times of words are no more exact than this."""
ANSWER_SENTENCES: Final = 2
"""So many sentences of an answer are listened to: “Yes. Good idea.”"""


class Talk:
    """The sentences of a meeting in the languages that there are cues for, in order, and who took part."""

    def __init__(self, sentences: Sequence[Sentence], speakers: Sequence[str]) -> None:
        self.sentences = [
            sentence for sentence in sentences if sentence.language in CUES and len(sentence.text) <= LONGEST_CHARACTERS
        ]
        self.speakers = tuple(speakers)
        self._starts_s = [sentence.start_s for sentence in self.sentences]
        self._talking = {sentence.speaker for sentence in self.sentences}
        self._one_track = len(self._talking) == 1

    def __len__(self) -> int:
        return len(self.sentences)

    def __getitem__(self, place: int) -> Sentence:
        return self.sentences[place]

    def cues(self, place: int) -> Cues:
        """What to listen for in a sentence."""
        return CUES[self.sentences[place].language]

    def other(self, place: int) -> str | None:
        """The one whom the speaker is talking to, where only two talk."""
        others = self._talking - {self.sentences[place].speaker}
        return next(iter(others)) if len(others) == 1 else None

    def following(self, place: int) -> int | None:
        """The place of the sentence after it in the same turn."""
        here = self.sentences[place]
        for n in range(place + 1, min(place + 6, len(self.sentences))):
            if here.goes_on_with(self.sentences[n]):
                return n
        return None

    def preceding(self, place: int) -> int | None:
        """The place of the sentence before it in the same turn."""
        here = self.sentences[place]
        for n in range(place - 1, max(place - 6, -1), -1):
            if self.sentences[n].goes_on_with(here):
                return n
        return None

    def answers(self, place: int) -> list[int]:
        """The places of what somebody else says to it: the first sentences of the first who answers.

        Where all the words are of one track, nobody knows who answers: then it is what comes next.
        """
        here, own, answers = self.sentences[place], 0, list[int]()
        for n in [*self._over(place), *self._until(place, here.end_s + ANSWER_WITHIN_S)]:
            candidate = self.sentences[n]
            if candidate.speaker == here.speaker and not self._one_track:
                own += candidate.words > 2  # noqa: PLR2004 (more than `voilà`)
                if answers or own > 1:
                    break
            elif answers and candidate.speaker != self.sentences[answers[0]].speaker:
                break
            else:
                answers.append(n)
            if len(answers) == ANSWER_SENTENCES:
                break
        return answers

    def _over(self, place: int) -> Iterator[int]:
        """What others begin to say just before it and end after: they know already what it will be."""
        here = self.sentences[place]
        first = bisect_right(self._starts_s, here.start_s - ANSWER_BEFORE_S, hi=place)
        for n in range(first, place):
            if self.sentences[n].speaker != here.speaker and self.sentences[n].end_s > here.start_s + ANSWER_BEFORE_S:
                yield n

    def _until(self, place: int, at_s: float) -> Iterator[int]:
        yield from range(place + 1, bisect_right(self._starts_s, at_s, lo=place + 1))

    def before(self, place: int, at_most: int) -> Iterator[int]:
        """The places of the sentences before it, the nearest first."""
        yield from range(place - 1, max(place - 1 - at_most, -1), -1)

    def ends_with(self, place: int) -> bool:
        """Whether nobody else says anything after it."""
        here = self.sentences[place]
        return all(sentence.speaker == here.speaker for sentence in self.sentences[place + 1 :][:50])

    def silence_after(self, place: int) -> float:
        """How long it takes until anybody says anything, in seconds; without end after the last sentence."""
        if place + 1 >= len(self.sentences):
            return float("inf")
        return self.sentences[place + 1].start_s - self.sentences[place].end_s

    def promises(self, place: int) -> bool:
        """Whether it is what somebody will do."""
        return self.cues(place).i_will.search(self.sentences[place].plain) is not None
