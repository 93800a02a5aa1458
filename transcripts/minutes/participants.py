"""Participants as they are spoken of: by first name, called upon (“Marc, could you …”) or named (“Marc sends …”)."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple

from transcripts.minutes.sentences import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_NAME: Final = re.compile(r"[^\W\d_]{2,}(?:[-'’][^\W\d_]+)*")


class Named(NamedTuple):
    """A name in a text, from a place up to another, and whose it is."""

    speaker: str
    start: int
    end: int


class Participants:
    """Those who were there; a first name that two of them have is nobody's."""

    def __init__(self, speakers: Iterable[str]) -> None:
        firsts = {speaker: found[0] for speaker in dict.fromkeys(speakers) if (found := _NAME.search(speaker))}
        shared = Counter(plain(name) for name in firsts.values())
        self._speaker_of = {plain(name): speaker for speaker, name in firsts.items() if shared[plain(name)] == 1}
        names = "|".join(re.escape(name) for name in sorted(self._speaker_of, key=len, reverse=True))
        self._pattern = re.compile(rf"(?<![\w'-])(?:{names})(?![\w-])") if names else re.compile(r"(?!)")

    def named(self, text: str) -> Iterator[Named]:
        """Every participant whose name, with its capital, stands in the text."""
        for found in self._pattern.finditer(plain(text)):
            if text[found.start()].isupper():
                yield Named(self._speaker_of[found[0]], found.start(), found.end())

    def called(self, text: str, speaker: str) -> str | None:
        """The one who is called upon: a name set off by commas, or at the beginning or the end; not the speaker's."""
        for name in self.named(text):
            before, after = text[: name.start].rstrip(), text[name.end :].lstrip()
            opens = not before or before.endswith((",", ".", "!", "?")) or _is_opener(before)
            closes = not after.strip("?!. ") or after.startswith((",", "?", "!", "."))
            if name.speaker != speaker and opens and closes:
                return name.speaker
            if name.speaker != speaker and (before.endswith(",") and not after.strip("?!. ")):
                return name.speaker
        return None


def _is_opener(before: str) -> bool:
    """Whether only a word or two stand before: `Merci Marc,`, `So David,`."""
    return len(before.split()) <= 2  # noqa: PLR2004
