"""What is missing from a recording, and that it is known: the recorder killed in mid-speech, its server restarted."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import numpy as np
import pytest

from bridge.livekit.recorder import RecordingEnd, record
from bridge.livekit.tokens import recorder_token
from tests.fakes.following import transcript_of
from tests.fakes.speech import ScriptedRecogniser
from tests.integration.livekit.conftest import settings_of
from tests.integration.livekit.people import in_call, tone, until
from tests.integration.livekit.test_recorder import LIMITS, token_for
from tests.stack.livekit import running_livekit
from tests.unit.transcripts.sounds import samples_of
from transcripts.assembling.gaps import gaps
from transcripts.storage.spool import MeetingId, Spool, StoredTrack

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from bridge.livekit.calls import Calls
    from bridge.livekit.ids import CallId
    from config.models import LiveKit
    from transcripts.assembling.gaps import Gap

MEETING = MeetingId("m-1")


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    """Where the sound of the test goes."""
    return Spool(tmp_path / "spool")


def heard(spool: Spool) -> list[StoredTrack]:
    """The tracks that hold any sound; all of them must be sound."""
    found = spool.tracks(MEETING)
    tracks = [track for track in found if isinstance(track, StoredTrack)]
    assert tracks == found
    return [track for track in tracks if track.samples > 16_000]


def last_sound_s(track: StoredTrack) -> float:
    """When, in seconds of the meeting, the last loud sample was."""
    loud = np.flatnonzero(np.abs(samples_of(track).astype(np.int32)) > 2000)
    return track.started_s + int(loud[-1]) / 16_000


def now_s(spool: Spool) -> float:
    """This moment on the meeting's clock."""
    return time.time() - (spool.began_at(MEETING) or 0)


@asynccontextmanager
async def recording_process(settings: LiveKit, call: CallId, folder: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process that records the call for as long as the block lasts, unless it is killed before."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.integration.livekit.recording_process", stdin=asyncio.subprocess.PIPE
    )
    token = recorder_token(settings, call, limits=LIMITS)
    task = {"url": settings.url, "token": token, "spool": str(folder), "meeting": MEETING}
    try:
        assert process.stdin is not None
        process.stdin.write(json.dumps(task).encode())
        process.stdin.close()
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


@asynccontextmanager
async def recorded_here(settings: LiveKit, call: CallId, spool: Spool) -> AsyncIterator[asyncio.Task[RecordingEnd]]:
    """The call is recorded in this process for as long as the block lasts."""
    writer = spool.writer(MEETING)
    recording = asyncio.create_task(record(settings.url, recorder_token(settings, call, limits=LIMITS), writer))
    try:
        yield recording
    finally:
        recording.cancel()
        await asyncio.gather(recording, return_exceptions=True)
        writer.close()


async def test_a_killed_recorder_loses_a_second_at_most_and_what_follows_is_a_gap(
    settings: LiveKit, call: CallId, calls: Calls, spool: Spool, tmp_path: Path
) -> None:
    """SIGKILL in mid-speech: the sound until then is there, and the transcript says from when to when there is none."""
    async with in_call(settings.url, token_for(settings, call, "ana")) as ana:
        (await ana.speak_up()).say(tone(120))
        async with recording_process(settings, call, tmp_path / "spool") as first:
            await until(lambda: bool(heard(spool)) and heard(spool)[0].samples > 48_000, within_s=30)
            killed_at_s = now_s(spool)
            first.kill()
            await first.wait()
        async with recording_process(settings, call, tmp_path / "spool") as second:
            await until(lambda: len(heard(spool)) == 2, within_s=30)
            await calls.close(call)
            await asyncio.wait_for(second.wait(), 15)

    before, after = heard(spool)
    assert last_sound_s(before) > killed_at_s - 1
    transcript = await transcript_of(spool, MEETING, ScriptedRecogniser(), ended_s=now_s(spool) + 60)
    (gap,) = transcript.gaps
    assert_covers(gap, from_s=last_sound_s(before), to_s=after.started_s)


async def test_a_server_that_restarts_leaves_a_gap_from_its_end_to_our_return(
    tmp_path: Path, spool: Spool, call: CallId
) -> None:
    """Counted from when the sound stopped, and not from when the recorder gave the connection up."""
    async with running_livekit(tmp_path) as server:
        settings = settings_of(server)
        async with recorded_here(settings, call, spool) as recording:
            with suppress(TimeoutError):
                async with in_call(settings.url, token_for(settings, call, "ana")) as ana:
                    (await ana.speak_up()).say(tone(60))
                    await until(lambda: bool(heard(spool)), within_s=15)
                    killed_at_s = now_s(spool)
                    await server.process.kill()
            await asyncio.sleep(max(0.0, killed_at_s + 5 - now_s(spool)))
            await server.start()
            async with in_call(settings.url, token_for(settings, call, "bob")) as bob:
                (await bob.speak_up()).say(tone(60))
                await until(lambda: len(heard(spool)) == 2, within_s=15)
                assert not recording.done()

    before, after = heard(spool)
    (gap,) = gaps(spool.stays(MEETING), None)
    assert gap.start_s == pytest.approx(killed_at_s, abs=0.7)
    assert gap.lasted_s > 4.5
    assert_covers(gap, from_s=last_sound_s(before), to_s=after.started_s)


async def test_a_server_that_falls_silent_is_missed_from_its_last_packet_on(
    tmp_path: Path, spool: Spool, call: CallId
) -> None:
    """The connection is not seen to break for some 15 s, while the streams go on with zeros."""
    async with running_livekit(tmp_path) as server:
        settings = settings_of(server)
        async with (
            recorded_here(settings, call, spool) as recording,
            in_call(settings.url, token_for(settings, call, "ana")) as ana,
        ):
            (await ana.speak_up()).say(tone(120))
            await until(lambda: bool(heard(spool)), within_s=15)
            frozen_at_s = now_s(spool)
            os.kill(server.process.pid, signal.SIGSTOP)
            try:
                await until(lambda: now_s(spool) - spool.stays(MEETING)[0].left_s > 5, within_s=40)
            finally:
                os.kill(server.process.pid, signal.SIGCONT)
            await until(lambda: len(spool.stays(MEETING)) > 1, within_s=30)
            assert not recording.done()

    (gap,) = gaps(spool.stays(MEETING), None)
    assert gap.start_s == pytest.approx(frozen_at_s, abs=1.5)
    assert gap.lasted_s > 5


def assert_covers(gap: Gap, *, from_s: float, to_s: float) -> None:
    """The gap is the time without sound: it begins a second too early at most, and ends before there is sound again."""
    assert from_s - 1.2 < gap.start_s < from_s + 0.5
    assert to_s - 5 < gap.end_s < to_s + 0.1
