"""A spoken sentence as minutes write it: without fillers, false starts and openers, from a capital to a full stop."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from transcripts.minutes.sentences import plain

if TYPE_CHECKING:
    from transcripts.minutes.cues import Cues

_TAIL: Final = re.compile(r"[\s,;:–—….-]+$")
_MARK: Final = re.compile(r"\s*([?!])[\s?!.]*$")
_BROKEN_OFF: Final = re.compile(r"(?:…|\.\.\.)\W*$")
_MOST_OPENERS: Final = 4


def cleaned(text: str, cues: Cues, *, as_statement: bool = False) -> str:
    """One sentence to be read; the words that carry it are all there, in order.

    Args:
        text: The sentence as it was recognised.
        cues: Those of its language.
        as_statement: A question that was answered with yes is written as what was agreed to.
    """
    text = _without(cues.fillers, " ".join(text.split()))
    text = _without_stammer(text, cues.stutters)
    for _ in range(_MOST_OPENERS):
        opener = cues.openers.match(plain(text))
        if opener is None or len(text[opener.end() :].split()) < 2:  # noqa: PLR2004 (a word alone is no sentence)
            break
        text = text[opener.end() :].lstrip(" ,.;:!?…-")
    if as_statement:
        text = _without_tag(text, cues)
    mark = _MARK.search(text)
    broken_off = _BROKEN_OFF.search(text) is not None
    text = _TAIL.sub("", text[: mark.start()] if mark else text)
    broken_off = broken_off or (mark is None and plain(text).rpartition(" ")[2] in cues.unfinished)
    end = "…" if broken_off else "." if mark is None or as_statement else mark[1]
    return f"{text[:1].upper()}{text[1:]}{end}" if text else ""


def _without_tag(text: str, cues: Cues) -> str:
    """A proposal without the question whether all agree to it."""
    bare = text.rstrip(" ?!.…")
    tag = cues.tag.search(plain(bare))
    return bare[: tag.start()] if tag and len(bare[: tag.start()].split()) > 2 else text  # noqa: PLR2004


def _without(fillers: re.Pattern[str], text: str) -> str:
    for found in reversed(list(fillers.finditer(plain(text)))):
        text = f"{text[: found.start()]}{text[found.end() :]}" if _ends_open(text, found) else _spaced(text, found)
    return " ".join(text.split())


def _ends_open(text: str, found: re.Match[str]) -> bool:
    return found.end() >= len(text) or text[found.end() : found.end() + 1] in ".!?…"


def _spaced(text: str, found: re.Match[str]) -> str:
    return f"{text[: found.start()]} {text[found.end() :]}"


def _without_stammer(text: str, stutters: frozenset[str]) -> str:
    """Small words that are said twice, once: `je, je vais`, `the the`, `je vais je vais`."""
    words: list[str] = []
    for word in text.split():
        bare = _bare(word)
        if words and bare == _bare(words[-1]) and bare in stutters:
            words[-1] = word
        elif _says_two_again(words, bare, stutters):
            words[-2:] = [word]
        else:
            words.append(word)
    return " ".join(words)


def _says_two_again(words: list[str], bare: str, stutters: frozenset[str]) -> bool:
    """Whether the word completes a repetition of the two before: `je vais, je` and now `vais`."""
    return (
        len(words) >= 3  # noqa: PLR2004
        and _bare(words[-3]) == _bare(words[-1])
        and _bare(words[-2]) == bare
        and _bare(words[-1]) in stutters
    )


def _bare(word: str) -> str:
    return plain(word).strip(".,;:!?…-–—")
