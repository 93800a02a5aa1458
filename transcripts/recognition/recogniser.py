"""Recognition as the rest sees it: windows of sound in, words with their times out, whichever engine does it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from transcripts.sound import Samples


class RecognitionError(Exception):
    """Speech could not be turned into words."""


class ModelUnavailable(RecognitionError):
    """The model cannot be used at all; the message tells the operator what to do."""


class EngineNotYetThere(ModelUnavailable):
    """At the start, the server that recognises speech does not answer; the message tells what to check."""


class RecognitionFailed(RecognitionError):
    """The engine gave up on some sound; trying again may help."""


class RecogniserAway(RecognitionFailed):
    """The engine is not there, whatever the sound; the same sound may be heard when it is back."""


@dataclass(frozen=True, slots=True)
class Word:
    """One word as the engine wrote it, with the space before it where its language has one, and its punctuation."""

    text: str
    start_s: float
    end_s: float
    probability: float


@dataclass(frozen=True, slots=True)
class Recognition:
    """What was heard in one window: words in seconds of the window, and how far to trust them."""

    words: tuple[Word, ...]
    no_speech_probability: float
    average_log_probability: float
    compression_ratio: float
    """Of the text by zlib: high where words go round in a loop."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """One window's words, in which language they were taken to be, and why."""

    recognition: Recognition
    language: str
    scores: Mapping[str, float] = field(default_factory=dict)
    """How likely each allowed language is by this window's sound; empty where only one was allowed."""


@dataclass(frozen=True, slots=True)
class Hints:
    """Words that are likely to be said, so that they are spelt right: who is there, and what the meeting is called."""

    names: tuple[str, ...] = ()
    title: str = ""


@dataclass(frozen=True, slots=True)
class DecodingOptions:
    """What is known of a window before it is heard."""

    languages: tuple[str, ...]
    """Those that it may be in (ISO 639-1), at least one; of several, the likeliest by its sound is taken."""
    hints: Hints = field(default_factory=Hints)
    several_voices: bool = False
    """Whether people at different distances speak into the microphone, in turns."""


class Recogniser(Protocol):
    """A speech recogniser. It blocks and is busy: call it from a thread."""

    @property
    def at_once(self) -> int:
        """How many calls, from as many threads, make the best use of it."""

    @property
    def batch(self) -> int:
        """How many windows one call had best be given."""

    def recognise(self, windows: Sequence[Samples], options: DecodingOptions) -> list[Spoken]:
        """What is said in each window (at most 30 s of 16 kHz sound).

        Raises:
            RecognitionFailed: the engine gave up.
        """
