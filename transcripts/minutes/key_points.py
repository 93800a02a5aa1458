"""Key points: the sentences that say most of what was said, and no two the same.

Ranking by centrality: continuous LexRank (Erkan and Radev, 2004) over sentences as bags of stems with tf-idf weights.
What a conversation is made of besides (figures and dates, the title's words, words that announce something of weight,
a length that can hold a thought) adds to it, and doubt about the recognition takes away. Chosen by maximal marginal
relevance (Carbonell and Goldstein, 1998), so that the second does not repeat the first.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from itertools import chain
from typing import TYPE_CHECKING, Final

import numpy as np

from transcripts.minutes.found import POSSIBLE, Found
from transcripts.minutes.sentences import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from transcripts.minutes.cues import Cues
    from transcripts.minutes.sentences import Sentence
    from transcripts.minutes.talk import Talk

MOST: Final = 8
WORDS_FOR_THREE: Final = 400
"""A meeting of up to so many words has three points at most, one twice as long has four."""
SENTENCES_A_POINT: Final = 3
"""And never more than one in so many sentences that could be one."""
FEWEST_WORDS: Final = 5
GOOD_WORDS: Final = (9, 32)
"""A sentence of this length can hold a thought and be read at a glance."""
STEM_LETTERS: Final = 6
"""Words are compared by their beginnings: a stemmer for any language, as good as others for French and English
(McNamee and Mayfield, 2004)."""
DAMPING: Final = 0.85
ROUNDS: Final = 30
LEANING: Final = 0.6
"""The worth of a sentence that is understood only from the one before, or that is about the speaker."""
SURE: Final = 0.6
"""A recogniser that is less sure of the least sure quarter of a sentence has misheard something in it, most often."""
_WORD: Final = re.compile(r"[^\W_]+")


def key_points(talk: Talk, title: str, told: Iterable[int]) -> list[Found]:
    """The sentences that stand for the meeting beside those that are `told` already, by rank."""
    told = sorted(set(told))
    candidates = [place for place in range(len(talk)) if _may_be_one(talk, place)]
    count = min(
        _wanted(sum(sentence.words for sentence in talk.sentences)), math.ceil(len(candidates) / SENTENCES_A_POINT)
    )
    candidates = [place for place in candidates if place not in set(told)]
    bags = _Bags([stems(talk[place], talk.cues(place)) for place in range(len(talk))])
    central = bags.centrality()
    topic = stems_of(title, frozenset().union(*(talk.cues(place).stopwords for place in range(min(len(talk), 1)))))
    worth = {place: _worth(talk, place, float(central[place]), topic) for place in candidates}
    return [Found("key_point", (place,), POSSIBLE) for place in _chosen(worth, bags, told, count)]


def stems(sentence: Sentence, cues: Cues) -> Counter[str]:
    """The words that carry meaning, by their beginnings."""
    return stems_of(sentence.text, cues.stopwords)


def stems_of(text: str, stopwords: frozenset[str]) -> Counter[str]:
    """The same of any text."""
    return Counter(
        word[:STEM_LETTERS] for word in _WORD.findall(plain(text)) if word not in stopwords and len(word) > 1
    )


def _wanted(words: int) -> int:
    return min(MOST, 3 + max(0, int(math.log2(max(1, words) / WORDS_FOR_THREE))))


def _may_be_one(talk: Talk, place: int) -> bool:
    sentence, cues = talk[place], talk.cues(place)
    return (
        sentence.words >= FEWEST_WORDS
        and not sentence.asks
        and cues.question.search(sentence.plain) is None
        and cues.small_talk.search(sentence.plain) is None
        and cues.takes.match(sentence.plain) is None  # of something else, which is told
        and not sentence.is_doubtful
    )


def _worth(talk: Talk, place: int, central: float, topic: Counter[str]) -> float:
    """How much a sentence tells of the meeting; about 0 to 2."""
    sentence, cues = talk[place], talk.cues(place)
    text, words = sentence.plain, sentence.words
    own = stems(sentence, cues)
    value = 0.8 * central
    value += 0.5 * min(1.0, len(cues.figures.findall(text)) / 2)
    value += 0.3 * min(1.0, len(cues.telling.findall(text)) / 2)
    value += 0.2 * min(1.0, sum(1 for stem in own if stem in topic))
    fewest, most = GOOD_WORDS
    value += 0.3 * (cues.proposed.search(text) is not None)
    value *= min(1.0, words / fewest) * min(1.0, most / words)
    value *= min(1.0, len(own) / 4)
    if cues.leaning.match(text):
        value *= LEANING
    return value * min(1.0, max(0.2, sentence.least / SURE))


def _chosen(worth: dict[int, float], bags: _Bags, told: Sequence[int], count: int) -> list[int]:
    """By worth less likeness to what is chosen or told already."""
    chosen: list[int] = []
    likeness = {place: max((bags.likeness(place, other) for other in told), default=0.0) for place in worth}
    while worth and len(chosen) < count:
        best = max(worth, key=lambda place: (worth[place] * (1.0 - likeness[place]), -place))
        if worth.pop(best) * (1.0 - likeness[best]) <= 0.0:
            break
        chosen.append(best)
        for place in worth:
            likeness[place] = max(likeness[place], bags.likeness(place, best))
    return chosen


class _Bags:
    """Sentences as bags of stems with tf-idf weights, each of length one."""

    def __init__(self, bags: Sequence[Counter[str]]) -> None:
        spread = Counter(chain.from_iterable(bags))
        common = {stem: math.log(1.0 + len(bags) / (1.0 + count)) for stem, count in spread.items()}
        self._weights = [_normed({stem: (1.0 + math.log(n)) * common[stem] for stem, n in bag.items()}) for bag in bags]

    def likeness(self, one: int, other: int) -> float:
        """The cosine of two sentences, from 0 to 1."""
        a, b = self._weights[one], self._weights[other]
        a, b = (a, b) if len(a) <= len(b) else (b, a)
        return sum(weight * b[stem] for stem, weight in a.items() if stem in b)

    def centrality(self) -> NDArray[np.float64]:
        """LexRank of each sentence, as a part of the highest; the matrix of likenesses is never written out."""
        number = {stem: n for n, stem in enumerate(dict.fromkeys(chain.from_iterable(self._weights)))}
        rows = np.array([row for row, bag in enumerate(self._weights) for _ in bag], np.intp)
        columns = np.array([number[stem] for bag in self._weights for stem in bag], np.intp)
        weights = np.array([weight for bag in self._weights for weight in bag.values()], np.float64)
        count = len(self._weights)
        if not len(rows):
            return np.zeros(count)

        def likeness_times(vector: NDArray[np.float64]) -> NDArray[np.float64]:
            by_stem = np.bincount(columns, weights * vector[rows], len(number))
            summed: NDArray[np.float64] = np.bincount(rows, weights * by_stem[columns], count).astype(np.float64)
            return summed

        degree = np.maximum(likeness_times(np.ones(count)), 1e-9)
        rank = np.full(count, 1.0 / count)
        for _ in range(ROUNDS):
            rank = (1.0 - DAMPING) / count + DAMPING * likeness_times(rank / degree)
        relative: NDArray[np.float64] = rank / rank.max()
        return relative


def _normed(weights: dict[str, float]) -> dict[str, float]:
    length = math.sqrt(sum(weight * weight for weight in weights.values()))
    return {stem: weight / length for stem, weight in weights.items()} if length else {}
