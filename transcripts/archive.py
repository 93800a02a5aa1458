"""The archive: the transcripts of meetings on disk, one JSON file each, written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from transcripts.sidecar import file_name
from transcripts.spool import MeetingId
from transcripts.transcript import Transcript


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
        file = self._file(transcript.meeting_id)
        new = file.with_suffix(".new")
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as stream:
            stream.write(transcript.to_json())
            stream.flush()
            os.fsync(stream.fileno())
        new.replace(file)

    def read(self, meeting: MeetingId) -> Transcript:
        """The transcript of a meeting.

        Raises:
            OSError: There is none, or it cannot be read.
            TranscriptUnreadable: It is damaged.
        """
        return Transcript.from_json(self._file(meeting).read_bytes())

    def erase(self, meeting: MeetingId) -> None:
        """Forget the transcript of a meeting; what is not there is gone already.

        Raises:
            OSError: It cannot be removed.
        """
        self._file(meeting).unlink(missing_ok=True)

    def _file(self, meeting: MeetingId) -> Path:
        return self._folder / f"{file_name(meeting)}.json"
