"""Machines that record and read the same meetings, for the tests of the shared spool."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from tests.unit.transcripts.sounds import FRAME_SAMPLES, Recorded, samples_of
from transcripts.storage.bucket import Bucket
from transcripts.storage.meeting_writer import MeetingWriter
from transcripts.storage.shared_spool import SharedSpool
from transcripts.storage.spool import MeetingId, Spool, StoredTrack

MEETING = MeetingId("m-1")
NOW = 1_780_000_000.0
CLAIRE = Recorded("Claire", "p-claire", "TR_C")
MARC = Recorded("Marc", "p-marc", "TR_M")

_Kind = TypeVar("_Kind", bound=Bucket)


class Machines(Generic[_Kind]):
    """Machines with a disk each and one bucket; `recorder` again is the recorder after a restart."""

    def __init__(self, folder: Path, bucket: _Kind) -> None:
        self.bucket = bucket
        self.now = NOW
        self._folder = folder

    def recorder(self, name: str = "recorder-1") -> SharedSpool:
        """The spool of the recorder process of this name, on its machine."""
        folder = self.disk(name)
        return SharedSpool(folder / "spool", folder / "fetched", self.bucket, name, lambda: self.now)

    def reader(self, name: str = "speech-1") -> SharedSpool:
        """The spool of a process that reads, on a machine of its own."""
        folder = self.disk(name)
        return SharedSpool(folder / "spool", folder / "fetched", self.bucket, "", lambda: self.now)

    def disk(self, name: str) -> Path:
        """The folder that a machine keeps all it has in."""
        return self._folder / name

    def read(self, meeting: MeetingId = MEETING) -> dict[str, NDArray[np.int16]]:
        """What a machine that has nothing yet finds: the sound of each participant, tracks in a row."""
        shutil.rmtree(self.disk("fresh"), ignore_errors=True)
        spool = self.reader("fresh")
        spool.fetch(meeting)
        return sound_of(spool, meeting)


def sound_of(spool: Spool, meeting: MeetingId = MEETING) -> dict[str, NDArray[np.int16]]:
    """The sound of each participant, tracks in a row; every track must be readable."""
    heard: dict[str, NDArray[np.int16]] = {}
    for track in spool.tracks(meeting):
        assert isinstance(track, StoredTrack)
        heard[track.name] = np.concatenate([heard.get(track.name, np.zeros(0, np.int16)), samples_of(track)])
    return heard


def noise(seconds: float, seed: int) -> NDArray[np.int16]:
    """Sound of which no two stretches are alike."""
    samples = round(seconds * 16_000)
    return np.random.default_rng(seed).integers(-30_000, 30_000, samples, dtype=np.int16)


def speak(writer: MeetingWriter, track: Recorded, sound: NDArray[np.int16]) -> None:
    """Write a track that begins with the meeting."""
    sink = writer.open_track(track)
    for first in range(0, len(sound), FRAME_SAMPLES):
        sink.write(sound[first : first + FRAME_SAMPLES].tobytes(), first / 16_000)


def same(found: dict[str, NDArray[np.int16]], expected: dict[str, NDArray[np.int16]]) -> bool:
    """Whether the same people are heard saying the same."""
    return found.keys() == expected.keys() and all(np.array_equal(found[name], expected[name]) for name in expected)
