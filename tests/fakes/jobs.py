"""What the recorder and the speech process do for a meeting, without sound from anywhere and without a model."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from bot.store.register import Register
from bridge.livekit.ids import RECORDER, CallId, ParticipantId, TrackId
from bridge.livekit.sound import SpokenTrack
from tests.fakes.calls import FakeCalls
from tests.fakes.waiting import until
from transcripts.assembling.gaps import Gap
from transcripts.assembling.transcript import FailedTrack, Stats, Transcript
from transcripts.assembling.turns import Turn
from transcripts.minutes.claims import Minutes
from transcripts.recognition.recogniser import Word
from transcripts.storage.archive import Archive
from transcripts.storage.spool import MeetingId, Spool

LONGEST_S = 60.0
LOOK_EVERY_S = 0.02


@dataclass
class FakeRecorder:
    """Writes a second of sound, then stays until the call is over or it is put out."""

    calls: FakeCalls
    spool: Spool
    speaks: bool = True
    """Whether there is a track to record."""
    breaks_off: str | None = None
    """Ends at once, with this problem."""
    says_when_done: bool = True
    """Whether it comes back at all: a recorder that was killed does not."""
    begun: list[MeetingId] = field(default_factory=list)
    done: list[MeetingId] = field(default_factory=list)

    async def work(self, meeting: MeetingId) -> str | None:
        """Record one meeting."""
        self.begun.append(meeting)
        if self.speaks:
            await asyncio.to_thread(self._write, meeting)
        call = CallId(meeting)
        await until(lambda: self.breaks_off is not None or self._is_out(call), within_s=LONGEST_S)
        await until(lambda: self.says_when_done, within_s=LONGEST_S)
        self.done.append(meeting)
        return self.breaks_off or ""

    def _is_out(self, call: CallId) -> bool:
        return call in self.calls.over or (call, RECORDER) in self.calls.removed

    def _write(self, meeting: MeetingId) -> None:
        writer = self.spool.writer(meeting)
        track = writer.open_track(SpokenTrack(ParticipantId("p-Claire"), "Claire", TrackId("TR_1"), "microphone"))
        track.write(bytes(32000), 1.0)
        writer.close()


@dataclass
class FakeSpeech:
    """Puts a transcript of `turns` into the archive, once the meeting is recorded and it `may_finish`."""

    archive: Archive
    turns: tuple[Turn, ...]
    failed_tracks: tuple[FailedTrack, ...] = ()
    gaps: tuple[Gap, ...] = ()
    minutes: Minutes | None = None
    problem: str = ""
    may_finish: bool = True
    damages: bool = False
    """Whether the transcript is damaged on disk."""
    breaks_off: str | None = None
    """Ends at once, with this problem, while the call goes on."""
    register: Register | None = None
    begun: list[MeetingId] = field(default_factory=list)

    async def work(self, meeting: MeetingId) -> str | None:
        """Transcribe one meeting."""
        self.begun.append(meeting)
        while self.register is not None and (known := await self.register.get(meeting)) is not None:
            if not known.transcribed:
                return ""
            if known.recorded_at is not None or known.finished_at is not None:
                break
            if self.breaks_off is not None:
                problem, self.breaks_off = self.breaks_off, None
                return problem
            await asyncio.sleep(LOOK_EVERY_S)
        await until(lambda: self.may_finish, within_s=LONGEST_S)
        if not self.problem:
            made = transcript(self.turns, self.failed_tracks, self.gaps, meeting=meeting)
            self.archive.write(replace(made, minutes=self.minutes))
        if self.damages:
            self.archive._file(meeting).write_bytes(b"{")
        return self.problem


def turn(speaker: str, text: str, start_s: float = 0.0, language: str = "fr") -> Turn:
    """Somebody says these words, three a second."""
    words = text.split(" ")
    return Turn(
        speaker,
        language,
        tuple(Word(f" {word}", start_s + n / 3, start_s + (n + 1) / 3, 0.9) for n, word in enumerate(words)),
    )


def transcript(
    turns: tuple[Turn, ...],
    failed_tracks: tuple[FailedTrack, ...] = (),
    gaps: tuple[Gap, ...] = (),
    *,
    meeting: str = "m-1",
    title: str = "Point budget",
) -> Transcript:
    """A transcript of these turns."""
    return Transcript(
        meeting_id=MeetingId(meeting),
        title=title,
        language="fr",
        started_at=datetime(2026, 11, 12, 13, 5, tzinfo=UTC),
        duration_s=60.0,
        speakers=tuple(dict.fromkeys(turn.speaker for turn in turns)),
        turns=turns,
        failed_tracks=failed_tracks,
        stats=Stats(tracks=1, windows=1, audio_s=60.0, speech_s=30.0, cpu_s=1.0),
        gaps=gaps,
    )
