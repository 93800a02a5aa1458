"""Writing the sound of a meeting while it lives: one file per track, one per stay, all on the meeting's clock.

A frame goes to the kernel as it comes, so a killed process loses nothing that it was given; `sync` makes it survive
the machine, and `listen` finds out where somebody speaks in it. Both may run in other threads than the rest.
"""

from __future__ import annotations

import errno
import os
import re
import threading
import time
from typing import TYPE_CHECKING, Final, Protocol

from transcripts.sound import SAMPLE_BYTES, seconds
from transcripts.storage import sidecar, sound_file
from transcripts.storage.recording_listener import A_TURN_S, AT_THE_END_S, RecordingListener
from transcripts.storage.room_left import leave_room
from transcripts.storage.sidecar import EARLIEST_START_S, LONGEST_MEETING_S, TrackSidecar
from transcripts.storage.stay_writer import StayWriter
from transcripts.storage.whole_file import sync_folder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from transcripts.sound import StoredSamples

LONGEST_ID_IN_NAME: Final = 40


class RecordedTrack(Protocol):
    """What the writer wants to know of a track."""

    @property
    def participant(self) -> str:
        """The participant's identity in the call."""

    @property
    def name(self) -> str:
        """The name they go by."""

    @property
    def track(self) -> str:
        """The track's id in the call."""

    @property
    def source(self) -> str:
        """`microphone`, `screen_share_audio` or anything else, kept as `unknown`."""

    @property
    def shared_microphone(self) -> bool:
        """Whether its participant said that several people speak into it."""


class MeetingClock:
    """Turns a recorder's seconds into seconds of the meeting, which outlives the recorder."""

    def __init__(self, began_at: float, now: Callable[[], float]) -> None:
        self._began_at = began_at
        self._now = now
        self._recorder_began_at: float | None = None

    def meeting_s(self, arrived_s: float) -> float:
        """A recorder's time in seconds since the meeting began; the first one asked for is that of this moment."""
        if self._recorder_began_at is None:
            self._recorder_began_at = self._now() - arrived_s
            # On a machine whose clock is behind, the meeting would not have begun yet.
            self._began_at = min(self._began_at, self._recorder_began_at)
        return self._recorder_began_at - self._began_at + arrived_s

    def now_s(self) -> float:
        """This moment, in seconds since the meeting began."""
        return max(0.0, self._now() - self._began_at)


class MeetingWriter:
    """Takes the sound of a meeting's tracks; a second writer goes on beside what a first one left."""

    def __init__(self, folder: Path, began_at: float, now: Callable[[], float] = time.time) -> None:
        self._folder = folder
        self._clock = MeetingClock(began_at, now)
        self._tracks: list[TrackWriter] = []
        self._stays: list[StayWriter] = []
        self._listener = RecordingListener()
        self._sync_lock = threading.Lock()
        self._listen_lock = threading.Lock()

    def joined(self, at_s: float) -> None:
        """Note that the recorder has been in the call since then, on its own clock.

        Raises:
            OSError: the disk does not take it.
        """
        self._stays.append(StayWriter(self._folder, self._clock.meeting_s(at_s)))

    def left(self, at_s: float, *, over: bool) -> None:
        """Note that no sound has come since then, and whether there is none left to come; kept with the next `sync`."""
        self._stays[-1].end(self._clock.meeting_s(at_s), over=over)

    def open_track(self, track: RecordedTrack) -> TrackWriter:
        """Make room for a track's sound.

        Raises:
            OSError: the disk does not take it.
        """
        writer = TrackWriter(self._new_file(track.track), _described(track), self._clock)
        self._tracks.append(writer)
        self._listener.follow(writer)
        return writer

    def sync(self) -> None:
        """Wait until the disk has all that was written; meant for a thread of its own.

        Raises:
            OSError: the disk failed, or has no room for more.
        """
        self._sync()
        leave_room(self._folder)

    def listen(self, within_s: float = A_TURN_S) -> bool:
        """Listen to what the disk has, for one turn; meant for a thread of its own. Gives whether there is more."""
        with self._listen_lock:
            return self._listener.listen(within_s)

    def _sync(self) -> None:
        with self._sync_lock:  # the one that was going on when the recording ended may meet the one that follows
            now_s = self._clock.now_s()  # before the sound: no stay says more than the disk has
            for track in list(self._tracks):
                track.sync()
                if track.is_over:
                    self._tracks.remove(track)
            for stay in list(self._stays):
                stay.sync(now_s)
                if stay.is_kept:
                    self._stays.remove(stay)
            sync_folder(self._folder)

    def close(self) -> None:
        """Close every track, wait until the disk has it all and listen to the rest; closing twice does nothing more.

        Raises:
            OSError: the disk failed.
        """
        for track in list(self._tracks):  # the sync that is still going on takes closed ones out
            track.close()
        self._sync()
        self.listen(AT_THE_END_S)

    def _new_file(self, track_id: str) -> Path:
        harmless = re.sub(r"[^A-Za-z0-9_-]", "_", track_id)[:LONGEST_ID_IN_NAME]
        taken = [int(path.name[:5]) for path in self._folder.glob("*.pcm") if path.name[:5].isdigit()]
        path = self._folder / f"{max(taken, default=-1) + 1:05}-{harmless}.pcm"
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        return path


class TrackWriter:
    """Takes one track's sound, 16-bit little-endian mono at 16 kHz; to be listened to as far as the disk has it.

    Attributes:
        path: where it lies. What is silent takes no room there.
        samples: how much of it the disk has.
    """

    def __init__(self, path: Path, described: TrackSidecar, clock: MeetingClock) -> None:
        self.path = path
        self.samples = 0
        self._sidecar_path = path.with_suffix(".json")
        self._described = described
        self._clock = clock
        self._lock = threading.Lock()
        self._sidecar_lock = threading.Lock()
        sidecar.write(self._sidecar_path, described, durably=False)
        self._durable: TrackSidecar | None = None
        self._written_samples = 0
        self._closed = False
        self._file: int | None = os.open(path, os.O_WRONLY | os.O_APPEND)

    def write(self, pcm: bytes, arrived_s: float) -> None:
        """Append a frame that arrived so many seconds after its recorder began.

        Frames carry no time of their own and are late by chance, never early: the track began at the earliest
        beginning that any of its frames speaks for.

        Raises:
            OSError: the disk does not take it (full, gone), or the track is closed.
            ValueError: half a sample.
        """
        if len(pcm) % SAMPLE_BYTES:
            raise ValueError("sound comes in whole 16-bit samples")
        if self._closed or self._file is None:
            raise OSError(errno.EBADF, "the track is closed")
        began_s = self._clock.meeting_s(arrived_s) - seconds(self._written_samples)
        # Where a clock has jumped by a week, its place is wrong; one that nobody reads back would cost the track.
        self._note_beginning(round(min(max(EARLIEST_START_S, began_s), LONGEST_MEETING_S), 4))
        if pcm == bytes(len(pcm)):  # as a muted track sends them: a hole, which reads as zeros
            os.ftruncate(self._file, self._written_samples * SAMPLE_BYTES + len(pcm))
        else:
            rest = memoryview(pcm)
            while rest:
                rest = rest[os.write(self._file, rest) :]
        self._written_samples += len(pcm) // SAMPLE_BYTES

    def sync(self) -> None:
        """Wait until the disk has what was written; a closed track's file is then let go of.

        Raises:
            OSError: the disk failed.
        """
        with self._lock:
            if self._file is None:
                return
            file, last = os.dup(self._file), self._closed  # a copy, so that a slow disk does not hold up `write`
        samples = self._written_samples
        try:
            os.fsync(file)
            self._describe_durably()
            self.samples = samples
        finally:
            os.close(file)
            if last:
                self._release()

    def close(self) -> None:
        """Take no more sound. What there is becomes durable with the next `sync`, so that closing never waits."""
        self._closed = True

    @property
    def is_over(self) -> bool:
        """Whether no more will come, and the disk has all."""
        return self._file is None

    @property
    def participant(self) -> str:
        """Whose it is."""
        return self._described.participant

    @property
    def is_a_microphone(self) -> bool:
        """Whether a person speaks into it."""
        return self._described.source != "screen_share_audio"

    @property
    def started_s(self) -> float:
        """When it began on the meeting's clock, as is known by now."""
        return self._described.started_s or 0.0

    def read(self, first: int, end: int) -> StoredSamples:
        """Some of it, shape (end - first,).

        Raises:
            OSError: it cannot be read, or the file is shorter.
        """
        return sound_file.read(self.path, first, end)

    def _release(self) -> None:
        with self._lock:
            file, self._file = self._file, None
        if file is not None:
            os.close(file)

    def _note_beginning(self, began_s: float) -> None:
        known_s = self._described.started_s
        if known_s is not None and known_s <= began_s:
            return
        self._described = self._described.model_copy(update={"started_s": began_s})
        if known_s is None:  # at once, so that no sound is ever without its place in time
            with self._sidecar_lock:
                sidecar.write(self._sidecar_path, self._described, durably=False)

    def _describe_durably(self) -> None:
        with self._sidecar_lock:
            described = self._described
            if described != self._durable:
                sidecar.write(self._sidecar_path, described, durably=True)
                self._durable = described


def _described(track: RecordedTrack) -> TrackSidecar:
    return TrackSidecar(
        participant=_encodable(track.participant),
        name=_encodable(track.name),
        track=_encodable(track.track),
        source=track.source,  # type: ignore[arg-type]  # an unknown one becomes "unknown"
        shared_microphone=track.shared_microphone,
    )


def _encodable(text: str) -> str:
    return text.encode(errors="replace").decode()
