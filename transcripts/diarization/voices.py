"""Voices on a microphone that several people share, as the rest sees it: sound in, who speaks when out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from transcripts.sound import Samples


@dataclass(frozen=True, slots=True)
class VoiceSpan:
    """When one voice speaks, in seconds of its track; voices are counted from 0 by their first appearance."""

    voice: int
    start_s: float
    end_s: float


class VoicesOfTrack(Protocol):
    """The voices of one track, told apart as its sound comes. It blocks and is busy: call it from a thread."""

    def push(self, sound: Samples) -> None:
        """Listen to the sound (16 kHz) that follows what was pushed before."""

    def finish(self) -> tuple[VoiceSpan, ...]:
        """Who spoke when, now that all sound has been pushed."""


class Diarizer(Protocol):
    """Tells voices apart; one a process, which owns the model."""

    def begin(self) -> VoicesOfTrack:
        """Begin with a track."""
