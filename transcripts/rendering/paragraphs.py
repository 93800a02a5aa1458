"""The transcript in the room's messages: turns and gaps as plain text and as HTML, and the sentences around them."""

from __future__ import annotations

from dataclasses import replace
from html import escape
from typing import TYPE_CHECKING

from transcripts.assembling.gaps import Gap
from transcripts.rendering.file_wording import failures, interruption, title
from transcripts.rendering.typography import NO_BREAK, colon, set_text, time_stamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from transcripts.assembling.transcript import Transcript
    from transcripts.assembling.turns import Turn

__all__ = ["Paragraph", "failures", "gap_html", "gap_text", "paragraphs", "title", "turn_html", "turn_text"]

Paragraph = tuple[str, str]
"""A line of plain text, and the same as HTML."""


def paragraphs(
    transcript: Transcript, language: str, fits: Callable[[Paragraph], bool] = lambda _: True
) -> Iterator[Paragraph]:
    """What failed, then the turns and gaps in order; a turn that does not fit comes as its halves, or theirs."""
    for sentence in failures(transcript, language):
        yield sentence, f"<p>{escape(sentence)}</p>"
    for passage in transcript.passages:
        if isinstance(passage, Gap):
            yield gap_text(passage, language), gap_html(passage, language)
        else:
            yield from _fitting(passage, fits)


def turn_text(turn: Turn) -> str:
    """A turn on one line of plain text: `[00:03] Claire : Bonjour à tous.`."""
    return f"[{time_stamp(turn.start_s)}] {turn.speaker}{colon(turn.language)}{set_text(turn.text, turn.language)}"


def turn_html(turn: Turn) -> str:
    """The same turn as a paragraph of the HTML that Matrix clients show; names and words cannot be markup."""
    said = escape(set_text(turn.text, turn.language))
    return f"<p><strong>{escape(turn.speaker)}</strong> <code>{time_stamp(turn.start_s)}</code><br>{said}</p>"


def gap_text(gap: Gap, language: str) -> str:
    """A gap on one line, told from a turn by its dashes: `[00:12] — L’enregistrement s’est interrompu … —`."""
    return f"[{time_stamp(gap.start_s)}] —{NO_BREAK}{interruption(gap, language)}{NO_BREAK}—"


def gap_html(gap: Gap, language: str) -> str:
    """The same gap as a paragraph of HTML."""
    return f"<p><code>{time_stamp(gap.start_s)}</code> <em>—{NO_BREAK}{interruption(gap, language)}{NO_BREAK}—</em></p>"


def _fitting(turn: Turn, fits: Callable[[Paragraph], bool]) -> Iterator[Paragraph]:
    paragraph = (turn_text(turn), turn_html(turn))
    if len(turn.words) == 1 or fits(paragraph):
        yield paragraph
        return
    middle = len(turn.words) // 2
    yield from _fitting(replace(turn, words=turn.words[:middle]), fits)
    yield from _fitting(replace(turn, words=turn.words[middle:]), fits)
