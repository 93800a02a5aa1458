"""How well the voices on a shared microphone are told apart: the diarization error rate, and how many were found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pyannote.core import Annotation, Timeline
from pyannote.core import Segment as Span
from pyannote.metrics.diarization import DiarizationErrorRate

from tests.evaluation.meetings import Segment


@dataclass(frozen=True, slots=True)
class Diarization:
    """Seconds of each kind of error over the seconds spoken (overlaps counted for each voice)."""

    spoken_s: float
    missed_s: float
    false_alarm_s: float
    confused_s: float
    voices: int
    voices_found: int

    @property
    def der(self) -> float:
        """In percent."""
        return 100 * (self.missed_s + self.false_alarm_s + self.confused_s) / self.spoken_s


def compare(reference: Iterable[Segment], found: Iterable[Segment], collar_s: float = 0.0) -> Diarization:
    """Compare who spoke when with who was found to; the texts do not matter, nor what the voices are called.

    `collar_s` around each change of speaker is forgiven on either side (pyannote counts both sides together).
    """
    expected, given = _annotation(reference), _annotation(found)
    everything = Timeline([expected.get_timeline().extent() | given.get_timeline().extent()])
    parts = DiarizationErrorRate(collar=2 * collar_s, skip_overlap=False)(
        expected, given, detailed=True, uem=everything
    )
    return Diarization(
        spoken_s=float(parts["total"]),
        missed_s=float(parts["missed detection"]),
        false_alarm_s=float(parts["false alarm"]),
        confused_s=float(parts["confusion"]),
        voices=len(expected.labels()),
        voices_found=len(given.labels()),
    )


def _annotation(segments: Iterable[Segment]) -> Annotation:
    annotation = Annotation()
    for number, segment in enumerate(segments):
        annotation[Span(segment.start, segment.end), number] = segment.speaker
    return annotation
