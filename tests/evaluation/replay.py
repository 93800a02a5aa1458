"""A call put through Greffier's own code, from the recorder's output to transcript and minutes, faster than it lasted.

Sound is written as the recorder writes it, and listened to after each sync; a follower looks meanwhile, once for each
sync. The replay waits until recognition has nothing left to do but windows that may still grow, which is how a call
finds it while it goes on; so what is left to do at the end is what would be left in real time.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from config.models import Speech, Summary
from tests.evaluation.calls import Call, Microphone
from tests.evaluation.encoder import counted
from tests.evaluation.hang_ups import AfterHangUp, HangUps
from transcripts.assembling.transcript import Transcript
from transcripts.diarization.voices import Diarizer
from transcripts.following import Follower
from transcripts.minutes.writing import write
from transcripts.recognition.hearing import Hearing
from transcripts.recognition.recogniser import Recogniser
from transcripts.sound import SAMPLE_RATE_HZ
from transcripts.storage.meeting_writer import MeetingWriter, TrackWriter
from transcripts.storage.spool import MeetingId, Spool

FRAME_S: Final = 0.1
"""As the recorder writes."""
SYNC_EVERY_S: Final = 0.9
"""As the recorder syncs."""
BEGAN_AT: Final = 1_750_000_000.0
"""Seconds since 1970; any moment would do."""
_LOOK_AGAIN_S: Final = 0.01
_MEETING: Final = MeetingId("replayed")


@dataclass(frozen=True, slots=True)
class Replayed:
    """What came of a call, and what it took."""

    transcript: Transcript
    after: AfterHangUp
    had_they_left: tuple[AfterHangUp, ...]
    """What would have been left at the earlier moments that were asked for, the latest first."""
    cpu_s: float
    """Of the whole process: writing, listening, recognition, minutes; the loading of models is not counted, nor are the
    earlier moments."""
    windows: int
    """That the encoder worked through."""
    wall_s: float


@dataclass(frozen=True, slots=True)
class _Recorded:
    """A track as the recorder describes it."""

    participant: str
    name: str
    track: str
    shared_microphone: bool
    source: str = "microphone"


class Replay:
    """Greffier around one recogniser; calls are replayed one after the other."""

    def __init__(
        self,
        folder: Path,
        recogniser: Recogniser,
        diarizer: Diarizer | None = None,
        languages: Sequence[str] = Speech().languages,
    ) -> None:
        self._folder = folder
        self._recogniser = recogniser
        self._diarizer = diarizer
        self._languages = languages

    async def of(self, call: Call, *, real_time_s: float = 0.0, hang_ups_s: Sequence[float] = ()) -> Replayed:
        """Hold a call, the last seconds of it in real time; its sound is erased afterwards.

        Args:
            call: what is to be heard.
            real_time_s: how many seconds of it.
            hang_ups_s: when else it might have ended, in order, in seconds of the call, before the real time.
        """
        clock = _CallClock()
        spool = Spool(self._folder, clock.now)
        hang_ups = HangUps(spool.folder(_MEETING), tuple(hang_ups_s))
        cpu_began_s, began_s = time.process_time(), time.perf_counter()
        try:
            with counted() as encoded:
                async with Hearing(self._recogniser) as hearing:
                    follower = self._follower(call, spool, hearing)
                    try:
                        transcript, after = await _held(call, spool, clock, follower, hearing, hang_ups, real_time_s)
                    finally:
                        await follower.leave_off()
                cpu_s = time.process_time() - cpu_began_s
            wall_s = time.perf_counter() - began_s
            async with Hearing(self._recogniser) as hearing:
                had_they_left = await hang_ups.again(lambda: self._follower(call, spool, hearing))
            return Replayed(transcript, after, had_they_left, cpu_s, encoded.windows, wall_s)
        finally:
            await asyncio.to_thread(spool.erase, _MEETING)

    def _follower(self, call: Call, spool: Spool, hearing: Hearing) -> Follower:
        return Follower(_MEETING, call.title, spool, hearing, languages=self._languages, voices=self._diarizer)


@dataclass
class _CallClock:
    """How late it is in the call."""

    at_s: float = 0.0

    def now(self) -> float:
        return BEGAN_AT + self.at_s


async def _held(
    call: Call,
    spool: Spool,
    clock: _CallClock,
    follower: Follower,
    hearing: Hearing,
    hang_ups: HangUps,
    real_time_s: float,
) -> tuple[Transcript, AfterHangUp]:
    writer = await asyncio.to_thread(spool.writer, _MEETING, BEGAN_AT)
    writer.joined(0.0)
    tracks = [(one, writer.open_track(_described(n, one))) for n, one in enumerate(call.microphones)]
    real_time = _RealTime(call.duration_s - real_time_s)
    while clock.at_s < call.duration_s:
        until_s = min(call.duration_s, clock.at_s + SYNC_EVERY_S)
        await asyncio.to_thread(_speak, tracks, clock.at_s, until_s)
        clock.at_s = until_s
        await asyncio.to_thread(_sync_and_listen, writer)
        await follower.look()
        if not await real_time.come(until_s):
            while not hearing.is_idle:  # noqa: ASYNC110 (nobody in Greffier waits for that)
                await asyncio.sleep(_LOOK_AGAIN_S)
            hang_ups.note(until_s)

    hung_up_s = time.perf_counter()
    writer.left(call.duration_s, over=True)
    await asyncio.to_thread(writer.close)
    closed_s = time.perf_counter()
    transcript = await follower.finish(call.duration_s)
    heard_s = time.perf_counter()
    await write(transcript, Summary())
    complete_s = time.perf_counter()
    return transcript, AfterHangUp(closed_s - hung_up_s, heard_s - closed_s, complete_s - heard_s)


class _RealTime:
    """Waits until it is as late as it is in the call, from some moment of the call on."""

    def __init__(self, from_s: float) -> None:
        self._from_s = from_s
        self._began_s: float | None = None

    async def come(self, at_s: float) -> bool:
        """Wait, if that moment is past; whether it is."""
        if at_s <= self._from_s:
            return False
        if self._began_s is None:
            self._began_s = time.perf_counter()
        await asyncio.sleep(max(0.0, self._began_s + at_s - self._from_s - time.perf_counter()))
        return True


def _described(number: int, microphone: Microphone) -> _Recorded:
    return _Recorded(f"p-{number}", microphone.name, f"TR_{number}", microphone.is_shared)


def _sync_and_listen(writer: MeetingWriter) -> None:
    writer.sync()
    while writer.listen():
        pass


def _speak(tracks: Sequence[tuple[Microphone, TrackWriter]], from_s: float, until_s: float) -> None:
    """Write what all tracks hear, frame by frame."""
    step = round(FRAME_S * SAMPLE_RATE_HZ)
    first, end = round(from_s * SAMPLE_RATE_HZ), round(until_s * SAMPLE_RATE_HZ)
    for microphone, writer in tracks:
        sound = microphone.sound(first, end)
        for start in range(0, len(sound), step):
            writer.write(sound[start : start + step].tobytes(), from_s + start / SAMPLE_RATE_HZ)
