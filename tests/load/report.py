"""The figures as tables: in the terminal, and in the section `Load` of docs/reliability.md."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import fill
from typing import Final

DOCUMENT: Final = Path(__file__).parents[2] / "docs" / "reliability.md"
PARTS: Final = ("events", "sound", "meetings")
LINE_CHARACTERS: Final = 120
_SECTION: Final = re.compile(r"(?<=<!-- load -->\n).*?(?=<!-- /load -->)", re.DOTALL)
_PART: Final = re.compile(r"<!-- load (\w+) -->\n(.*?)\n<!-- /load \1 -->", re.DOTALL)


@dataclass(frozen=True)
class Table:
    """A table with a sentence or two above it."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""

    def __str__(self) -> str:
        """As Markdown."""
        lines = [self.columns, tuple("---" if n == 0 else "---:" for n in range(len(self.columns))), *self.rows]
        rows = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        note = fill(self.note, LINE_CHARACTERS, break_long_words=False, break_on_hyphens=False)
        return "\n\n".join(part for part in (f"**{self.title}**", note, rows) if part)


def markdown(tables: Sequence[Table]) -> str:
    """All of a program's tables."""
    return "\n\n".join(map(str, tables))


def written(document: str, name: str, text: str) -> str:
    """The document with the part `name` of its load section replaced, the other parts as they were.

    Raises:
        ValueError: the document has no load section.
    """
    section = _SECTION.search(document)
    if section is None:
        raise ValueError("there is no line <!-- load --> with a line <!-- /load --> after it")
    parts = dict(_PART.findall(section[0])) | {name: text}
    body = "\n\n".join(f"<!-- load {part} -->\n{parts[part]}\n<!-- /load {part} -->" for part in PARTS if part in parts)
    return f"{document[: section.start()]}\n{body}\n\n{document[section.end() :]}"
