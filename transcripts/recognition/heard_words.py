"""The journal of what was heard: each window's words, on disk as soon as they are known.

It lies beside the sound of its meeting, is erased with it, and is as secret. A process that is killed goes on where it
was: a window that stands here is not heard again. Lines are only ever added, by one process or by two where one takes
another's place; a line that was cut short, or is of another version, counts as not being there.
"""

from __future__ import annotations

import json
import os
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

import structlog
from pydantic import BaseModel, ConfigDict, ValidationError

from transcripts.recognition.hearing import Heard
from transcripts.recognition.recogniser import Recognition, Word

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from transcripts.recognition.windows import Window

FILE: Final = "heard.jsonl"
VERSION: Final = 2

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class WindowKey:
    """Which window: the stem of its track's file, where it begins and ends there, and how much of it is speech."""

    track: str
    first_sample: int
    end_sample: int
    samples: int

    @staticmethod
    def of(track: str, window: Window) -> WindowKey:
        """The key of this window of a track."""
        return WindowKey(track, window.pieces[0].start_sample, window.pieces[-1].end_sample, window.samples)


@dataclass(slots=True)
class Remembered:
    """The windows that were heard, and how likely each track is in which language, as far as one of them has told."""

    windows: dict[WindowKey, Heard] = field(default_factory=dict)
    languages: dict[str, Mapping[str, float]] = field(default_factory=dict)
    times: int = 0
    """How many windows were heard in all, those that were heard again or have grown since among them."""

    def add(self, key: WindowKey, heard: Heard) -> None:
        """This was heard; what was known of this window before does not count any more."""
        self.windows[key] = heard
        self.times += 1
        if heard.scores:
            self.languages[key.track] = heard.scores


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, hide_input_in_errors=True)

    v: Literal[2] = VERSION
    track: str
    samples: tuple[int, int, int]
    """The first, the first after the last, and how many of these are in the window."""
    language: str
    scores: dict[str, float]
    several_voices: bool
    words: tuple[tuple[str, float, float, float], ...]
    no_speech: float
    log_probability: float
    compression: float
    cpu_s: float


class HeardWords:
    """The journal of one meeting. Reading and adding block: do it in a thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._is_erased = False

    def read(self) -> Remembered:
        """What was heard so far; nothing where the journal cannot be read."""
        remembered = Remembered()
        try:
            lines = self._path.read_bytes().splitlines()
        except FileNotFoundError:
            return remembered
        except OSError as error:
            log.warning("journal cannot be read: all is heard again", cause=error.strerror)
            return remembered
        for line in filter(None, lines):
            _remember(line, remembered)
        return remembered

    def add(self, key: WindowKey, heard: Heard) -> None:
        """A window was heard. Returns when the disk has it, or will not take it, which is no reason to stop."""
        said = heard.recognition
        self._add(
            _Line(
                track=key.track,
                samples=(key.first_sample, key.end_sample, key.samples),
                language=heard.language,
                scores=dict(heard.scores),
                several_voices=heard.several_voices,
                words=tuple((word.text, word.start_s, word.end_s, word.probability) for word in said.words),
                no_speech=said.no_speech_probability,
                log_probability=said.average_log_probability,
                compression=said.compression_ratio,
                cpu_s=heard.cpu_s,
            )
        )

    def erase(self) -> None:
        """Remove it, for good: what a thread would still add is not added. What is not there is gone already."""
        with self._lock:
            self._is_erased = True
            self._path.unlink(missing_ok=True)

    def _add(self, line: _Line) -> None:
        # A line begins with a new one, so that it is whole also behind one that was cut short.
        text = b"\n" + json.dumps(line.model_dump(), ensure_ascii=False).encode(errors="replace") + b"\n"
        try:
            with self._lock:
                self._append(text)
        except OSError as error:
            # Where the sound was erased meanwhile, there is no folder; on a full disk, it is heard again if need be.
            log.warning("what was heard is not in the journal", cause=error.strerror)

    def _append(self, text: bytes) -> None:
        if self._is_erased:
            return
        file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(file, text)
            os.fsync(file)
        finally:
            os.close(file)


def _remember(line: bytes, remembered: Remembered) -> None:
    try:
        read = _Line.model_validate_json(line)
    except ValidationError:
        return
    said = Recognition(
        tuple(Word(*word) for word in read.words), read.no_speech, read.log_probability, read.compression
    )
    key = WindowKey(read.track, *read.samples)
    remembered.add(key, Heard(said, read.language, read.scores, read.several_voices, read.cpu_s))
