"""The transcript of a meeting as a value, and as the JSON that is kept of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from pydantic import TypeAdapter, ValidationError

from transcripts.assembling.gaps import Gap, in_reading_order
from transcripts.assembling.turns import Turn
from transcripts.minutes.claims import Minutes
from transcripts.storage.spool import MeetingId

FORMAT: Final = 1
"""Still 1 with gaps: what was kept without them reads as none, and a reader that does not know them passes them over,
as after going back to an older release."""


class TranscriptUnreadable(Exception):
    """What was kept of a transcript is damaged or of another version; the message says which, and no word of it."""


@dataclass(frozen=True, slots=True)
class FailedTrack:
    """A track without its words: whose it was, where that is known, and why, for the operator."""

    speaker: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Stats:
    """What it took: sound recorded, sound in which there was speech (with margins), CPU time of all threads."""

    tracks: int
    windows: int
    audio_s: float
    speech_s: float
    cpu_s: float


@dataclass(frozen=True, slots=True)
class Transcript:
    """Who said what; times are seconds since `started_at`, which is in UTC."""

    meeting_id: MeetingId
    title: str
    language: str
    started_at: datetime
    duration_s: float
    speakers: tuple[str, ...]
    """Everyone who was there with a microphone, by their labels, also those who said nothing."""
    turns: tuple[Turn, ...]
    failed_tracks: tuple[FailedTrack, ...]
    stats: Stats
    gaps: tuple[Gap, ...] = ()
    """When the call went on and was not recorded."""
    minutes: Minutes | None = None
    """What the meeting came to; None where nobody has written it, as before there were minutes."""
    format: Literal[1] = FORMAT

    @property
    def has_content(self) -> bool:
        """Whether there is anything to tell: words, or why some are missing."""
        return bool(self.turns or self.failed_tracks or self.gaps)

    @property
    def passages(self) -> tuple[Turn | Gap, ...]:
        """The turns and the gaps in the order in which they are read; a turn that spans a gap is parted there."""
        return tuple(in_reading_order(self.turns, self.gaps))

    def to_json(self) -> bytes:
        """The transcript as UTF-8 JSON."""
        return _ADAPTER.dump_json(self)

    @staticmethod
    def from_json(kept: bytes | str) -> Transcript:
        """Read what `to_json` wrote.

        Raises:
            TranscriptUnreadable: it is damaged or of another version.
        """
        try:
            return _ADAPTER.validate_json(kept)
        except ValidationError as error:
            keys = sorted({".".join(map(str, fault["loc"][:3])) or fault["type"] for fault in error.errors()})
            raise TranscriptUnreadable(f"the transcript does not hold what it should: {', '.join(keys[:5])}") from None


_ADAPTER: Final = TypeAdapter(Transcript)
