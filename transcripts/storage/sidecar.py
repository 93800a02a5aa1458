"""What stands beside the sound of a meeting: a small JSON file for the meeting, each track and each stay in the call.

They are replaced as a whole, so that a reader finds the old text or the new one and never half of it. What is read
back is checked as anything from outside is: a disk may have been full, a file may have been touched.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Annotated, Final, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from transcripts.storage import whole_file

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Self

SOURCES: Final = ("microphone", "screen_share_audio", "unknown")
Source = Literal["microphone", "screen_share_audio", "unknown"]
EARLIEST_START_S: Final = -60
LONGEST_MEETING_S: Final = 7 * 24 * 3600
LARGEST_SIDECAR_BYTES: Final = 4 * 1024 * 1024
"""A day of one track with an utterance every other second."""


class SidecarUnreadable(Exception):
    """A file beside the sound is missing or does not hold what it should; the message says which, for the operator."""


def _known_source(value: object) -> object:
    return value if value in SOURCES else "unknown"


def _in_order(span: tuple[int, int]) -> tuple[int, int]:
    if span[1] < span[0]:
        raise ValueError("nothing ends before it begins")
    return span


class _Sidecar(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, hide_input_in_errors=True)


class TrackSidecar(_Sidecar):
    """Whose sound a file holds and when it begins on the meeting's clock."""

    participant: str
    name: str
    track: str
    source: Annotated[Source, BeforeValidator(_known_source)]
    started_s: Annotated[float, Field(ge=EARLIEST_START_S, le=LONGEST_MEETING_S)] | None = None
    """Seconds since the meeting began; None until the first frame has come."""
    shared_microphone: bool = False
    """Whether its participant said that several people speak into it."""


class MeetingSidecar(_Sidecar):
    """When a meeting's clock reads zero, in seconds since 1970 (UTC)."""

    began_at: Annotated[float, Field(ge=0, le=32503680000)]


class Stay(_Sidecar):
    """One stay of a recorder in the call, on the meeting's clock; while it lasts, it ends at the latest sync."""

    joined_s: Annotated[float, Field(ge=0, le=LONGEST_MEETING_S)]
    left_s: Annotated[float, Field(ge=0, le=LONGEST_MEETING_S)]
    over: bool = False
    """Whether nothing was left to record then: a silence after it is no gap."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.left_s < self.joined_s:
            raise ValueError("nobody leaves before they join")
        return self


SampleSpan = Annotated[tuple[Annotated[int, Field(ge=0)], Annotated[int, Field(ge=0)]], AfterValidator(_in_order)]
"""The first sample, and the first one after the last."""


class SpeechSidecar(_Sidecar):
    """What a recorder found to be speech in a track; samples are counted from the track's beginning.

    It stands beside the sound as `00000-<track>.speech`. What lies after `settled_samples` was not listened to yet, or
    may still turn out to be the middle of an utterance.
    """

    settled_samples: Annotated[int, Field(ge=0)] = 0
    """Whatever begins before this is final."""
    utterances: tuple[SampleSpan, ...] = ()
    """Speech with its margins, in order, none overlapping the next."""
    muted: tuple[SampleSpan, ...] = ()
    """Where only somebody else was to be heard in this microphone: reads as silence."""
    is_complete: bool = False
    """Whether the track has ended, and all of it was listened to."""

    def within(self, samples: int) -> SpeechSidecar:
        """What of it is certain when only so many samples of the sound are there."""
        if self.settled_samples <= samples:
            return self
        known = tuple(span for span in self.utterances if span[1] <= samples)
        cut = [first for first, end in self.utterances[len(known) :] if first < samples]
        settled = min([samples, *cut])
        return SpeechSidecar(
            settled_samples=settled,
            utterances=known,
            muted=tuple(span for span in self.muted if span[1] <= settled),
        )


NOTHING_SETTLED: Final = SpeechSidecar()

_Kind = TypeVar("_Kind", TrackSidecar, MeetingSidecar, Stay, SpeechSidecar)


def read_track(path: Path) -> TrackSidecar:
    """Read a track's sidecar.

    Raises:
        SidecarUnreadable: missing, cut short, or of another shape.
    """
    return _read(path, TrackSidecar)


def read_meeting(path: Path) -> MeetingSidecar:
    """Read a meeting's sidecar.

    Raises:
        SidecarUnreadable: missing, cut short, or of another shape.
    """
    return _read(path, MeetingSidecar)


def read_stay(path: Path) -> Stay:
    """Read the sidecar of a stay.

    Raises:
        SidecarUnreadable: missing, cut short, or of another shape.
    """
    return _read(path, Stay)


def read_speech(path: Path) -> SpeechSidecar:
    """Read what was found to be speech in a track.

    Raises:
        SidecarUnreadable: missing, cut short, or of another shape.
    """
    return _read(path, SpeechSidecar)


def write(path: Path, sidecar: TrackSidecar | MeetingSidecar | Stay | SpeechSidecar, *, durably: bool) -> None:
    """Replace a sidecar as a whole; `durably` also waits until the disk has it."""
    whole_file.replace(path, json.dumps(sidecar.model_dump()).encode(), durably=durably)


def file_name(foreign_id: str) -> str:
    """A name on disk for an id from outside: itself where it is harmless, otherwise a digest; never two for one."""
    if re.fullmatch(r"[A-Za-z0-9_-]{1,64}", foreign_id):
        return foreign_id
    return "id=" + hashlib.sha256(foreign_id.encode(errors="surrogatepass")).hexdigest()[:32]


def _read(path: Path, kind: type[_Kind]) -> _Kind:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_SIDECAR_BYTES)
        return kind.model_validate_json(content)
    except OSError as error:
        raise SidecarUnreadable(f"{path.name}: {error.strerror or 'cannot be read'}") from error
    except ValidationError as error:
        keys = ", ".join(".".join(map(str, fault["loc"])) or fault["type"] for fault in error.errors())
        raise SidecarUnreadable(f"{path.name} does not hold what it should ({keys})") from None
