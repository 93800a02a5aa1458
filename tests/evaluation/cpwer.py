"""Concatenated minimum-permutation word error rate: who said what, in one figure.

Each speaker's words are put end to end on both sides; hypothesis speakers are matched to reference speakers so that
the word errors are fewest (CHiME-6, Watanabe et al. 2020). Missing and extra speakers cost all of their words.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from rapidfuzz.distance import Levenshtein
from scipy.optimize import linear_sum_assignment

from tests.evaluation.normalisation import words

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class CpWer:
    """Word errors of the best assignment; `assignment` maps reference speakers to hypothesis speakers, or None."""

    errors: int
    reference_words: int
    assignment: Mapping[str, str | None]

    @property
    def rate(self) -> float:
        """Errors per reference word; nothing said and nothing heard is 0, invention on silence is infinite."""
        if self.reference_words:
            return self.errors / self.reference_words
        return float("inf") if self.errors else 0.0


def cpwer(reference: Mapping[str, str], hypothesis: Mapping[str, str], language: str) -> CpWer:
    """Compare two meetings, each a mapping from speaker to everything that they said, in order."""
    expected = {speaker: words(text, language) for speaker, text in reference.items()}
    heard = {speaker: words(text, language) for speaker, text in hypothesis.items()}
    size = max(len(expected), len(heard))
    rows: list[list[str]] = [*expected.values(), *[[] for _ in range(size - len(expected))]]
    columns: list[list[str]] = [*heard.values(), *[[] for _ in range(size - len(heard))]]
    costs = np.array([[Levenshtein.distance(row, column) for column in columns] for row in rows], int).reshape(
        size, size
    )
    chosen_rows, chosen_columns = linear_sum_assignment(costs)
    names: list[str | None] = [*heard, *[None] * (size - len(heard))]
    matched = [names[column] for column in chosen_columns]
    return CpWer(
        errors=int(costs[chosen_rows, chosen_columns].sum()),
        reference_words=sum(map(len, expected.values())),
        assignment=dict(zip(expected, matched, strict=False)),
    )
