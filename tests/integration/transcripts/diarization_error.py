"""Who speaks when, against the reference: diarization error rate (NIST RT; pyannote.metrics) and number of voices."""

from __future__ import annotations

from typing import TYPE_CHECKING

try:
    from pyannote.core import Annotation, Segment, Timeline
    from pyannote.metrics.diarization import DiarizationErrorRate
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError(
        "the extras `diarization` and `bench` are missing; `make test` installs them"
    ) from missing

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from transcripts.diarization.voices import VoiceSpan


def annotation(spans: Iterable[VoiceSpan]) -> Annotation:
    """What a diarizer found, in pyannote's form."""
    found = Annotation()
    for n, span in enumerate(spans):
        found[Segment(span.start_s, span.end_s), n] = str(span.voice)
    return found


def reference(rttm: Path) -> Annotation:
    """What an RTTM file says: a line for each piece of speech, with its start, its duration and its speaker."""
    said = Annotation()
    for n, line in enumerate(rttm.read_text().splitlines()):
        _, _, _, start_s, duration_s, _, _, speaker, *_ = line.split()
        said[Segment(float(start_s), float(start_s) + float(duration_s)), n] = speaker
    return said


def diarization_error_rate(said: Annotation, found: Annotation, collar_s: float = 0.0) -> float:
    """Missed, invented and misattributed speech, per second of speech; overlaps count.

    `collar_s` around each change of speaker is forgiven on either side (pyannote counts both sides together).
    """
    everything = Timeline([(said.get_timeline() | found.get_timeline()).extent()])
    return float(DiarizationErrorRate(collar=2 * collar_s)(said, found, uem=everything))
