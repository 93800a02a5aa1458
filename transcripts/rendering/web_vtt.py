"""The transcript as WebVTT subtitles, with a voice tag for each speaker.

Source: W3C, WebVTT: The Web Video Text Tracks Format.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from transcripts.assembling.gaps import Gap
from transcripts.rendering.file_wording import failures, file_wording, interruption, title
from transcripts.rendering.typography import colon, one_line, set_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transcripts.assembling.transcript import Transcript
    from transcripts.assembling.turns import Turn
    from transcripts.recognition.recogniser import Word

LINE_CHARACTERS: Final = 42
LONGEST_CUE_S: Final = 7.0
SHORTEST_CUE_S: Final = 0.5
PAUSE_S: Final = 1.0
"""A subtitle does not stand through a longer silence."""
SENTENCE_CHARACTERS: Final = 30
CLAUSE_CHARACTERS: Final = 60
"""From so many characters on, a cue ends at the next end of a sentence, or of a clause."""
_SENTENCE_END: Final = re.compile(r"[.!?…]['’\"»)\s]*$")
_CLAUSE_END: Final = re.compile(r"[,;:]['’\"»)\s]*$")


def web_vtt(transcript: Transcript, language: str) -> str:
    """Cues of two lines and seven seconds at most, in order; a note says what the file is.

    A gap is a cue without a voice that stands for as long as it lasted, since a player shows no notes.
    """
    words = file_wording(language)
    people = ", ".join(transcript.speakers) or words.nobody
    note = (
        title(transcript, language),
        f"{words.participants}{colon(language)}{people}",
        *failures(transcript, language),
    )
    cues = [cue for passage in transcript.passages for cue in _cues(passage)]
    blocks = [
        _gap_block(cue, language) if isinstance(cue, Gap) else _block(cue)
        for cue in sorted(cues, key=lambda cue: (cue.start_s, cue.end_s))
    ]
    return "\n\n".join(("WEBVTT", "\n".join(("NOTE", *map(_note_line, note))), *blocks)) + "\n"


def _cues(passage: Turn | Gap) -> Iterator[Turn | Gap]:
    """A turn in pieces of the size of a subtitle."""
    if isinstance(passage, Gap):
        yield passage
        return
    cue: list[Word] = []
    for word in passage.words:
        if cue and _ends_before(cue, word):
            yield replace(passage, words=tuple(cue))
            cue = []
        cue.append(word)
    if cue:
        yield replace(passage, words=tuple(cue))


def _ends_before(cue: list[Word], following: Word) -> bool:
    text = "".join(word.text for word in cue).strip()
    return (
        len(text) + len(following.text) > 2 * LINE_CHARACTERS
        or following.end_s - cue[0].start_s > LONGEST_CUE_S
        or following.start_s - cue[-1].end_s > PAUSE_S
        or (len(text) >= SENTENCE_CHARACTERS and _SENTENCE_END.search(text) is not None)
        or (len(text) >= CLAUSE_CHARACTERS and _CLAUSE_END.search(text) is not None)
    )


def _block(cue: Turn) -> str:
    end_s = max(cue.end_s, cue.start_s + SHORTEST_CUE_S)
    said = _in_lines(set_text(cue.text, cue.language))
    return f"{_time(cue.start_s)} --> {_time(end_s)}\n<v {_escape(cue.speaker)}>{_escape(said)}</v>"


def _gap_block(gap: Gap, language: str) -> str:
    said = _in_lines(f"[{interruption(gap, language)}]")
    return f"{_time(gap.start_s)} --> {_time(gap.end_s)}\n<c.gap>{_escape(said)}</c>"


def _in_lines(text: str) -> str:
    """The text broken at the space nearest its middle, where it does not fit one line."""
    spaces = [found.start() for found in re.finditer(" ", text)]
    if len(text) <= LINE_CHARACTERS or not spaces:
        return text
    middle = min(spaces, key=lambda place: abs(place - len(text) / 2))
    return f"{text[:middle]}\n{text[middle + 1 :]}"


def _time(seconds: float) -> str:
    milliseconds = max(0, round(seconds * 1000))
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{rest // 1000:02}.{rest % 1000:03}"


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _note_line(text: str) -> str:
    return one_line(text).replace("-->", "→")
