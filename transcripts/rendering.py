"""The transcript in the room's messages: turns as plain text and as HTML, and the sentences around them."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from transcripts.file_wording import failures, title
from transcripts.typography import colon, set_text, time_stamp

if TYPE_CHECKING:
    from transcripts.turns import Turn

__all__ = ["failures", "title", "turn_html", "turn_text"]


def turn_text(turn: Turn) -> str:
    """A turn on one line of plain text: `[00:03] Claire : Bonjour à tous.`."""
    return f"[{time_stamp(turn.start_s)}] {turn.speaker}{colon(turn.language)}{set_text(turn.text, turn.language)}"


def turn_html(turn: Turn) -> str:
    """The same turn as a paragraph of the HTML that Matrix clients show; names and words cannot be markup."""
    said = escape(set_text(turn.text, turn.language))
    return f"<p><strong>{escape(turn.speaker)}</strong> <code>{time_stamp(turn.start_s)}</code><br>{said}</p>"
