"""Recorded meetings with their reference: who said what and when, and one file of sound per participant."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import av
import numpy as np
from pydantic import TypeAdapter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

SAMPLE_RATE_HZ: Final = 16_000
MEETINGS: Final = Path(__file__).parents[1] / "data" / "meetings"
"""The recorded meetings that come with the project."""


@dataclass(frozen=True, slots=True)
class Track:
    """The sound of one participant or of a shared microphone; `offset` is when it begins, in seconds of the meeting."""

    file: str
    speaker: str | None
    """Whose track it is; None where several people speak."""
    offset: float


@dataclass(frozen=True, slots=True)
class Segment:
    """What one speaker said in one go; times in seconds of the meeting."""

    speaker: str
    start: float
    end: float
    text: str


@dataclass(frozen=True, slots=True)
class Reference:
    """The contents of a meeting's `reference.json`."""

    id: str
    title: str
    language: str
    kind: Literal["tracks", "room"]
    duration: float
    tracks: tuple[Track, ...]
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class Meeting:
    """A reference and its sound: per track, 16 kHz mono int16 samples that begin at the start of the meeting."""

    reference: Reference
    sound: tuple[NDArray[np.int16], ...]

    @property
    def speakers(self) -> tuple[str, ...]:
        """Everyone who says something, in order of appearance."""
        return tuple(dict.fromkeys(segment.speaker for segment in self.reference.segments))


def load(folder: Path) -> Meeting:
    """Read a meeting folder of the form `tests/data/meetings/…`."""
    reference = TypeAdapter(Reference).validate_json((folder / "reference.json").read_bytes())
    sound = tuple(_from_meeting_start(decode(folder / track.file), track.offset) for track in reference.tracks)
    return Meeting(reference, sound)


def decode(file: Path) -> NDArray[np.int16]:
    """The sound of any file that FFmpeg reads, as 16 kHz mono int16 samples."""
    resampler = av.AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE_HZ)
    blocks: list[NDArray[np.int16]] = []
    with av.open(str(file)) as container:
        for frame in [*container.decode(audio=0), None]:  # None flushes what the resampler still holds
            blocks.extend(block.to_ndarray().reshape(-1).astype(np.int16) for block in resampler.resample(frame))
    return np.concatenate(blocks) if blocks else np.zeros(0, np.int16)


def first(meeting: Meeting, seconds: float) -> Meeting:
    """The meeting's first seconds: segments that end in time, and no sound of those that do not."""
    reference = meeting.reference
    kept = tuple(segment for segment in reference.segments if segment.end <= seconds)
    sound = tuple(
        _silenced_from(samples[: round(seconds * SAMPLE_RATE_HZ)], _first_unfinished(reference, track.speaker, seconds))
        for track, samples in zip(reference.tracks, meeting.sound, strict=True)
    )
    cut = replace(
        reference,
        id=f"{reference.id}-first-{seconds:g}s",
        duration=min(seconds, reference.duration),
        segments=kept,
    )
    return Meeting(cut, sound)


def since(meeting: Meeting, start_s: float) -> Meeting:
    """What is left of a meeting from a moment on, which is its new beginning.

    Raises:
        ValueError: somebody is speaking then.
    """
    reference = meeting.reference
    if any(segment.start < start_s < segment.end for segment in reference.segments):
        raise ValueError(f"somebody speaks at {start_s:g} s of {reference.id}")
    kept = tuple(
        replace(segment, start=round(segment.start - start_s, 3), end=round(segment.end - start_s, 3))
        for segment in reference.segments
        if segment.start >= start_s
    )
    cut = replace(
        reference,
        id=f"{reference.id}-since-{start_s:g}s",
        duration=round(reference.duration - start_s, 3),
        segments=kept,
    )
    return Meeting(cut, tuple(samples[round(start_s * SAMPLE_RATE_HZ) :] for samples in meeting.sound))


def spoken(folder: Path) -> list[Segment]:
    """Who speaks when in a recorded meeting, to the hundredth of a second, without what they say.

    `reference.rttm` (NIST, RT-09) follows the sound, where the segments of `reference.json` follow the sentences.
    """
    lines = [
        line.split() for line in (folder / "reference.rttm").read_text().splitlines() if line.startswith("SPEAKER ")
    ]
    return [Segment(line[7], float(line[3]), float(line[3]) + float(line[4]), "") for line in lines]


def unheard(meeting: Meeting, start_s: float, end_s: float) -> Meeting:
    """The meeting without the words that were said between two moments, for one that nobody listened to then.

    A reference says when a segment begins and ends; its words are taken to be spread evenly over it.
    """
    segments: list[Segment] = []
    for segment in meeting.reference.segments:
        said = segment.text.split()
        word_s = (segment.end - segment.start) / max(1, len(said))
        middles = [segment.start + (n + 0.5) * word_s for n in range(len(said))]
        left = [word for word, middle in zip(said, middles, strict=True) if not start_s <= middle <= end_s]
        if left:
            segments.append(replace(segment, text=" ".join(left)))
    return Meeting(replace(meeting.reference, segments=tuple(segments)), meeting.sound)


def words_by_speaker(segments: Sequence[Segment]) -> dict[str, str]:
    """What each speaker said from beginning to end, as one text."""
    texts: dict[str, list[str]] = {}
    for segment in sorted(segments, key=lambda segment: segment.start):
        texts.setdefault(segment.speaker, []).append(segment.text)
    return {speaker: " ".join(parts) for speaker, parts in texts.items()}


def _first_unfinished(reference: Reference, speaker: str | None, seconds: float) -> float:
    mine = [segment for segment in reference.segments if segment.speaker == speaker or reference.kind == "room"]
    return min((segment.start for segment in mine if segment.end > seconds), default=seconds)


def _silenced_from(samples: NDArray[np.int16], start_s: float) -> NDArray[np.int16]:
    silenced = samples.copy()
    silenced[round(start_s * SAMPLE_RATE_HZ) :] = 0
    return silenced


def _from_meeting_start(samples: NDArray[np.int16], offset_s: float) -> NDArray[np.int16]:
    return np.concatenate([np.zeros(round(offset_s * SAMPLE_RATE_HZ), np.int16), samples])
