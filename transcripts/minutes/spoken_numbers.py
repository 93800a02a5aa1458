"""The numbers in a text, whether in digits or in words, in French and English: `vingt-trois mars` holds a 23."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_WORDS: Final = {
    "fr": "zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize",
    "en": "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen",
}
_VALUES: Final = (
    {word: value for words in _WORDS.values() for value, word in enumerate(words.split())}
    | {"une": 1, "vingt": 20, "vingts": 20, "trente": 30, "quarante": 40, "cinquante": 50, "soixante": 60}
    | {"septante": 70, "huitante": 80, "octante": 80, "nonante": 90}
    | {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90}
    | {"cent": 100, "cents": 100, "hundred": 100, "mille": 1000, "thousand": 1000}
)
_JOINING: Final = {"et", "and"}
_TOKEN: Final = re.compile(r"\d+|[^\W\d_]+")
_GROUPED: Final = re.compile(r"(?<=\d)[ \u00a0\u202f.,](?=\d{3}(?!\d))")


def numbers(text: str) -> set[int]:
    """Every number; one in words as a whole and not its parts. A decimal is its two halves."""
    found: set[int] = set()
    run: list[int] = []
    tokens = _TOKEN.findall(_GROUPED.sub("", text.casefold()))
    for token, following in pairwise([*tokens, ""]):
        if token in _VALUES:
            run.append(_VALUES[token])
        elif not (token in _JOINING and run and following in _VALUES):
            found.update(_values(run))
            run = []
            if token.isdecimal():
                found.add(int(token[:18]))
    return found | set(_values(run))


def _values(run: list[int]) -> Iterator[int]:
    """`cent vingt et un` is one number, `deux trois` are two, `quatre-vingt-dix` is 90."""
    total = current = 0
    last: int | None = None
    for value in run:
        if value == 1000:  # noqa: PLR2004
            total, current = total + max(1, current) * 1000, 0
        elif value == 100:  # noqa: PLR2004
            current = max(1, current) * 100
        elif value == 20 and last == 4:  # noqa: PLR2004 - quatre-vingts
            current += 76
        elif last is None or last in (100, 1000) or _goes_on(last, value, current):
            current += value
        else:
            yield total + current
            total, current = 0, value
        last = value
    if last is not None:
        yield total + current


def _goes_on(last: int, value: int, current: int) -> bool:
    """After tens come ones; after `soixante` and `quatre-vingt` ten to nineteen may; after `dix` seven to nine may."""
    if last in (60, 20) and current % 100 in (60, 80):
        return value < 20  # noqa: PLR2004
    if last == 10:  # noqa: PLR2004
        return value in (7, 8, 9)
    return last >= 20 and value < 10  # noqa: PLR2004
