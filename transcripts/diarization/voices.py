"""Voices as the rest sees them: sound of a shared microphone in, who of its people speaks when out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from transcripts.sound import Samples

Vector = NDArray[np.float64]
"""One number for each dimension of the model's space of voices."""


class DiarizationError(Exception):
    """Voices could not be told apart."""


class DiarizationUnavailable(DiarizationError):
    """The model cannot be used at all; the message tells the operator what to do."""


class DiarizationFailed(DiarizationError):
    """The model gave up on a track; its words can still be had, under one name."""


@dataclass(frozen=True, slots=True)
class VoiceSpan:
    """One voice speaks, in seconds of the track; voices are numbered from 0 by first appearance.

    Spans of two voices may overlap, those of one voice do not.
    """

    voice: int
    start_s: float
    end_s: float


class VoicesOfTrack(Protocol):
    """Listens to one track from its beginning to its end. It blocks and is busy: call it from a thread."""

    def push(self, sound: Samples) -> None:
        """Take the sound that follows what was pushed so far, in pieces of any length; silence as zeros.

        Raises:
            DiarizationFailed: the model gave up.
        """

    def finish(self) -> tuple[VoiceSpan, ...]:
        """Tell the voices apart, by start; to be called once, at the end of the track.

        Raises:
            DiarizationFailed: the model gave up.
        """


class Voiceprints(Protocol):
    """Compares voices in the model's own scale (PLDA: Ioffe 2006; Kenny 2010).

    A voiceprint has variance 1 in each dimension among utterances of one voice.
    """

    @property
    def between_voices(self) -> Vector:
        """The variance of each dimension from voice to voice."""

    def of(self, speech: Samples) -> Vector | None:
        """The voice in some seconds of speech; None where there is too little of it. It blocks and is busy.

        Raises:
            DiarizationFailed: the model gave up.
        """


class Diarizer(Protocol):
    """A loaded model, one per process; it may be used from many threads and does one thing at a time."""

    @property
    def voiceprints(self) -> Voiceprints:
        """Its comparison of voices, for noticing that a microphone is shared."""

    def begin(self) -> VoicesOfTrack:
        """Begin to listen to a track."""
