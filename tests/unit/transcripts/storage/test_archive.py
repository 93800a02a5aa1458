"""The archive: transcripts come back as they were kept, from a folder and from a bucket alike."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from config.models import Storage
from tests.fakes.bucket import FakeBucket
from tests.unit.transcripts.transcripts_of import transcript, turn
from transcripts.storage.archive import Archive, BucketArchive, open_archive
from transcripts.storage.spool import MeetingId

MEETING = MeetingId("m-1")


@pytest.fixture(params=["folder", "bucket"])
def archive(request: pytest.FixtureRequest, tmp_path: Path) -> Archive:
    """An empty archive."""
    return Archive(tmp_path / "transcripts") if request.param == "folder" else BucketArchive(FakeBucket())


def test_a_transcript_is_read_as_it_was_written_last(archive: Archive) -> None:
    """A job that is done twice writes it twice."""
    archive.write(transcript(turn("Claire", 0, 2, "bonjour")))
    said = transcript(turn("Claire", 0, 2, "bonjour à tous"))
    archive.write(said)

    assert archive.read(MEETING) == said
    assert archive.is_readable(MEETING)
    assert archive.ids() == [MEETING]


def test_what_is_not_there_is_an_error_to_read_and_none_to_erase(archive: Archive) -> None:
    """Also before anything was ever kept."""
    assert not archive.is_readable(MEETING)
    assert archive.ids() == []
    archive.erase(MEETING)
    with pytest.raises(FileNotFoundError):
        archive.read(MEETING)


def test_erasing_one_transcript_leaves_the_others(archive: Archive) -> None:
    """Retention goes meeting by meeting."""
    other = MeetingId("m-10")
    for meeting in (MEETING, other):
        archive.write(replace(transcript(turn("Claire", 0, 2, "bonjour")), meeting_id=meeting))

    archive.erase(MEETING)

    assert archive.ids() == [other]
    assert not archive.is_readable(MEETING)


def test_nobody_else_can_read_the_transcripts_in_a_folder(tmp_path: Path) -> None:
    """Folder 0700, files 0600."""
    archive = open_archive(Storage(folder=tmp_path))
    archive.write(transcript(turn("Claire", 0, 2, "bonjour")))

    (file,) = (tmp_path / "transcripts").iterdir()
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
