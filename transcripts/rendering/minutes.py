"""Minutes as people read them: sections of claims, as plain text, as HTML for the room and as Markdown for the file."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from itertools import groupby
from typing import TYPE_CHECKING, Final

from transcripts.minutes.claims import KINDS
from transcripts.minutes.quotes import stands_in
from transcripts.minutes.talk import CUES
from transcripts.rendering.minutes_wording import minutes_wording
from transcripts.rendering.typography import colon, quoted, set_text, time_stamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from transcripts.assembling.transcript import Transcript
    from transcripts.minutes.claims import Claim
    from transcripts.rendering.paragraphs import Paragraph

LONGEST_QUOTE: Final = 160
"""Characters of a quote beside a text that says it in other words; the transcript has all of it."""
SHORT_TEXT: Final = 100
"""Characters of a claim that would not fit a message otherwise."""


@dataclass(frozen=True, slots=True)
class Item:
    """A claim as it is read; each part is set in the language that it was said or written in."""

    stamp: str
    speaker: str
    text: str
    details: tuple[str, ...]
    """Who and by when, each with its label."""
    quote: str | None
    """The words that it rests on, in quotation marks, where the text says it in others."""
    separator: str


def sections(transcript: Transcript, language: str) -> Iterator[tuple[str, list[Item]]]:
    """The sections that there are, each with its heading in the reader's language."""
    words = minutes_wording(language)
    claims = transcript.minutes.claims if transcript.minutes else ()
    for kind in KINDS:
        items = [_item(claim, transcript, language) for claim in claims if claim.kind == kind]
        if items:
            yield words.sections[kind], items


def remarks(transcript: Transcript, language: str) -> tuple[str, ...]:
    """What is to be said before the sections: that a model was not to be had, that there is nothing to say."""
    minutes, words = transcript.minutes, minutes_wording(language)
    if minutes is None:
        return ()
    said = (words.fallback,) if minutes.fallback else ()
    if minutes.claims:
        return said
    unknown = minutes.writer == "rules" and not any(turn.language in CUES for turn in transcript.turns)
    return (*said, words.unknown_language if unknown and transcript.turns else words.nothing)


def minutes_paragraphs(
    transcript: Transcript, language: str, fits: Callable[[Paragraph], bool] = lambda _: True
) -> Iterator[Paragraph]:
    """The minutes line by line; an item that does not fit goes without its quote, or is cut short."""
    for sentence in remarks(transcript, language):
        yield sentence, f"<p>{escape(sentence)}</p>"
    for heading, items in sections(transcript, language):
        yield heading, f"<h4>{escape(heading)}</h4>"
        for item in items:
            ways = (_paragraph(item), _paragraph(item, quoted=False), _paragraph(item, quoted=False, most=SHORT_TEXT))
            yield next((way for way in ways if fits(way)), ways[-1])


def is_heading(paragraph: Paragraph) -> bool:
    """Whether a paragraph of the minutes is the heading of a section."""
    return paragraph[1].startswith("<h4>")


def joined_html(paragraphs: Iterable[Paragraph]) -> str:
    """The HTML of paragraphs in a row; items that follow each other are one list."""
    html = ""
    for is_item, group in groupby((html for _, html in paragraphs), key=lambda html: html.startswith("<li>")):
        together = "".join(group)
        html += f"<ul>{together}</ul>" if is_item else together
    return html


def minutes_markdown(transcript: Transcript, language: str, escape_text: Callable[[str], str]) -> list[str]:
    """The lines of a Markdown file that hold the minutes; `escape_text` makes text of what may look like markup."""
    lines = [f"## {minutes_wording(language).minutes}", ""]
    for sentence in remarks(transcript, language):
        lines += [f"*{escape_text(sentence)}*", ""]
    for heading, items in sections(transcript, language):
        lines += [f"### {heading}", ""]
        for item in items:
            said = f"- **[{item.stamp}] {escape_text(item.speaker)}{item.separator.rstrip()}** {escape_text(item.text)}"
            lines.append("  \n  ".join([said, *(f"*{escape_text(line)}*" for line in _under(item))]))
        lines.append("")
    return lines


def _item(claim: Claim, transcript: Transcript, language: str) -> Item:
    words, sep = minutes_wording(language), colon(language)
    spoken = transcript.turns[claim.turn].language if claim.turn < len(transcript.turns) else transcript.language
    by_model = transcript.minutes is not None and transcript.minutes.writer == "model"
    details = ((words.who, claim.who), (words.due, claim.due))
    quote = None if stands_in(claim.text, claim.quote) else _short(claim.quote, LONGEST_QUOTE)
    return Item(
        stamp=time_stamp(claim.start_s),
        speaker=claim.speaker,
        text=set_text(claim.text, transcript.language if by_model else spoken),
        details=tuple(f"{label}{sep}{set_text(said, spoken)}" for label, said in details if said),
        quote=quoted(set_text(quote, spoken), language) if quote else None,
        separator=sep,
    )


def _paragraph(item: Item, *, quoted: bool = True, most: int | None = None) -> Paragraph:
    text = item.text if most is None else _short(item.text, most)
    under = _under(item, quoted=quoted)
    plain = "\n".join([f"• [{item.stamp}] {item.speaker}{item.separator}{text}", *(f"  {line}" for line in under)])
    said = f"<code>{item.stamp}</code> <strong>{escape(item.speaker)}</strong>{item.separator}{escape(text)}"
    return plain, f"<li>{'<br>'.join([said, *(f'<em>{escape(line)}</em>' for line in under)])}</li>"


def _under(item: Item, *, quoted: bool = True) -> list[str]:
    """The lines under a claim."""
    details = [" · ".join(item.details)] if item.details else []
    return [*details, item.quote] if item.quote and quoted else details


def _short(text: str, most: int) -> str:
    """A text cut between words, which shows that it was."""
    if len(text) <= most:
        return text
    return f"{text[:most].rsplit(' ', 1)[0].rstrip(' ,;:.')}…"
