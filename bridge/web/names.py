"""The name that someone gives at the door: what is accepted, and in which form it is kept."""

from __future__ import annotations

import unicodedata

MAX_CHARACTERS = 64

_JOINERS = "\u200c\u200d"
"""Zero-width joiners: part of correct spelling in Persian or Hindi, and of many emoji."""
_BLANK_LETTERS = "\u115f\u1160\u2800\u3164\uffa0"
"""Letters and symbols by category that show nothing: a name made of them would be no name."""


class BadName(ValueError):
    """The name cannot be used; the message says why, without repeating it."""


def clean_name(given: object) -> str:
    """The name as others will see it: NFC, without spaces around it and with single spaces inside.

    Raises `BadName` for anything that is not text of 1 to 64 characters, and for control characters, line breaks,
    bidirectional overrides, other invisible characters and lone surrogates: they forge other people's names.
    """
    if not isinstance(given, str):
        raise BadName("name: expected a text")
    name = unicodedata.normalize("NFC", given).strip()
    if len(name) > MAX_CHARACTERS:
        raise BadName(f"name: expected at most {MAX_CHARACTERS} characters, found {len(name)}")
    if any(_is_forbidden(character) for character in name):
        raise BadName("name: control, formatting and line-breaking characters are not allowed")
    if not any(_is_visible(character) for character in name):
        raise BadName("name: expected at least one visible character")
    return " ".join(name.split())


def _is_forbidden(character: str) -> bool:
    if character in _JOINERS:
        return False
    return unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


def _is_visible(character: str) -> bool:
    return unicodedata.category(character)[0] in "LNPS" and character not in _BLANK_LETTERS
