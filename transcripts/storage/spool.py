"""The spool: the sound of meetings on disk, from the recorder's first frame until the transcript is posted.

Each meeting has a folder. In it `meeting.json` says when the meeting's clock reads zero; `00000-<track>.pcm` is the
sound of one track, 16 kHz mono s16le without a header, so that it can be read however it was cut short; beside it
`00000-<track>.json` says whose it is and when it begins on that clock, and `00000-<track>.speech` where in it somebody
speaks, as far as its recorder has listened. `stay-00000.json` says from when to when a
recorder was in the call: what lies between two stays is not silence, but lost.
"""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, NewType

import structlog

from transcripts.sound import SAMPLE_BYTES, Samples, as_float, seconds
from transcripts.storage import sidecar, sound_file
from transcripts.storage.known_sidecars import KnownSidecars
from transcripts.storage.meeting_writer import MeetingWriter
from transcripts.storage.room_left import leave_room
from transcripts.storage.sidecar import (
    NOTHING_SETTLED,
    MeetingSidecar,
    SidecarUnreadable,
    Source,
    SpeechSidecar,
    Stay,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MeetingId = NewType("MeetingId", str)
MEETING_FILE: Final = "meeting.json"

log = structlog.get_logger()


class TrackUnreadable(Exception):
    """A track's sound cannot be read; the message says why, for the operator."""


@dataclass(frozen=True, slots=True)
class StoredTrack:
    """One track's sound on disk; `started_s` is on the meeting's clock."""

    participant: str
    name: str
    source: Source
    started_s: float
    path: Path
    samples: int
    shared_microphone: bool = False
    """Whether its participant said that several people speak into it."""
    speech: SpeechSidecar = NOTHING_SETTLED
    """What its recorder found in it; nothing is settled where that cannot be read."""

    @property
    def ended_s(self) -> float:
        """When its sound ends, in seconds of the meeting."""
        return self.started_s + seconds(self.samples)

    @property
    def is_a_person(self) -> bool:
        """Whether it is a microphone rather than the sound of a shared screen."""
        return self.source != "screen_share_audio"

    def own_sound(self, start: int, end: int) -> Samples:
        """The samples from `start` up to `end`, silent where only somebody else was to be heard in this microphone.

        Raises:
            TrackUnreadable: the file cannot be read, or is shorter.
        """
        try:
            sound = as_float(sound_file.read(self.path, start, end))
        except OSError as error:
            raise TrackUnreadable(f"{self.path.name}: {error}") from error
        for muted_start, muted_end in self.speech.muted:
            if muted_start < end and muted_end > start:
                sound[max(0, muted_start - start) : muted_end - start] = 0.0
        return sound


@dataclass(frozen=True, slots=True)
class BrokenTrack:
    """Sound that cannot be placed or read; `name` is whose it was, where that is known."""

    path: Path
    name: str | None
    reason: str


class Spool:
    """The sound of all meetings, one folder each; readable by nobody but the user that Greffier runs as."""

    def __init__(self, folder: Path, now: Callable[[], float] = time.time) -> None:
        self._folder = folder
        self._now = now
        self._sidecars = KnownSidecars()

    def folder(self, meeting: MeetingId) -> Path:
        """Where a meeting's sound lies, or would."""
        return self._folder / sidecar.file_name(meeting)

    def writer(self, meeting: MeetingId, began_at: float | None = None) -> MeetingWriter:
        """Begin, or go on, to write a meeting's sound.

        Args:
            meeting: whose sound.
            began_at: when its clock reads zero, in seconds since 1970: now, if None. Kept from the first time on.

        Raises:
            OSError: the disk does not take it, or has no room for more.
        """
        folder = self.folder(meeting)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        leave_room(folder)
        known = self.began_at(meeting)
        if known is None:
            known = self._now() if began_at is None else began_at
            sidecar.write(folder / MEETING_FILE, MeetingSidecar(began_at=known), durably=True)
        return MeetingWriter(folder, known, self._now)

    def began_at(self, meeting: MeetingId) -> float | None:
        """When the meeting's clock reads zero, in seconds since 1970; None where nothing was recorded."""
        path = self.folder(meeting) / MEETING_FILE
        try:
            return sidecar.read_meeting(path).began_at
        except SidecarUnreadable:
            # The file is written once, when the meeting begins: damaged, it still tells when that was.
            return path.stat().st_mtime if path.exists() else None

    def tracks(self, meeting: MeetingId) -> list[StoredTrack | BrokenTrack]:
        """A meeting's tracks in the order in which they were opened; none where nothing was recorded."""
        folder = self.folder(meeting)
        names = {path.stem for pattern in ("*.pcm", "[0-9]*-*.json") for path in folder.glob(pattern)}
        found = [self._track(folder / f"{name}.pcm") for name in sorted(names)]
        return [
            self._listened(track) if isinstance(track, StoredTrack) else track for track in found if track is not None
        ]

    def stays(self, meeting: MeetingId) -> tuple[Stay, ...]:
        """When a recorder was in the call, by the order of joining; a stay that cannot be read is left out."""
        found: list[Stay] = []
        for path in self.folder(meeting).glob("stay-*.json"):
            try:
                found.append(sidecar.read_stay(path))
            except SidecarUnreadable as error:
                log.warning("stay in the call left out", meeting_id=meeting, cause=str(error))
        return tuple(sorted(found, key=lambda stay: stay.joined_s))

    def erase(self, meeting: MeetingId) -> None:
        """Remove a meeting's sound; what is not there is gone already.

        Raises:
            OSError: something could not be removed.
        """
        folder = self.folder(meeting)
        self._sidecars.forget(folder)
        if folder.exists():
            shutil.rmtree(folder)

    def _track(self, path: Path) -> StoredTrack | BrokenTrack | None:
        try:
            size = path.stat().st_size if path.is_file() else None
            described = self._sidecars.read_track(path.with_suffix(".json"))
        except (SidecarUnreadable, OSError) as error:
            # A recorder killed before it could write the sidecar has written no sound either.
            return None if size == 0 else BrokenTrack(path, None, str(error))
        if size is None:
            return BrokenTrack(path, described.name, f"{path.name} is missing or not a file")
        if described.started_s is None and size:
            return BrokenTrack(path, described.name, f"{path.stem}.json does not say when the sound begins")
        samples = size // SAMPLE_BYTES  # a write cut short may leave half a sample
        return StoredTrack(
            described.participant,
            described.name,
            described.source,
            described.started_s or 0.0,
            path,
            samples,
            shared_microphone=described.shared_microphone,
        )

    def _listened(self, track: StoredTrack) -> StoredTrack:
        """The track with what was found to be speech in it, as far as its sound is here."""
        path = track.path.with_suffix(".speech")
        try:
            if path.exists():
                return replace(track, speech=self._sidecars.read_speech(path).within(track.samples))
        except SidecarUnreadable as error:
            log.warning("track is listened to anew", cause=str(error))
        return track

    # For a spool that machines share; in this one the sound lies where it is read.

    def has_sound(self, meeting: MeetingId) -> bool:
        """Whether any track of the meeting was recorded, be it readable or not.

        Raises:
            OSError: that cannot be told.
        """
        return bool(self.tracks(meeting))

    def share(self, meeting: MeetingId) -> None:
        """Bring what this process has recorded and not yet shared to where it is read; may be repeated at will.

        Raises:
            OSError: some of it could not be brought there, and waits on the disk for the next time.
        """

    def drop_local(self, meeting: MeetingId) -> None:
        """Share the rest of a meeting that is no longer recorded here, then let go of the copy that it was written to.

        Raises:
            OSError: it is not wholly shared, and nothing was dropped.
        """

    def leftovers(self) -> list[MeetingId]:
        """The meetings that this process, or the one before it, recorded and has not let go of."""
        return []

    def fetch(self, meeting: MeetingId) -> None:
        """Get what is shared of a meeting, to be read here; may be repeated, and goes on where it was cut short.

        Raises:
            OSError: it could not all be had.
        """

    def drop_fetched(self, meeting: MeetingId) -> None:
        """Let go of what `fetch` got, once it has been read.

        Raises:
            OSError: something could not be removed.
        """
        self._sidecars.forget(self.folder(meeting))
