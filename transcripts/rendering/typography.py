"""Typography of what people read: French spacing and apostrophes, times and durations. Never applied before scoring."""

from __future__ import annotations

import re
from typing import Final

NO_BREAK: Final = "\u00a0"
NARROW_NO_BREAK: Final = "\u202f"

_FRENCH: Final = (
    (re.compile(r"(?<=\w)'(?=[\w«])"), "’"),
    (re.compile(r"\s*([?!;]+)(?=\s|$|[»\"')])"), NARROW_NO_BREAK + r"\1"),
    (re.compile(r"\s*:(?=\s|$)"), NO_BREAK + ":"),
    (re.compile(r"«\s*"), "«" + NO_BREAK),
    (re.compile(r"\s*»"), NO_BREAK + "»"),
    (re.compile(r"(?<=\d)\s*([%€])"), NO_BREAK + r"\1"),
    (re.compile(r"(?<=\d) (?=\d{3}(?!\d))"), NARROW_NO_BREAK),
)


_BREAKS: Final = re.compile(r"[ \t\n\v\f\r\x1c-\x1f\x85\u2028\u2029]+")


def one_line(text: str) -> str:
    """A text without line breaks and runs of blanks; spaces that do not break are kept."""
    return _BREAKS.sub(" ", text).strip()


def set_text(text: str, language: str) -> str:
    """A text on one line as its language sets it."""
    line = " ".join(text.split())
    if language == "fr":
        for pattern, replacement in _FRENCH:
            line = pattern.sub(replacement, line)
    return line


def quoted(text: str, language: str) -> str:
    """A text in the quotation marks of a language."""
    return f"«{NO_BREAK}{text}{NO_BREAK}»" if language == "fr" else f"“{text}”"


def colon(language: str) -> str:
    """What stands between a label and its text."""
    return f"{NO_BREAK}: " if language == "fr" else ": "


def time_stamp(seconds: float) -> str:
    """A time of the meeting as `mm:ss`, from one hour on as `h:mm:ss`, cut to the second."""
    whole = max(0, int(seconds))
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes:02}:{rest:02}"


def duration(seconds: float) -> str:
    """How long something lasted, as in `1 h 02 min` or `2 min 05 s`; the same in French and English."""
    whole = max(0, round(seconds))
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    if hours:
        return f"{hours}{NO_BREAK}h{NO_BREAK}{minutes:02}{NO_BREAK}min"
    if minutes:
        return f"{minutes}{NO_BREAK}min{NO_BREAK}{rest:02}{NO_BREAK}s"
    return f"{rest}{NO_BREAK}s"
