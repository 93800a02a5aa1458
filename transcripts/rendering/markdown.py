"""The transcript as a Markdown file that also reads well as plain text."""

from __future__ import annotations

import re
from datetime import UTC, tzinfo
from typing import TYPE_CHECKING, Final

from transcripts.assembling.folding import folded
from transcripts.assembling.gaps import Gap
from transcripts.rendering.accompanied import pieces, who
from transcripts.rendering.file_wording import failures, file_wording, interruption, title
from transcripts.rendering.minutes import minutes_markdown
from transcripts.rendering.typography import NO_BREAK, colon, duration, one_line, time_stamp

if TYPE_CHECKING:
    from transcripts.assembling.transcript import Transcript

_MARKUP: Final = re.compile(r"[\\`*_\[\]<>~|#]|&(?=[#\w]+;)|(?<=\w):(?=//)|(?i:(?<=www)\.)")


def markdown(transcript: Transcript, language: str, time_zone: tzinfo = UTC) -> str:
    """Title, date, duration, participants, minutes, then turns and gaps with their times; headings are the reader's."""
    words = file_wording(language)
    sep = colon(language).rstrip()
    people = ", ".join(escape(speaker) for speaker in transcript.speakers) or words.nobody
    lines = [
        f"# {escape(title(transcript, language))}",
        "",
        f"- **{words.date}{sep}** {words.day_and_time(transcript.started_at.astimezone(time_zone))}",
        f"- **{words.duration}{sep}** {duration(transcript.duration_s)}",
        f"- **{words.participants}{sep}** {people}",
        "",
    ]
    for sentence in failures(transcript, language):
        lines += [f"> {escape(sentence)}", ""]
    if transcript.minutes is not None and transcript.turns:
        lines += minutes_markdown(transcript, language, escape)
    lines += [f"## {words.transcript}", ""]
    for passage in folded(transcript.passages):
        if isinstance(passage, Gap):
            stamp = time_stamp(passage.start_s)
            lines += [f"**[{stamp}]** *—{NO_BREAK}{escape(interruption(passage, language))}{NO_BREAK}—*", ""]
        else:
            said = " ".join(
                f"*{escape(piece.text)}*" if piece.aside else escape(piece.text) for piece in pieces(passage, language)
            )
            stamp, name = time_stamp(passage.turn.start_s), escape(who(passage.turn, language))
            lines += [f"**[{stamp}] {name}{sep}** {said}", ""]
    if not transcript.turns:
        lines += [f"*{words.nothing_said}*", ""]
    return "\n".join(lines)


def escape(text: str) -> str:
    """A text that no Markdown reader takes for markup, HTML, a link or an address, wherever on a line it stands."""
    return _MARKUP.sub(lambda found: "\\" + found[0], one_line(text))
