"""Whether what a claim says agrees with what was said, as far as plain rules can tell. Where it does not, it is quoted.

A claim's quote is verified; its text was written by a model. So each number, date and name in the text must be said in
the turn or close to it (or be the name of who speaks there), the text may not say no where the quote says yes or yes
where it says no, and half of its words must be such as are said there. Otherwise the quote, in quotation marks, takes
the text's place: the claim then says what somebody said, and nothing else. So it does, as a mere key point, where the
turn gives orders to a model. Not caught: a contradiction in other words than these ("refused" for
"accepted"); the quote and its time stand in the minutes for that.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from transcripts.minutes.answers import LONGEST_TEXT, clean
from transcripts.minutes.orders import gives_orders
from transcripts.minutes.spoken_numbers import numbers
from transcripts.rendering.typography import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from transcripts.assembling.turns import Turn
    from transcripts.minutes.claims import Claim

NEARBY_TURNS: Final = 2
"""An answer rests on its question: `en juin ?` — `oui`."""
SHARED_WORDS: Final = 0.5
STEM_LETTERS: Final = 5
"""Words that begin alike are taken for forms of one: `validera`, `validation`."""
CONTENT_LETTERS: Final = 4
"""Shorter words say little of what is talked about."""

_WEEKDAYS: Final = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
_MONTHS: Final = ("janvier", "fevrier", "mars", "avril", "mai", "juin", "juillet", "aout", "septembre", "octobre")
_DAYS: Final = ("demain", "hier", "aujourd", "tomorrow", "yesterday", "today", "tonight")
_DATES: Final = frozenset((*_WEEKDAYS, *_MONTHS, "novembre", "decembre", *_DAYS))
"""English days and months have a capital, and count as names."""
_NO_IN_FRENCH: Final = ("ne", "n", "pas", "jamais", "aucun", "aucune", "rien", "sans", "non")
_NO_IN_ENGLISH: Final = ("not", "never", "none", "nobody", "nothing", "without", "cannot", "no")
_NO: Final = frozenset((*_NO_IN_FRENCH, *_NO_IN_ENGLISH))
_CONTRACTED_NO: Final = re.compile(r"n['’]t\b", re.IGNORECASE)
_WORD: Final = re.compile(r"[^\W\d_]+")
_SENTENCE: Final = re.compile(r"[.!?…:]\s*$")


@dataclass(frozen=True, slots=True)
class _Said:
    """What is said around a turn."""

    words: frozenset[str]
    stems: frozenset[str]
    numbers: frozenset[int]

    @staticmethod
    def near(turns: Sequence[Turn], index: int) -> _Said:
        near = turns[max(0, index - NEARBY_TURNS) : index + NEARBY_TURNS + 1]
        text = " ".join(f"{turn.speaker} {turn.text}" for turn in near)
        words = frozenset(_plain_words(text))
        return _Said(words, frozenset(word[:STEM_LETTERS] for word in words), frozenset(numbers(text)))


def faithful(claims: Iterable[Claim], turns: Sequence[Turn], language: str) -> tuple[Claim, ...]:
    """The claims, each with its text or, where that cannot be vouched for, with its quote; nothing is said twice.

    Args:
        claims: Verified ones: their quotes stand in their turns.
        turns: The transcript's.
        language: Of the minutes (their quotation marks).
    """
    held: dict[str, Claim] = {}
    for claim in claims:
        turn = turns[claim.turn]
        if gives_orders(turn.text):
            one = replace(claim, kind="key_point", text=_quoted(claim.quote, language), who=None, due=None)
        elif _agrees(claim, _Said.near(turns, claim.turn)):
            one = claim
        else:
            one = replace(claim, text=_quoted(claim.quote, language))
        held.setdefault("".join(filter(str.isalnum, one.text.casefold())), one)
    return tuple(held.values())


def _agrees(claim: Claim, said: _Said) -> bool:
    return (
        numbers(claim.text) - {1} <= said.numbers  # `une`, `one` count nothing
        and _names_and_dates(claim.text) <= said.words | set(_plain_words(claim.who or ""))
        and _says_no(claim.text) == _says_no(claim.quote)
        and _share_said(claim.text, said) >= SHARED_WORDS
    )


def _names_and_dates(text: str) -> set[str]:
    """Words that must not be made up: dates, and what has a capital within a sentence or in its midst."""
    found: set[str] = set()
    for word in _WORD.finditer(text):
        before = text[: word.start()].rstrip(" «“\"'(’")
        begins = not before or _SENTENCE.search(before) is not None
        plain = _plain_words(word[0])
        if (word[0][0].isupper() and not begins and len(word[0]) > 1) or word[0][1:] != word[0][1:].lower():
            found.update(plain)
        found.update(_DATES.intersection(plain))
    return found


def _says_no(text: str) -> bool:
    return bool(_NO.intersection(_plain_words(text))) or _CONTRACTED_NO.search(text) is not None


def _share_said(text: str, said: _Said) -> float:
    words = [word for word in _plain_words(text) if len(word) >= CONTENT_LETTERS]
    return sum(word[:STEM_LETTERS] in said.stems for word in words) / len(words) if words else 1.0


def _plain_words(text: str) -> list[str]:
    return ["".join(c for c in unicodedata.normalize("NFKD", w) if c.isalpha()) for w in _WORD.findall(text.casefold())]


def _quoted(quote: str, language: str) -> str:
    return quoted(clean(quote, LONGEST_TEXT - 4), language)
