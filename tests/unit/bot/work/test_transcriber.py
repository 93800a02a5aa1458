"""The speech process's job: from stored sound to a transcript in the archive, however often it is begun."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import pytest

from bot.store.register import Meeting, Register
from bot.work.transcriber import Transcriber
from tests.fakes.jobs import transcript, turn
from tests.unit.bot.samples import settings
from transcripts.assembling.transcript import Transcript
from transcripts.recognition.recogniser import RecognitionFailed
from transcripts.storage.archive import Archive
from transcripts.storage.bucket import StorageAway
from transcripts.storage.spool import MeetingId, Spool


class Speech:
    """Stands in for `transcripts.transcribe.transcribe`, with what it is asked and what it raises."""

    def __init__(self, *failures: Exception) -> None:
        self.asked: list[dict[str, Any]] = []
        self._failures = list(failures)

    def transcribe(self, meeting: MeetingId, _title: str, *_: object, **named: Any) -> Transcript:
        """Give a transcript, once the failures are used up."""
        self.asked.append(named)
        if self._failures:
            raise self._failures.pop(0)
        return transcript((turn("Claire", "Bonjour"),), meeting=meeting)


@pytest.fixture
async def meeting(register: Register, meeting: Meeting) -> Meeting:
    """A meeting whose call was recorded and is over."""
    await register.begin_recording(meeting.id)
    await register.end(meeting.id)
    return meeting


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    """An empty archive."""
    return Archive(tmp_path / "transcripts")


async def transcribed(
    speech: Speech,
    register: Register,
    meeting: Meeting,
    archive: Archive,
    monkeypatch: pytest.MonkeyPatch,
    *,
    folder: Path,
) -> str | None:
    """Do the job."""
    monkeypatch.setattr("bot.work.transcriber.transcribe", speech.transcribe)
    recogniser: Any = None  # the stand-in asks nothing of it
    return await Transcriber(settings(folder), register, Spool(folder), archive, recogniser).work(meeting.id)


async def test_a_meeting_is_transcribed_once_and_how_long_that_took_is_kept(
    register: Register, meeting: Meeting, archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Begun again after its transcript was stored, the job finds it there; the call's end is known for the gaps."""
    speech = Speech()
    for _ in range(2):
        assert await transcribed(speech, register, meeting, archive, monkeypatch, folder=tmp_path) == ""
    (asked,) = speech.asked
    assert asked["ended_s"] >= 0
    known = await register.get(meeting.id)
    assert known is not None
    assert known.transcribing_s is not None


async def test_a_transcript_that_is_damaged_is_made_anew(
    register: Register, meeting: Meeting, archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that cannot be read is no transcript."""
    archive.write(transcript((), meeting=meeting.id))
    archive._file(meeting.id).write_bytes(b"{")
    assert await transcribed(Speech(), register, meeting, archive, monkeypatch, folder=tmp_path) == ""
    assert archive.read(meeting.id).turns


@pytest.mark.parametrize(
    ("failures", "problem"),
    [
        pytest.param([RecognitionFailed("out of memory")], "", id="recognition fails once"),
        pytest.param([RecognitionFailed("out of memory")] * 2, "failed", id="recognition fails twice"),
        pytest.param([OSError(errno.ENOSPC, "No space left on device")], "disk_full", id="the disk is full"),
        pytest.param([KeyError("ours")], "failed", id="a fault of our own"),
    ],
)
async def test_what_goes_wrong_is_one_word_to_the_meeting(
    register: Register,
    meeting: Meeting,
    archive: Archive,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    failures: list[Exception],
    problem: str,
) -> None:
    """The operator has the rest in the log."""
    speech = Speech(*failures)
    assert await transcribed(speech, register, meeting, archive, monkeypatch, folder=tmp_path) == problem


async def test_a_storage_that_is_away_is_waited_for(
    register: Register, meeting: Meeting, archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the sound is there and after the words are: no minute of recognition is done twice for it."""
    monkeypatch.setattr("bot.store.storing.FIRST_WAIT_S", 0.01)
    away = [StorageAway(errno.EHOSTUNREACH, "the bucket does not answer") for _ in range(3)]
    write = archive.write

    def keep(made: Transcript) -> None:
        if away:
            raise away.pop()
        write(made)

    monkeypatch.setattr(archive, "write", keep)
    speech = Speech()
    assert await transcribed(speech, register, meeting, archive, monkeypatch, folder=tmp_path) == ""
    assert (len(speech.asked), away) == (1, [])
    assert archive.is_readable(meeting.id)
