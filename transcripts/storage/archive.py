"""The archive: the transcripts of meetings, one JSON file each, written whole or not at all."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Final

from config.models import Storage
from transcripts.assembling.transcript import Transcript, TranscriptUnreadable
from transcripts.storage import whole_file
from transcripts.storage.bucket import Bucket
from transcripts.storage.sidecar import file_name
from transcripts.storage.spool import MeetingId

_PREFIX: Final = "transcripts"
"""What the transcripts' keys in a bucket begin with."""


def open_archive(storage: Storage) -> Archive:
    """The archive that the settings name: a folder, or a bucket.

    Raises:
        StorageAway: The settings cannot be those of a bucket.
    """
    if storage.s3_bucket is None:
        return Archive(storage.transcripts)
    return BucketArchive(Bucket.open(storage))


class Archive:
    """A folder of transcripts, readable by nobody but the user that Greffier runs as."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, transcript: Transcript) -> None:
        """Keep a transcript, in the place of an earlier one of the same meeting.

        Raises:
            OSError: The disk is full, or the folder cannot be written.
        """
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        whole_file.replace(self._file(transcript.meeting_id), transcript.to_json(), durably=True)

    def read(self, meeting: MeetingId) -> Transcript:
        """The transcript of a meeting.

        Raises:
            OSError: There is none, or it cannot be read.
            TranscriptUnreadable: It is damaged.
        """
        return Transcript.from_json(self._file(meeting).read_bytes())

    def is_readable(self, meeting: MeetingId) -> bool:
        """Whether there is a transcript of a meeting, and not a damaged one.

        Raises:
            OSError: That cannot be told.
        """
        try:
            self.read(meeting)
        except (FileNotFoundError, TranscriptUnreadable):
            return False
        return True

    def erase(self, meeting: MeetingId) -> None:
        """Remove a transcript; what is not there is gone already.

        Raises:
            OSError: It could not be removed.
        """
        whole_file.erase(self._file(meeting))

    def ids(self) -> list[MeetingId]:
        """The meetings of which there is a transcript.

        Raises:
            OSError: That cannot be told.
        """
        return [MeetingId(file.stem) for file in sorted(self._folder.glob("*.json"))]

    def _file(self, meeting: MeetingId) -> Path:
        return self._folder / _name(meeting)


class BucketArchive(Archive):
    """The same in a bucket: what would be an `OSError` of the disk is a `StorageAway`."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket

    def write(self, transcript: Transcript) -> None:
        """Keep a transcript, in the place of an earlier one of the same meeting."""
        self._bucket.put(_key(transcript.meeting_id), transcript.to_json())

    def read(self, meeting: MeetingId) -> Transcript:
        """The transcript of a meeting."""
        return Transcript.from_json(self._bucket.get(_key(meeting)))

    def erase(self, meeting: MeetingId) -> None:
        """Remove a transcript; what is not there is gone already."""
        self._bucket.delete([_key(meeting)])

    def ids(self) -> list[MeetingId]:
        """The meetings of which there is a transcript."""
        return [MeetingId(PurePosixPath(stored.key).stem) for stored in self._bucket.below(_PREFIX)]


def _name(meeting: MeetingId) -> str:
    return f"{file_name(meeting)}.json"


def _key(meeting: MeetingId) -> str:
    return f"{_PREFIX}/{_name(meeting)}"
