"""The transcript in the room's messages: turns and gaps as plain text and as HTML, and the sentences around them."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from transcripts.assembling.folding import folded
from transcripts.assembling.gaps import Gap
from transcripts.rendering.accompanied import halves, pieces, who
from transcripts.rendering.file_wording import failures, interruption, title
from transcripts.rendering.typography import NO_BREAK, colon, time_stamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from transcripts.assembling.folding import Accompanied
    from transcripts.assembling.transcript import Transcript

__all__ = ["Paragraph", "failures", "gap_html", "gap_text", "paragraphs", "title", "turn_html", "turn_text"]

Paragraph = tuple[str, str]
"""A line of plain text, and the same as HTML."""


def paragraphs(
    transcript: Transcript, language: str, fits: Callable[[Paragraph], bool] = lambda _: True
) -> Iterator[Paragraph]:
    """What failed, then the turns and gaps in order; a turn that does not fit comes as its halves, or theirs."""
    for sentence in failures(transcript, language):
        yield sentence, f"<p>{escape(sentence)}</p>"
    for passage in folded(transcript.passages):
        if isinstance(passage, Gap):
            yield gap_text(passage, language), gap_html(passage, language)
        else:
            yield from _fitting(passage, language, fits)


def turn_text(read: Accompanied, language: str) -> str:
    """A turn on one line of plain text: `[00:03] Claire : Bonjour à tous. (Marc : « Bonjour. ») On commence.`."""
    said = " ".join(piece.text for piece in pieces(read, language))
    return f"[{time_stamp(read.turn.start_s)}] {who(read.turn, language)}{colon(language)}{said}"


def turn_html(read: Accompanied, language: str) -> str:
    """The same turn as a paragraph of the HTML that Matrix clients show; names and words cannot be markup."""
    said = " ".join(
        f"<em>{escape(piece.text)}</em>" if piece.aside else escape(piece.text) for piece in pieces(read, language)
    )
    stamp = time_stamp(read.turn.start_s)
    return f"<p><strong>{escape(who(read.turn, language))}</strong> <code>{stamp}</code><br>{said}</p>"


def gap_text(gap: Gap, language: str) -> str:
    """A gap on one line, told from a turn by its dashes: `[00:12] — L’enregistrement s’est interrompu … —`."""
    return f"[{time_stamp(gap.start_s)}] —{NO_BREAK}{interruption(gap, language)}{NO_BREAK}—"


def gap_html(gap: Gap, language: str) -> str:
    """The same gap as a paragraph of HTML."""
    return f"<p><code>{time_stamp(gap.start_s)}</code> <em>—{NO_BREAK}{interruption(gap, language)}{NO_BREAK}—</em></p>"


def _fitting(read: Accompanied, language: str, fits: Callable[[Paragraph], bool]) -> Iterator[Paragraph]:
    paragraph = (turn_text(read, language), turn_html(read, language))
    if fits(paragraph) or (len(read.turn.words) == 1 and not read.listeners):
        yield paragraph
        return
    for half in halves(read):
        yield from _fitting(half, language, fits)
