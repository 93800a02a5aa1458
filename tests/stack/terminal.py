"""What the demo and the stack show on a terminal: progress, and a room as its members see it."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
import time
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.evaluation.meetings import Segment
    from tests.stack.room_view import RoomView, SeenEvent

_WIDEST = 110
_BOLD, _DIM, _PLAIN = "\x1b[1m", "\x1b[2m", "\x1b[0m"


class Terminal:
    """Writes for people; bold and grey only where the output is a terminal (and NO_COLOR is not set)."""

    def __init__(self, out: TextIO = sys.stdout) -> None:
        self._out = out
        self._styled = out.isatty() and not os.environ.get("NO_COLOR")
        self._width = min(shutil.get_terminal_size((_WIDEST, 24)).columns, _WIDEST)
        self._began = time.monotonic()

    def line(self, text: str = "") -> None:
        """One line, shown at once."""
        print(text, file=self._out, flush=True)

    def bold(self, text: str) -> str:
        """The text, to stand out."""
        return f"{_BOLD}{text}{_PLAIN}" if self._styled else text

    def grey(self, text: str) -> str:
        """The text, to stand back."""
        return f"{_DIM}{text}{_PLAIN}" if self._styled else text

    def happened(self, what: str) -> None:
        """One line of progress, with the time since the beginning."""
        self.line(f"{self.grey(f'{time.monotonic() - self._began:5.0f} s')}  {what}")

    def speaks(self, segment: Segment) -> None:
        """Who speaks now, at which time of the meeting, and what is about to be said."""
        start = f"{int(segment.start) // 60:02d}:{int(segment.start) % 60:02d}"
        said = textwrap.shorten(segment.text, max(20, self._width - 32), placeholder=" …")
        self.happened(f"  {start} {self.bold(segment.speaker)}: {self.grey(said)}")

    def room(self, room: RoomView, title: str, names: Mapping[str, str], sizes: Mapping[str, int]) -> None:
        """A room: its messages, each thread indented under the message that it belongs to.

        Args:
            room: What one of its members has seen.
            title: The line above it.
            names: What to call each user id.
            sizes: How many bytes each downloaded attachment has, by the event that carries it.
        """
        self.line(f"\n┌─ {self.bold(title)} " + "─" * max(0, self._width - len(title) - 4))
        for message in room.messages:
            if message.thread_root is None:
                self._message(message, names, sizes, "│ ")
                for answer in room.thread(message.event_id):
                    self._message(answer, names, sizes, "│    ┊ ")
        self.line("└" + "─" * (self._width - 1))

    def _message(self, message: SeenEvent, names: Mapping[str, str], sizes: Mapping[str, int], margin: str) -> None:
        name = names.get(message.sender, message.sender)
        edited = self.grey(f" (edited {message.edits} ×)") if message.edits else ""
        self.line(f"{margin}{self.bold(name)}{edited}")
        if message.content.get("msgtype") == "m.file":
            size = sizes.get(message.event_id)
            body = f"[file] {message.body}" + (f" ({size / 1000:.1f} kB)" if size else "")
        else:
            body = message.body
        for paragraph in body.splitlines() or [""]:
            wrapped = textwrap.wrap(paragraph, self._width - len(margin) - 2, break_long_words=False) or [""]
            for line in wrapped:
                self.line(f"{margin}  {line}")
        self.line(margin.rstrip())
