"""How many meetings at once one recorder process writes: real sound, fed in real time behind the media layer.

What LiveKit's client costs is not in it; everything from the frame in hand to the synced disk is the product's own.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Protocol

from bot.work.listening import Listening
from bridge.livekit.capture import SYNC_EVERY_S
from bridge.livekit.ids import ParticipantId, TrackId
from bridge.livekit.sound import SoundSink, SpokenTrack, TrackSink
from bridge.livekit.track_writing import FRAME_MS
from tests.evaluation.meetings import MEETINGS, load
from tests.load.measure import disk_sync_s, machine, percentile
from tests.load.report import Table
from transcripts.sound import SAMPLE_BYTES, SAMPLE_RATE_HZ
from transcripts.storage.spool import BrokenTrack, MeetingId, Spool

TRACKS_A_MEETING: Final = 2
FRAME_S: Final = FRAME_MS / 1000
FRAME_BYTES: Final = SAMPLE_RATE_HZ * FRAME_MS // 1000 * SAMPLE_BYTES
MOST_LATE_S: Final = 0.1
MOST_BETWEEN_SYNCS_S: Final = 1.0
FIRST: Final = 32
MOST: Final = 2048
HALVINGS: Final = 2
TRIES: Final = 2
"""A number does not hold when it did not so often in a row: a disk has its moments."""
LASTS_S: Final = 5.0
QUICK: Final = 4
QUICK_S: Final = 1.0
BEGINNING_S: Final = 2.0
"""Meetings do not all begin at once: their beginnings are spread over this time, and what it shows is not counted."""

GREFFIER: Final = "Greffier"

Frames = Sequence[bytes]


class Sink(SoundSink, Protocol):
    """What a meeting's sound is written to."""

    def listen(self) -> bool:
        """Take a turn of listening to it; gives whether there is more."""


class Appending:
    """The baseline: every frame of every meeting is appended to one file, and nothing is ever synced."""

    def __init__(self, file: int) -> None:
        self._file = file

    def joined(self, at_s: float) -> None:
        """Keep no note of it."""

    def left(self, at_s: float, *, over: bool) -> None:
        """Keep no note of it."""

    def open_track(self, track: SpokenTrack) -> Appending:  # noqa: ARG002 (all are one)
        """Begin a track, in the same file."""
        return self

    def write(self, pcm: bytes, arrived_s: float) -> None:  # noqa: ARG002 (it keeps no time)
        """Append."""
        os.write(self._file, pcm)

    def sync(self) -> None:
        """Leave it to the kernel."""

    def listen(self) -> bool:
        """Nobody listens to it."""
        return False

    def close(self) -> None:
        """Nothing to end."""


@dataclass
class Fed:
    """What was seen while so many meetings were written for some time."""

    meetings: int
    wall_s: float = 0.0
    cpu_s: float = 0.0
    late_s: list[float] = field(default_factory=list)
    """Of each frame: how long after it was there it had been written."""
    between_syncs_s: list[float] = field(default_factory=list)
    """Of each sync of each meeting: how long after the one before it ended."""
    between_turns_s: list[float] = field(default_factory=list)
    """Of each meeting that was listened to, each time when all of it had been heard: how long since the time before."""
    bytes_fed: int = 0
    bytes_stored: int = 0

    @property
    def holds(self) -> bool:
        """Whether the promise was kept: frames written at once, and at most a second that a dead machine can lose."""
        return percentile(self.late_s, 99) <= MOST_LATE_S and max(self.between_syncs_s) <= MOST_BETWEEN_SYNCS_S

    def row(self, how: str) -> tuple[str, ...]:
        """Itself, in a table."""
        cpu = self.cpu_s / self.wall_s / (self.meetings * TRACKS_A_MEETING)
        late = (f"{percentile(self.late_s, percent) * 1000:.1f}" for percent in (50, 99))
        return (
            str(self.meetings),
            how,
            f"{cpu:.2%}".replace("%", " %"),
            f"{self.cpu_s / self.wall_s:.2f}",
            *late,
            f"{max(self.between_syncs_s):.2f}",
            f"{max(self.between_turns_s, default=0.0):.2f}" if how == GREFFIER else "—",
            "yes" if self.holds else "no",
        )


@dataclass
class Heard:
    """A sink whose turns of being listened to are noted."""

    sink: Sink
    fed: Fed
    heard_s: float

    def listen(self) -> bool:
        """Take a turn."""
        more = self.sink.listen()
        if not more:
            now_s = time.perf_counter()
            self.fed.between_turns_s.append(now_s - self.heard_s)
            self.heard_s = now_s
        return more


async def feed(sinks: Sequence[Sink], frames: Sequence[Frames], lasts_s: float) -> Fed:
    """Feed every sink two tracks of frames in real time, each at its own moment; sync and listen as a recorder does."""
    fed, listening = Fed(len(sinks)), Listening()
    began_s = time.perf_counter()
    ends_at_s = began_s + BEGINNING_S + lasts_s
    async with asyncio.TaskGroup() as tasks:
        for number, sink in enumerate(sinks):
            begins_at_s = began_s + BEGINNING_S * number / len(sinks)
            tasks.create_task(_keep_synced(sink, fed, listening, begins_at_s, ends_at_s))
            for track in range(TRACKS_A_MEETING):
                said = frames[(number * TRACKS_A_MEETING + track) % len(frames)]
                tasks.create_task(_speak(sink, track, said, fed, begins_at_s, ends_at_s))
        await asyncio.sleep(BEGINNING_S)
        fed.late_s.clear()
        fed.between_syncs_s.clear()
        fed.between_turns_s.clear()
        counted_s, cpu_counted_s = time.perf_counter(), time.process_time()
    fed.wall_s, fed.cpu_s = time.perf_counter() - counted_s, time.process_time() - cpu_counted_s
    return fed


async def _speak(sink: Sink, number: int, said: Frames, fed: Fed, begins_at_s: float, ends_at_s: float) -> None:
    due_s = begins_at_s + random.uniform(0, FRAME_S)  # noqa: S311 (people do not speak in step)
    spoken = SpokenTrack(ParticipantId(f"p{number}"), f"Personne {number}", TrackId(f"TR_{number}"), "microphone")
    track: TrackSink | None = None
    begin = random.randrange(len(said))  # noqa: S311 (nor do they all begin with the same)
    for frame in itertools.islice(itertools.cycle(said), begin, None):
        await asyncio.sleep(due_s - time.perf_counter())
        if due_s > ends_at_s:
            break
        if track is None:
            track = sink.open_track(spoken)
        track.write(frame, due_s - begins_at_s)
        fed.late_s.append(time.perf_counter() - due_s)
        fed.bytes_fed += len(frame)
        due_s += FRAME_S


async def _keep_synced(sink: Sink, fed: Fed, listening: Listening, begins_at_s: float, ends_at_s: float) -> None:
    """As `Capture` does, and `Recorder` beside it."""
    await asyncio.sleep(begins_at_s - time.perf_counter())
    sink.joined(0.0)
    synced_s = begins_at_s
    async with listening.during(Heard(sink, fed, begins_at_s)):
        while synced_s < ends_at_s:
            await asyncio.sleep(SYNC_EVERY_S)
            await asyncio.to_thread(sink.sync)
            now_s = time.perf_counter()
            fed.between_syncs_s.append(now_s - synced_s)
            synced_s = now_s
    sink.left(ends_at_s - begins_at_s, over=True)


def recorded() -> list[Frames]:
    """The sound of everyone in the recorded meetings, cut into frames."""
    meetings = [load(folder) for folder in sorted(MEETINGS.glob("dev?"))]
    return [_cut(sound.tobytes()) for meeting in meetings for sound in meeting.sound]


def _cut(pcm: bytes) -> Frames:
    return [pcm[at : at + FRAME_BYTES] for at in range(0, len(pcm) - FRAME_BYTES, FRAME_BYTES)]


async def written(folder: Path, meetings: int, frames: Sequence[Frames], lasts_s: float) -> Fed:
    """Have so many meetings written by the spool, and look at what it then has."""
    with TemporaryDirectory(dir=folder) as inside:
        spool = Spool(Path(inside))
        ids = [MeetingId(f"m-{number}") for number in range(meetings)]
        writers = [spool.writer(meeting) for meeting in ids]
        fed = await feed(writers, frames, lasts_s)
        for writer in writers:
            writer.close()
        fed.bytes_stored = sum(_stored_bytes(spool, meeting) for meeting in ids)
        return fed


def _stored_bytes(spool: Spool, meeting: MeetingId) -> int:
    return sum(0 if isinstance(track, BrokenTrack) else track.samples * SAMPLE_BYTES for track in spool.tracks(meeting))


async def appended(folder: Path, meetings: int, frames: Sequence[Frames], lasts_s: float) -> Fed:
    """Have the same sound appended to one file."""
    with _file_in(folder) as file:
        return await feed([Appending(file) for _ in range(meetings)], frames, lasts_s)


@contextmanager
def _file_in(folder: Path) -> Iterator[int]:
    path = folder / "appended.pcm"
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    try:
        yield file
    finally:
        os.close(file)
        path.unlink()


async def search(folder: Path, frames: Sequence[Frames]) -> list[Fed]:
    """Ever more meetings until the machine cannot hold the promise, then what lies between, in ever smaller steps."""
    tried: list[Fed] = []

    async def holds(meetings: int) -> bool:
        for _ in range(TRIES):
            fed = await written(folder, meetings, frames, LASTS_S)
            print(f"  {meetings} meetings: {'held' if fed.holds else 'not held'}", flush=True)
            if fed.holds:
                break
        tried.append(fed)
        return fed.holds

    held, broken = 0, FIRST
    while broken <= MOST and await holds(broken):
        held, broken = broken, broken * 2
    for _ in range(HALVINGS if held and broken <= MOST else 0):
        middle = (held + broken) // 2
        if await holds(middle):
            held = middle
        else:
            broken = middle
    return sorted(tried, key=lambda fed: fed.meetings)


async def run(folder: Path, *, quick: bool = False) -> list[Table]:
    """Measure; nothing may be lost on the way.

    Raises:
        AssertionError: the spool does not have all that it was fed.
    """
    # In a recorder process, the durable work sees to it that threads do not wait for each other.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(max_workers=sys.maxsize))
    frames = recorded()
    tried = [await written(folder, QUICK, frames, QUICK_S)] if quick else await search(folder, frames)
    if any(fed.bytes_stored != fed.bytes_fed for fed in tried):
        raise AssertionError("sound was lost on the way to the disk")
    held = max((fed.meetings for fed in tried if fed.holds), default=0)
    rows: list[tuple[str, ...]] = []
    for fed in tried:
        rows.append(fed.row(GREFFIER))
        if fed.meetings in (held, tried[-1].meetings):
            rows.append(
                (await appended(folder, fed.meetings, frames, QUICK_S if quick else LASTS_S)).row("plain append")
            )
    return [
        Table(
            "Meetings at once that one recorder process writes",
            (
                "meetings",
                "how",
                "of a core, a track",
                "cores in all",
                "frame written, ms p50",
                "p99",
                "longest between syncs, s",
                "longest between turns of listening, s",
                "promise held",
            ),
            tuple(rows),
            note=(
                f"{TRACKS_A_MEETING} tracks each, real recorded sound in frames of {FRAME_MS} ms, in real time, from "
                "behind the media layer (what LiveKit’s client costs comes on top), and listened to as it comes. The "
                f"promise: 99 of 100 frames are written within {MOST_LATE_S * 1000:.0f} ms, and no sync is older than "
                f"{MOST_BETWEEN_SYNCS_S:.0f} s. Where the machine is too slow, listening falls behind first. "
                f"{held} meetings hold. Plain append: the same frames to one file, never synced, in the same run; "
                f"{machine(disk_sync_s(folder))}."
            ),
        )
    ]
