"""The recorder's job: what it does about servers that go away, disks that are full, and other recorders."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from bot.durable.signals import Signal
from bot.store.register import Meeting, Register
from bot.work.recording import Recorder
from bridge.livekit.ids import CallId, ParticipantId, TrackId
from bridge.livekit.overlooked import Published
from bridge.livekit.recorder import EndReason, RecorderDisconnected, RecordingEnd, SoundNotWritten
from bridge.livekit.sound import SoundSink, SpokenTrack
from tests.fakes.calls import FakeCalls
from tests.fakes.waiting import until
from tests.unit.bot.samples import settings
from transcripts.storage.bucket import StorageAway
from transcripts.storage.meeting_writer import MeetingWriter
from transcripts.storage.spool import MeetingId, Spool, StoredTrack

Act = Callable[[SoundSink], Awaitable[RecordingEnd]]


class Script:
    """What happens to the recorder, one act for each time that it tries; `told` is what its meeting hears."""

    def __init__(self, *acts: Act) -> None:
        self.tried = 0
        self.told: list[Signal] = []
        self.published: frozenset[TrackId] | None = None
        """What the recorder was told that people make sound with."""
        self._acts = acts

    async def record(self, _url: str, _token: str, sink: SoundSink, *, published: Published) -> RecordingEnd:
        """Stands in for `bridge.livekit.recorder.record`."""
        self.tried += 1
        self.published = await published()
        return await self._acts[min(self.tried, len(self._acts)) - 1](sink)

    async def tell(self, _meeting: MeetingId, signal: Signal) -> bool:
        """Stands in for `bot.durable.signals.tell`."""
        self.told.append(signal)
        return True

    @property
    def heard(self) -> list[tuple[str, str]]:
        """The kinds of the signals, with their problems."""
        return [(signal.kind, signal.problem) for signal in self.told]


def ends(reason: EndReason = "room_closed") -> Act:
    """The call is over, for this recorder at least."""

    async def act(sink: SoundSink) -> RecordingEnd:
        sink.joined(0.0)
        sink.left(1.0, over=reason != "replaced")
        return RecordingEnd(reason)

    return act


def fails(error: Exception, *, after_s: float = 0.0) -> Act:
    """The recorder was in the call, and then this happened."""

    async def act(sink: SoundSink) -> RecordingEnd:
        sink.joined(0.0)
        await asyncio.sleep(after_s)
        sink.left(1.0, over=False)
        raise error

    return act


async def goes_on(sink: SoundSink) -> RecordingEnd:
    """The call goes on for a while, and is over."""
    sink.joined(0.0)
    await asyncio.sleep(0.3)
    sink.left(0.3, over=True)
    return RecordingEnd("room_closed")


@pytest.fixture(autouse=True)
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits that are there for servers and people are short."""
    monkeypatch.setattr("bot.work.recording.TRY_AGAIN_S", 0.02)
    monkeypatch.setattr("bot.work.sharing.TRY_AGAIN_S", 0.02)
    monkeypatch.setattr("bot.work.sharing.SHARE_EVERY_S", 0.02)
    monkeypatch.setattr("bot.work.recording_trouble.STEADY_AFTER_S", 0.1)
    monkeypatch.setattr("bot.store.storing.FIRST_WAIT_S", 0.01)


async def recorded(
    script: Script, register: Register, meeting: Meeting, spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> str | None:
    """Do the job to its end."""
    monkeypatch.setattr("bot.work.recording.record", script.record)
    monkeypatch.setattr("bot.work.recording_trouble.tell", script.tell)
    async with asyncio.timeout(20):
        calls = FakeCalls(sound={CallId(meeting.id): frozenset({TrackId("TR_1")})})
        return await Recorder(settings(spool.folder(meeting.id).parent), register, spool, calls).work(meeting.id)


DISK_FULL = SoundNotWritten(OSError(errno.ENOSPC, "No space left on device"))


async def test_a_call_is_recorded_to_its_end(
    register: Register, meeting: Meeting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One try, nothing to tell; the zero of the meeting's clock is in the register before there is any sound."""
    spool = Spool(tmp_path)
    assert await recorded(script := Script(ends()), register, meeting, spool, monkeypatch) == ""
    assert (script.tried, script.told) == (1, [])
    assert script.published == frozenset({TrackId("TR_1")})  # asked about this call
    known = await register.get(meeting.id)
    assert known is not None
    assert known.recording_began_at is not None
    assert spool.began_at(meeting.id) == pytest.approx(known.recording_began_at.timestamp())
    assert [stay.over for stay in spool.stays(meeting.id)] == [True]


async def test_one_that_another_recorder_replaced_says_nothing_more(
    register: Register, meeting: Meeting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one will."""
    assert await recorded(Script(ends("replaced")), register, meeting, Spool(tmp_path), monkeypatch) is None


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (DISK_FULL, "disk_full"),
        (SoundNotWritten(OSError(errno.EIO, "Input/output error")), "not_written"),
        (RecorderDisconnected("the server was away"), "out_of_the_call"),
    ],
)
async def test_trouble_is_told_once_and_the_recording_goes_on_when_it_is_over(
    register: Register,
    meeting: Meeting,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    problem: str,
) -> None:
    """However often it is tried meanwhile; what was written before stays, and what is missing is known."""
    script = Script(fails(error), fails(error), fails(error), goes_on)
    spool = Spool(tmp_path)
    assert await recorded(script, register, meeting, spool, monkeypatch) == ""
    assert script.tried == 4
    assert script.heard == [("recording_broken", problem), ("recording_resumed", "")]
    assert [stay.over for stay in spool.stays(meeting.id)] == [False, False, False, True]


async def test_a_try_that_fails_at_once_is_no_end_of_the_trouble(
    register: Register, meeting: Meeting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk takes the first bytes and no more: a room is not told so every few seconds."""
    monkeypatch.setattr("bot.work.recording_trouble.STEADY_AFTER_S", 0.5)
    script = Script(*[fails(DISK_FULL, after_s=0.05)] * 5, ends())
    assert await recorded(script, register, meeting, Spool(tmp_path), monkeypatch) == ""
    assert script.heard == [("recording_broken", "disk_full")]


async def test_trouble_that_comes_and_goes_is_not_told_for_ever(
    register: Register, meeting: Meeting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A room is no log."""
    monkeypatch.setattr("bot.work.recording_trouble.STEADY_AFTER_S", 0.01)
    monkeypatch.setattr("bot.work.recording_trouble.MOST_TOLD", 4)
    script = Script(*[fails(DISK_FULL, after_s=0.1)] * 6, ends())
    await recorded(script, register, meeting, Spool(tmp_path), monkeypatch)
    assert len(script.told) == 4


async def test_trouble_that_lasts_to_the_end_of_the_call_is_what_is_said_of_it(
    register: Register, meeting: Meeting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is tried for as long as the meeting goes on, and no longer."""
    script = Script(fails(DISK_FULL))

    async def end() -> None:
        await until(lambda: script.tried > 3)
        await register.end(meeting.id)

    ending = asyncio.create_task(end())
    assert await recorded(script, register, meeting, Spool(tmp_path), monkeypatch) == "disk_full"
    await ending


@pytest.mark.parametrize(("why", "problem"), [("over", ""), ("stopped", ""), ("never begun", "not_begun")])
async def test_a_call_that_is_not_to_be_recorded_any_more_is_left_alone(
    register: Register, meeting: Meeting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, why: str, problem: str
) -> None:
    """Taken up late, the job finds that its time is over; that nothing at all was recorded is not nobody's speaking."""
    if why == "over":
        await register.begin_recording(meeting.id)
    await (register.stop_transcription(meeting.id) if why == "stopped" else register.end(meeting.id))
    assert await recorded(script := Script(ends()), register, meeting, Spool(tmp_path), monkeypatch) == problem
    assert script.tried == 0


@pytest.mark.parametrize("asked", ["get", "begin_recording"])
async def test_a_database_that_is_away_does_not_end_a_recording(
    register: Register, meeting: Meeting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: str
) -> None:
    """The job would count as failed, and the rest of the call be recorded by nobody."""
    answers, away_for = getattr(register, asked), iter(range(3))

    async def later(meeting_id: MeetingId) -> object:
        if next(away_for, None) is not None:
            raise OperationalError("SELECT", {}, OSError())
        return await answers(meeting_id)

    monkeypatch.setattr(register, asked, later)
    assert await recorded(script := Script(ends()), register, meeting, Spool(tmp_path), monkeypatch) == ""
    assert script.tried == 1


class ForgetfulStorage(Spool):
    """A shared spool whose storage is away when it is asked for some times in a row."""

    def __init__(self, folder: Path, *, away_for: int) -> None:
        super().__init__(folder)
        self.away_for = away_for
        self.error: OSError = StorageAway(errno.EHOSTUNREACH, "the bucket does not answer")
        self.shared = 0
        self.dropped: list[MeetingId] = []
        self.left: list[MeetingId] = []
        self.erased: list[MeetingId] = []

    def share(self, meeting: MeetingId) -> None:  # noqa: ARG002 (as the spool's)
        """Bring the sound there."""
        self._ask()
        self.shared += 1

    def drop_local(self, meeting: MeetingId) -> None:
        """Bring the rest there."""
        self._ask()
        self.dropped.append(meeting)

    def leftovers(self) -> list[MeetingId]:
        """What an earlier life left."""
        return self.left

    def erase(self, meeting: MeetingId) -> None:
        """Let go of it."""
        self.erased.append(meeting)

    def _ask(self) -> None:
        if self.away_for:
            self.away_for -= 1
            raise self.error


async def test_sound_is_shared_while_the_call_goes_on_and_the_rest_at_its_end(
    register: Register, meeting: Meeting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the storage does meanwhile is told once, and so is that it is back."""
    spool = ForgetfulStorage(tmp_path, away_for=3)
    assert await recorded(script := Script(goes_on), register, meeting, spool, monkeypatch) == ""
    assert spool.shared > 0
    assert spool.dropped == [meeting.id]
    assert script.heard == [("recording_broken", "storage_away"), ("recording_resumed", "")]


async def test_a_job_is_not_over_before_all_its_sound_is_shared(
    register: Register, meeting: Meeting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who transcribes would miss the end; the meeting knows what it waits for."""
    spool = ForgetfulStorage(tmp_path, away_for=4)
    assert await recorded(script := Script(ends()), register, meeting, spool, monkeypatch) == ""
    assert (spool.away_for, spool.dropped) == (0, [meeting.id])
    assert script.heard == [("recording_broken", "storage_away")]


async def test_a_disk_that_fails_when_the_rest_is_shared_is_tried_again(
    register: Register, meeting: Meeting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is full has no room for the name to share under: the sound is on it, and is not to be given up."""
    spool = ForgetfulStorage(tmp_path, away_for=3)
    spool.error = OSError(errno.ENOSPC, "No space left on device")
    assert await recorded(Script(ends()), register, meeting, spool, monkeypatch) == ""
    assert spool.dropped == [meeting.id]


@pytest.mark.parametrize(
    ("state", "then"),
    [
        ("in the call", "left"),
        ("over", "shared"),
        ("stopped", "erased"),
        ("finished", "erased"),
        ("finished, and not transcribed yet", "shared"),
        ("unknown", "erased"),
    ],
)
async def test_what_an_earlier_life_could_not_share_any_more_is_seen_to(
    register: Register, meeting: Meeting, tmp_path: Path, state: str, then: str
) -> None:
    """Shared where it may still be waited for, and not brought back where it has been erased."""
    spool = ForgetfulStorage(tmp_path, away_for=0)
    spool.left = [MeetingId("m-unknown") if state == "unknown" else meeting.id]
    if state == "stopped":
        await register.stop_transcription(meeting.id)
    if state.startswith(("over", "finished")):
        await register.end(meeting.id)
    if state.startswith("finished"):
        await register.finish(meeting.id)
    if "not transcribed" in state:
        await register.note_undelivered(meeting.id, "untranscribed")
    await Recorder(settings(tmp_path), register, spool, FakeCalls()).sharing.see_to_leftovers()
    assert (spool.dropped, spool.erased) == {
        "left": ([], []),
        "shared": (spool.left, []),
        "erased": ([], spool.left),
    }[then]


async def test_a_disk_that_fails_at_the_end_keeps_no_recorder_from_stopping(
    register: Register, meeting: Meeting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told to stop, it does not begin anew because the last of its sound could not be written."""

    def fail(_writer: MeetingWriter) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    async def lasts(_sink: SoundSink) -> RecordingEnd:
        await asyncio.sleep(60)
        raise AssertionError

    monkeypatch.setattr(MeetingWriter, "close", fail)
    script = Script(lasts)
    recording = asyncio.create_task(recorded(script, register, meeting, Spool(tmp_path), monkeypatch))
    await until(lambda: script.tried == 1)
    recording.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(recording, 5)
    assert script.heard == []


async def test_what_is_recorded_is_listened_to_while_the_call_goes_on(
    register: Register, meeting: Meeting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its words can then be recognised; whatever is left at its end is heard then."""
    monkeypatch.setattr("bot.work.listening.LISTEN_EVERY_S", 0.02)
    spool, settled = Spool(tmp_path), list[int]()

    async def speaks(sink: SoundSink) -> RecordingEnd:
        sink.joined(0.0)
        track = sink.open_track(SpokenTrack(ParticipantId("p"), "Claire", TrackId("TR_1"), "microphone"))
        track.write(bytes(32_000 * 30), 30.0)
        await asyncio.to_thread(sink.sync)
        await until(lambda: settled_samples(spool, meeting.id) > 0, within_s=10)
        settled.append(settled_samples(spool, meeting.id))
        track.write(bytes(32_000 * 2), 32.0)
        track.close()
        sink.left(32.0, over=True)
        return RecordingEnd("room_closed")

    assert await recorded(Script(speaks), register, meeting, spool, monkeypatch) == ""
    assert 0 < settled[0] <= 16_000 * 30
    assert settled_samples(spool, meeting.id) == 16_000 * 32


def settled_samples(spool: Spool, meeting: MeetingId) -> int:
    """How much of the one track was listened to."""
    (track,) = spool.tracks(meeting)
    assert isinstance(track, StoredTrack)
    return track.speech.settled_samples
