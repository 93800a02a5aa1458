"""The speech process's job: a meeting followed while it is recorded, its transcript soon after, whatever happens."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.store.register import Meeting, Register
from bot.work.transcriber import Transcriber
from bridge.matrix.backoff import Backoff
from tests.fakes.speech import ScriptedRecogniser
from tests.fakes.waiting import until
from tests.unit.bot.samples import settings
from tests.unit.transcripts.sounds import Recorded, record, speech
from transcripts.assembling.transcript import Transcript
from transcripts.following import Follower
from transcripts.recognition.heard_words import FILE, HeardWords
from transcripts.recognition.hearing import Hearing
from transcripts.storage.archive import Archive
from transcripts.storage.bucket import StorageAway
from transcripts.storage.spool import BrokenTrack, MeetingId, Spool, StoredTrack

CLAIRE = Recorded("Claire", "p-1", "TR_1")


@pytest.fixture(autouse=True)
def briskly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits that are there for machines with other work are short."""
    monkeypatch.setattr("bot.work.transcriber.LOOK_EVERY_S", 0.02)
    monkeypatch.setattr("bot.work.transcriber.FETCH_EVERY_S", 0.02)
    monkeypatch.setattr("bot.work.transcriber.NOTE_EVERY_S", 0.05)
    monkeypatch.setattr("bot.work.transcriber.AGAIN", Backoff(0.02, 0.02))
    monkeypatch.setattr("bot.store.storing.FIRST_WAIT_S", 0.01)


class Desk:
    """One speech process's job, with all that it works on."""

    def __init__(self, folder: Path, register: Register, meeting: Meeting, recogniser: ScriptedRecogniser) -> None:
        self.register = register
        self.meeting = meeting
        self.recogniser = recogniser
        self.spool = WatchedSpool(folder / "spool")
        self.archive = Archive(folder / "transcripts")
        self._settings = settings(folder)

    async def works(self) -> str | None:
        """Do the job from beginning to end."""
        async with self.working() as job:
            return await asyncio.wait_for(job, 30)

    @asynccontextmanager
    async def working(self) -> AsyncIterator[asyncio.Task[str | None]]:
        """Do the job while the block runs; what is left of it then is let go of."""
        async with Hearing(self.recogniser) as hearing:
            transcriber = Transcriber(self._settings, self.register, self.spool, self.archive, hearing)
            job = asyncio.create_task(transcriber.work(self.meeting.id))
            try:
                yield job
            finally:
                job.cancel()
                await asyncio.gather(job, return_exceptions=True)

    def says(self, lasting_s: float = 14.0) -> None:
        """Somebody speaks, and the recorder finds it to be speech."""
        record(self.spool, self.meeting.id, CLAIRE, speech(0, lasting_s))

    async def is_recorded(self) -> None:
        """The call is over and all of its sound written."""
        await self.register.begin_recording(self.meeting.id)
        await self.register.end(self.meeting.id)
        await self.register.note_recorded(self.meeting.id)


class WatchedSpool(Spool):
    """A spool that says how often it was looked at and fetched, and that fails in between as it is told to."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.looks = 0
        self.dropped = 0
        self.failing: list[Exception] = []

    def tracks(self, meeting: MeetingId) -> list[StoredTrack | BrokenTrack]:
        """See `Spool`."""
        self.looks += 1
        if self.failing:
            raise self.failing.pop()
        return super().tracks(meeting)

    def drop_fetched(self, meeting: MeetingId) -> None:  # noqa: ARG002 (there is one)
        """See `Spool`."""
        self.dropped += 1


@pytest.fixture
def desk(register: Register, meeting: Meeting, tmp_path: Path) -> Desk:
    """A meeting that goes on, of which nothing was recorded yet."""
    return Desk(tmp_path, register, meeting, ScriptedRecogniser())


async def test_a_meeting_is_heard_while_it_is_recorded_and_its_transcript_is_there_when_it_is(desk: Desk) -> None:
    """Nothing is stored before all of its sound is there; how long that took is kept and logged, and not a word."""
    desk.says(30)
    with capture_logs() as logs:
        async with desk.working() as job:
            await until(lambda: desk.spool.looks > 3)
            assert not desk.archive.is_readable(desk.meeting.id)
            await desk.is_recorded()
            assert await asyncio.wait_for(job, 30) == ""
    kept = desk.archive.read(desk.meeting.id)
    assert {turn.speaker for turn in kept.turns} == {"Claire"}
    assert kept.title == "Point budget"
    known = await desk.register.get(desk.meeting.id)
    assert known is not None
    assert known.transcribing_s is not None
    (ready,) = [entry for entry in logs if entry["event"] == "transcript ready"]
    assert {"speech_s", "windows", "tail_s", "minutes_s"} <= ready.keys()
    assert "bonjour" not in str(logs)


async def test_a_transcript_that_is_there_is_not_made_again(desk: Desk) -> None:
    """Begun again after it was stored, the job finds it; one that is damaged is no transcript."""
    desk.says()
    await desk.is_recorded()
    for _ in range(2):
        assert await desk.works() == ""
    assert len(desk.recogniser.asked) == 1
    assert desk.spool.dropped == 2
    desk.archive._file(desk.meeting.id).write_bytes(b"{")
    (desk.spool.folder(desk.meeting.id) / FILE).unlink()
    assert await desk.works() == ""
    assert len(desk.recogniser.asked) == 2
    assert desk.archive.read(desk.meeting.id).turns


async def test_a_job_that_was_let_go_of_goes_on_where_it_was(desk: Desk) -> None:
    """What was heard is not heard again, and what was fetched is still there."""
    desk.says(60)
    async with desk.working():
        journal = HeardWords(desk.spool.folder(desk.meeting.id) / FILE)
        await until(lambda: len(journal.read().windows) == 2)
    before = list(desk.recogniser.asked)
    assert desk.spool.dropped == 0
    await desk.is_recorded()
    assert await desk.works() == ""
    assert desk.spool.dropped == 1
    stats = desk.archive.read(desk.meeting.id).stats
    assert desk.recogniser.asked == before
    assert stats.windows == stats.times_heard == 2
    assert stats.heard_after_the_call == 0


async def test_a_transcription_that_is_stopped_leaves_nothing(desk: Desk) -> None:
    """No transcript, and no journal of what was heard until then."""
    desk.says(60)
    journal = desk.spool.folder(desk.meeting.id) / FILE
    async with desk.working() as job:
        await until(journal.exists)
        await desk.register.stop_transcription(desk.meeting.id)
        assert await asyncio.wait_for(job, 30) == ""
    assert not journal.exists()
    assert desk.archive.ids() == []


async def test_a_transcription_that_was_stopped_between_two_processes_leaves_nothing(desk: Desk) -> None:
    """Whoever comes back and learns that it was stopped has not looked at the meeting yet."""
    desk.says(60)
    journal = desk.spool.folder(desk.meeting.id) / FILE
    async with desk.working():
        await until(journal.exists)
    assert journal.exists()
    await desk.register.stop_transcription(desk.meeting.id)
    assert await desk.works() == ""
    assert not journal.exists()


async def test_a_meeting_that_nobody_knows_any_more_is_let_go_of(desk: Desk) -> None:
    """It was forgotten in the middle."""
    async with desk.working() as job:
        await until(lambda: desk.spool.looks > 1)
        await desk.register.forget(desk.meeting.id)
        assert await asyncio.wait_for(job, 30) == "unknown_meeting"
    assert desk.spool.dropped == 1


async def test_a_meeting_that_was_given_up_is_finished(desk: Desk) -> None:
    """Nobody will say any more that it is recorded; its transcript is there for when it can be posted."""
    desk.says()
    async with desk.working() as job:
        await until(lambda: desk.spool.looks > 1)
        await desk.register.end(desk.meeting.id)
        await desk.register.finish(desk.meeting.id)
        assert await asyncio.wait_for(job, 30) == ""
    assert desk.archive.read(desk.meeting.id).turns


@pytest.mark.parametrize("failure", [OSError(errno.EIO, "Input/output error"), KeyError("ours")])
async def test_a_look_that_fails_loses_nothing(desk: Desk, failure: Exception) -> None:
    """Whatever it is, it is tried again for as long as the call goes on."""
    desk.says()
    desk.spool.failing = [failure] * 5
    async with desk.working() as job:
        await until(lambda: not desk.spool.failing)
        await desk.is_recorded()
        assert await asyncio.wait_for(job, 30) == ""
    assert desk.archive.read(desk.meeting.id).turns


async def test_a_storage_that_is_away_during_the_call_costs_nothing_that_was_begun(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same follower goes on: whose voices it has followed for an hour need not be listened to from the start."""
    begun: list[Follower] = []

    def begin(*what: Any, **how: Any) -> Follower:
        begun.append(Follower(*what, **how))
        return begun[-1]

    monkeypatch.setattr("bot.work.transcriber.Follower", begin)
    desk.says()
    async with desk.working() as job:
        await until(lambda: desk.spool.looks > 1)
        desk.spool.failing = [StorageAway(errno.EHOSTUNREACH, "the bucket does not answer") for _ in range(3)]
        await until(lambda: not desk.spool.failing)
        await desk.is_recorded()
        assert await asyncio.wait_for(job, 30) == ""
    assert len(begun) == 1


async def test_a_transcript_that_another_process_made_meanwhile_stays(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This one was slow and taken for dead; the other's is posted, and its sound may be gone."""
    desk.says()
    await desk.is_recorded()

    async def slowly(made: Transcript, _: object) -> None:
        desk.archive.write(replace(made, title="The other's"))

    monkeypatch.setattr("bot.work.transcriber.minutes.write", slowly)
    assert await desk.works() == ""
    assert desk.archive.read(desk.meeting.id).title == "The other's"


def always(_: object) -> bool:
    """Whatever it is."""
    return True


def up_to(times: int) -> Callable[[object], bool]:
    """The first so many times."""
    left = [True] * times
    return lambda _: bool(left and left.pop())


@pytest.mark.parametrize(
    ("gives_up_on", "failing", "problem"),
    [
        pytest.param(up_to(3), None, "", id="recognition fails for a while"),
        pytest.param(always, None, "failed", id="recognition fails"),
        pytest.param(up_to(0), OSError(errno.ENOSPC, "No space left on device"), "disk_full", id="the disk is full"),
        pytest.param(up_to(0), KeyError("ours"), "failed", id="a fault of our own"),
    ],
)
async def test_what_goes_wrong_in_the_end_is_one_word_to_the_meeting(
    desk: Desk, gives_up_on: Callable[[object], bool], failing: Exception | None, problem: str
) -> None:
    """The operator has the rest in the log."""
    desk.says()
    await desk.is_recorded()
    desk.recogniser.gives_up_on = gives_up_on
    desk.spool.failing = [failing] if failing is not None else []
    assert await desk.works() == problem


async def test_a_storage_that_is_away_is_waited_for(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the sound is there and after the words are: no second of recognition is done twice for it."""
    away = [StorageAway(errno.EHOSTUNREACH, "the bucket does not answer") for _ in range(3)]
    write = desk.archive.write

    def keep(made: Transcript) -> None:
        if away:
            raise away.pop()
        write(made)

    monkeypatch.setattr(desk.archive, "write", keep)
    desk.says()
    await desk.is_recorded()
    assert await desk.works() == ""
    assert (len(desk.recogniser.asked), away) == (1, [])
    assert desk.archive.is_readable(desk.meeting.id)


async def test_how_much_waits_to_be_heard_is_told_while_the_call_goes_on(desk: Desk) -> None:
    """So that whoever waits in the end can be told how long."""
    desk.says()
    async with desk.working():
        async with asyncio.timeout(20):
            while not (known := await desk.register.get(desk.meeting.id)) or known.unheard_s is None:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
    assert known.unheard_s == pytest.approx(8.6, abs=0.5)
