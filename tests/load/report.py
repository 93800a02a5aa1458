"""The figures as tables: in the terminal, and in the section of a document that is marked for them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import fill
from typing import Final

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


def written(document: str, name: str, text: str, *, parts: Sequence[str]) -> str:
    """The document with the part `name` of its load section replaced, the other `parts`, in this order, as they were.

    Raises:
        ValueError: the document has no load section.
    """
    section = _SECTION.search(document)
    if section is None:
        raise ValueError("there is no line <!-- load --> with a line <!-- /load --> after it")
    texts = dict(_PART.findall(section[0])) | {name: text}
    body = "\n\n".join(f"<!-- load {part} -->\n{texts[part]}\n<!-- /load {part} -->" for part in parts if part in texts)
    return f"{document[: section.start()]}\n{body}\n\n{document[section.end() :]}"
