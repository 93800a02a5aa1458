"""Where the sound is when its recorder has let go of a meeting: all of it in the bucket, or none of it anywhere."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from pathlib import Path

import pytest

from bot.store.register import Meeting, Register
from bot.work.recording import Recorder
from bridge.livekit.ids import ParticipantId, TrackId
from bridge.livekit.recorder import RecordingEnd
from bridge.livekit.sound import SoundSink, SpokenTrack
from tests.fakes.bucket import FakeBucket
from tests.fakes.calls import FakeCalls
from tests.fakes.waiting import until
from tests.unit.bot.samples import settings
from transcripts.storage.shared_spool import SharedSpool
from transcripts.storage.spool import MeetingId

TRACK = SpokenTrack(ParticipantId("p-claire"), "Claire", TrackId("TR_C"), "microphone")
SOUND = bytes(3200)


class Call:
    """A call in which Claire speaks at once, and which goes on until `over`."""

    def __init__(self) -> None:
        self.over = asyncio.Event()
        self.spoken = asyncio.Event()

    async def record(self, _url: str, _token: str, sink: SoundSink, **_: object) -> RecordingEnd:
        """Stands in for `bridge.livekit.recorder.record`."""
        sink.joined(0.0)
        sink.open_track(TRACK).write(SOUND, 0.1)
        self.spoken.set()
        await self.over.wait()
        sink.left(1.0, over=True)
        return RecordingEnd("room_closed")


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch) -> Call:
    """The call that is recorded; and what waits for servers and people is brisk."""
    call = Call()

    async def tell(*_: object) -> bool:
        return True

    monkeypatch.setattr("bot.work.recording.record", call.record)
    monkeypatch.setattr("bot.work.recording_trouble.tell", tell)
    monkeypatch.setattr("bot.work.recording.TRY_AGAIN_S", 0.02)
    monkeypatch.setattr("bot.work.sharing.TRY_AGAIN_S", 0.02)
    monkeypatch.setattr("bot.work.sharing.SHARE_EVERY_S", 0.02)
    monkeypatch.setattr("bot.work.sharing.LEFTOVERS_EVERY_S", 0.02)
    return call


@pytest.fixture
def bucket() -> FakeBucket:
    """What machines share."""
    return FakeBucket()


@pytest.fixture
def spool(tmp_path: Path, bucket: FakeBucket) -> SharedSpool:
    """The recorder's own."""
    return SharedSpool(tmp_path / "spool", tmp_path / "fetched", bucket, "recorder-1")


@pytest.fixture
def recorder(tmp_path: Path, register: Register, spool: SharedSpool) -> Recorder:
    """One that has recorded nothing yet in this life."""
    return Recorder(settings(tmp_path), register, spool, FakeCalls())


def shared(bucket: FakeBucket) -> int:
    """How many bytes of sound are in the bucket."""
    return sum(stored.size for stored in bucket.below("sound") if ".pcm/" in stored.key)


async def test_a_recorder_that_lost_its_call_to_another_still_shares_what_it_has(
    call: Call, recorder: Recorder, register: Register, meeting: Meeting, spool: SharedSpool, bucket: FakeBucket
) -> None:
    """The bucket was away until it had to go. The call goes on elsewhere, and ends: then nothing is kept here."""
    bucket.puts_left = 0
    job = asyncio.create_task(recorder.work(meeting.id))
    await call.spoken.wait()
    job.cancel()
    with suppress(asyncio.CancelledError):
        await job
    looking = asyncio.create_task(recorder.sharing.keep_seeing_to_leftovers())
    await asyncio.sleep(0.1)
    bucket.puts_left = None
    await until(lambda: shared(bucket) == len(SOUND))
    assert spool.leftovers() == [meeting.id]
    await register.end(meeting.id)
    await until(lambda: spool.leftovers() == [])
    assert shared(bucket) == len(SOUND)
    looking.cancel()
    await asyncio.gather(looking, return_exceptions=True)


async def test_a_recorder_that_is_told_to_stop_leaves_nothing_unshared(
    call: Call, recorder: Recorder, meeting: Meeting, bucket: FakeBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever goes on with the call may be on another machine, and this one not come back."""
    monkeypatch.setattr("bot.work.sharing.SHARE_EVERY_S", 60.0)
    job = asyncio.create_task(recorder.work(meeting.id))
    await call.spoken.wait()
    job.cancel()
    with suppress(asyncio.CancelledError):
        await job
    assert shared(bucket) == len(SOUND)


async def test_what_is_recorded_right_now_is_no_leftover(
    call: Call, recorder: Recorder, register: Register, meeting: Meeting, bucket: FakeBucket
) -> None:
    """Even when the call is over for the others: its last sound is being written."""
    job = asyncio.create_task(recorder.work(meeting.id))
    await call.spoken.wait()
    await register.end(meeting.id)
    await recorder.sharing.see_to_leftovers()
    call.over.set()
    assert await job == ""
    assert shared(bucket) == len(SOUND)


@pytest.mark.parametrize("away", [False, True], ids=["at-once", "after-the-bucket-was-away"])
async def test_sound_that_nobody_wants_any_more_is_nowhere(
    call: Call,
    recorder: Recorder,
    register: Register,
    meeting: Meeting,
    spool: SharedSpool,
    bucket: FakeBucket,
    *,
    away: bool,
) -> None:
    """Somebody in the room stopped the transcription; what is erased meanwhile does not come back."""
    job = asyncio.create_task(recorder.work(meeting.id))
    await until(lambda: shared(bucket) == len(SOUND))
    bucket.puts_left = 0 if away else None
    await register.stop_transcription(meeting.id)
    call.over.set()
    await asyncio.sleep(0.1)
    bucket.puts_left = None
    await job
    assert bucket.below("sound") == []
    assert spool.leftovers() == []


async def test_sound_erased_between_a_look_and_its_sharing_does_not_come_back(
    call: Call,
    recorder: Recorder,
    register: Register,
    meeting: Meeting,
    spool: SharedSpool,
    bucket: FakeBucket,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The front erases when the transcription is stopped, and does not know of a recorder that shares just then."""
    share_the_rest, loop = spool.drop_local, asyncio.get_running_loop()

    def stopped_just_then(meeting_id: MeetingId) -> None:
        asyncio.run_coroutine_threadsafe(register.stop_transcription(meeting_id), loop).result()
        share_the_rest(meeting_id)

    monkeypatch.setattr(spool, "drop_local", stopped_just_then)
    call.over.set()
    await recorder.work(meeting.id)
    assert bucket.below("sound") == []


async def test_the_rest_is_shared_after_what_was_being_shared(
    call: Call, recorder: Recorder, meeting: Meeting, spool: SharedSpool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or an older word on how long the recorder stayed would be the last one, and the transcript would show a gap."""
    at_work: list[str] = []
    share, share_the_rest = spool.share, spool.drop_local

    def slowly(meeting_id: MeetingId) -> None:
        at_work.append("begun")
        time.sleep(0.2)
        share(meeting_id)
        at_work.append("shared")

    def the_rest(meeting_id: MeetingId) -> None:
        at_work.append("the rest")
        monkeypatch.setattr(spool, "share", share)
        share_the_rest(meeting_id)

    monkeypatch.setattr(spool, "share", slowly)
    monkeypatch.setattr(spool, "drop_local", the_rest)
    job = asyncio.create_task(recorder.work(meeting.id))
    await until(lambda: at_work == ["begun"])
    call.over.set()
    await job
    assert at_work == ["begun", "shared", "the rest"]
