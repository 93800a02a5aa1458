"""Reads the `.vtt` attachment back: who said what, from the voice tags of its cues. Its reader is not its writer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape

_TIMING = re.compile(r"(?:(\d+):)?(\d\d):(\d\d)\.(\d{3}) --> (?:(\d+):)?(\d\d):(\d\d)\.(\d{3})")
_VOICE = re.compile(r"<v(?:\.[^ >]*)? ([^>]+)>(.*?)(?:</v>|$)", re.DOTALL)
_GAP = re.compile(r"\s*<c\.gap>[^<]*</c>\s*")
"""Says that the recording was interrupted: nobody's words."""
_TAG = re.compile(r"<[^>]*>")


@dataclass(frozen=True)
class Cue:
    """One cue with one voice; times in seconds of the meeting."""

    start_s: float
    end_s: float
    speaker: str
    text: str


def read_cues(vtt: str) -> list[Cue]:
    """The cues of a WebVTT file, in its order.

    Raises:
        ValueError: it is not WebVTT, or a cue names nobody.
    """
    header, *blocks = re.split(r"\n[ \t]*\n", vtt.replace("\r\n", "\n").strip())
    if not header.startswith("WEBVTT"):
        raise ValueError("not a WebVTT file")
    cues: list[Cue] = []
    for block in blocks:
        timing = _TIMING.search(block)
        if timing is None:
            continue  # NOTE, STYLE
        if _GAP.fullmatch(block[timing.end() :]):
            continue
        start, end = (_seconds(timing.groups()[i : i + 4]) for i in (0, 4))
        voices = _VOICE.findall(block[timing.end() :])
        if not voices:
            raise ValueError(f"the cue at {start} s names nobody")
        cues.extend(Cue(start, end, unescape(name), unescape(_TAG.sub("", text)).strip()) for name, text in voices)
    return cues


def words_by_voice(cues: list[Cue]) -> dict[str, str]:
    """Everything that each voice says, in the order of its cues."""
    said: dict[str, list[str]] = {}
    for cue in sorted(cues, key=lambda cue: cue.start_s):
        said.setdefault(cue.speaker, []).append(cue.text)
    return {speaker: " ".join(texts) for speaker, texts in said.items()}


def _seconds(parts: tuple[str | None, ...]) -> float:
    hours, minutes, seconds, milliseconds = (int(part or 0) for part in parts)
    return hours * 3600 + minutes * 60 + seconds + milliseconds / 1000
