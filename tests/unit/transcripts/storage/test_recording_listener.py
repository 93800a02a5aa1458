"""A recorder listens while it records: what is settled stands beside the sound, and nothing of it harms a recording."""

from __future__ import annotations

import subprocess
import sys
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from structlog.testing import capture_logs

from tests.unit.transcripts.listening.tracks import meeting, speech_s, with_bleed
from tests.unit.transcripts.sounds import FRAME_SAMPLES, Recorded, noise, samples_of, speech
from transcripts.listening.call import CallListening
from transcripts.listening.rest import listen_to_rest
from transcripts.listening.voice_activity import VoiceActivity
from transcripts.sound import SAMPLE_RATE_HZ, Probabilities, Samples, StoredSamples
from transcripts.storage import sidecar
from transcripts.storage.meeting_writer import MeetingWriter, TrackWriter
from transcripts.storage.recording_listener import RecordingListener
from transcripts.storage.sidecar import NOTHING_SETTLED, SpeechSidecar
from transcripts.storage.spool import MeetingId, Spool, StoredTrack

MEETING = MeetingId("m-1")
FRAMES_TO_A_SYNC = 9


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    """An empty spool."""
    return Spool(tmp_path / "spool")


def found(spool: Spool) -> list[SpeechSidecar]:
    """What stands beside the sound of each track."""
    return [track.speech for track in spool.tracks(MEETING) if isinstance(track, StoredTrack)]


def opened(writer: MeetingWriter, tracks: int) -> list[TrackWriter]:
    """Tracks of as many people."""
    return [writer.open_track(Recorded(f"Speaker {n}", f"p-{n}", f"TR_{n}")) for n in range(tracks)]


def go_on(writer: MeetingWriter, sinks: list[TrackWriter], sounds: list[StoredSamples], first: int = 0) -> None:
    """Write sound as it comes in a call, listened to after a sync every 0.9 s."""
    for n, begin in enumerate(range(first, max(map(len, sounds)), FRAME_SAMPLES), start=1):
        for sink, sound in zip(sinks, sounds, strict=True):
            sink.write(sound[begin : begin + FRAME_SAMPLES].astype("<i2").tobytes(), begin / SAMPLE_RATE_HZ)
        if n % FRAMES_TO_A_SYNC == 0:
            writer.sync()
            writer.listen()


def test_at_the_end_of_a_call_all_is_settled(spool: Spool) -> None:
    """And is what would be found in the sound after the call: everybody's own words."""
    sounds = with_bleed(meeting("dev2"), -20)
    writer = spool.writer(MEETING)
    go_on(writer, opened(writer, len(sounds)), sounds)
    writer.close()

    tracks = [track for track in spool.tracks(MEETING) if isinstance(track, StoredTrack)]

    assert [track.speech.settled_samples for track in tracks] == [track.samples for track in tracks]
    assert listen_to_rest(tracks) == [track.speech for track in tracks]
    clean = listen_to_rest_of(spool, meeting("dev2"))
    for track, expected in zip(tracks, clean, strict=True):
        assert speech_s(track.speech) == pytest.approx(speech_s(expected), rel=0.1)


def listen_to_rest_of(spool: Spool, sounds: list[StoredSamples]) -> list[SpeechSidecar]:
    """What is found in sound that is recorded all at once."""
    other = MeetingId("m-2")
    writer = spool.writer(other)
    for sink, sound in zip(opened(writer, len(sounds)), sounds, strict=True):
        sink.write(sound.astype("<i2").tobytes(), len(sound) / SAMPLE_RATE_HZ)
    writer.close()
    return [track.speech for track in spool.tracks(other) if isinstance(track, StoredTrack)]


def test_utterances_are_there_while_the_call_goes_on(spool: Spool) -> None:
    """Seconds after they ended."""
    writer = spool.writer(MEETING)
    go_on(writer, opened(writer, 1), [speech(0, 14)])

    (heard,) = found(spool)

    assert heard.utterances[-1][1] / SAMPLE_RATE_HZ == pytest.approx(11.2, abs=0.4)
    assert 11 * SAMPLE_RATE_HZ < heard.settled_samples <= 14 * SAMPLE_RATE_HZ
    writer.close()


def test_a_track_that_ends_early_is_settled_after_the_next_sync(spool: Spool) -> None:
    """The others go on."""
    writer = spool.writer(MEETING)
    leaves, stays = opened(writer, 2)
    go_on(writer, [leaves, stays], [speech(0, 8), speech(0, 8)])
    leaves.close()
    writer.sync()
    writer.listen()

    heard = found(spool)

    assert heard[0].settled_samples == 8 * SAMPLE_RATE_HZ
    assert heard[1].settled_samples < 8 * SAMPLE_RATE_HZ
    writer.close()


def test_silence_is_noted_seldom(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file for each track at each sync would keep a disk busy."""
    written: list[str] = []
    write = sidecar.write

    def counted(path: Path, content: SpeechSidecar, *, durably: bool) -> None:
        written.append(path.suffix)
        write(path, content, durably=durably)

    monkeypatch.setattr(sidecar, "write", counted)
    writer = spool.writer(MEETING)
    go_on(writer, opened(writer, 1), [noise(60)])
    writer.close()

    assert 4 <= written.count(".speech") <= 7
    assert found(spool) == [SpeechSidecar(settled_samples=60 * SAMPLE_RATE_HZ, is_complete=True)]


def test_a_failing_model_is_told_once_and_the_sound_is_kept(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the speech process then listens to itself."""
    writer = spool.writer(MEETING)

    def broken(activity: VoiceActivity, samples: Samples) -> Probabilities:
        raise RuntimeError("no")

    with monkeypatch.context() as patched, capture_logs() as logs:
        patched.setattr(VoiceActivity, "push", broken)
        go_on(writer, opened(writer, 2), [speech(0, 14), speech(2, 14)])
        writer.close()

    told = [(entry["event"], entry["file"], entry["cause"]) for entry in logs]
    assert told == [
        ("track is not listened to while it is recorded", f"0000{n}-TR_{n}.pcm", "RuntimeError") for n in range(2)
    ]
    assert found(spool) == [NOTHING_SETTLED, NOTHING_SETTLED]
    (complete, _) = listen_to_rest([track for track in spool.tracks(MEETING) if isinstance(track, StoredTrack)])
    assert isinstance(complete, SpeechSidecar)
    assert complete.utterances


@pytest.mark.parametrize("name", ["follow", "listen"])
def test_whatever_goes_wrong_in_listening_stops_no_recording(
    spool: Spool, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """It is told once; what comes then is left to the speech process."""

    def broken(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(CallListening, name, broken)
    with capture_logs() as logs:
        writer = spool.writer(MEETING)
        go_on(writer, opened(writer, 1), [speech(0, 14)])
        writer.close()

    assert [entry["event"] for entry in logs] == ["recording is not listened to any more while it lasts"]
    (track,) = spool.tracks(MEETING)
    assert isinstance(track, StoredTrack)
    assert (track.samples, track.speech) == (14 * SAMPLE_RATE_HZ, NOTHING_SETTLED)


def test_without_a_model_a_recorder_records(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says so once."""

    def missing(activity: VoiceActivity) -> None:
        raise ImportError("no onnxruntime")

    monkeypatch.setattr(VoiceActivity, "__init__", missing)
    with capture_logs() as logs:
        writer = spool.writer(MEETING)
        go_on(writer, opened(writer, 1), [speech(0, 4)])
        writer.close()

    assert [entry["event"] for entry in logs] == ["recordings are not listened to while they last"]
    assert found(spool) == [NOTHING_SETTLED]


def test_speech_that_the_disk_does_not_take_stops_no_recording(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told once, and tried again."""
    write, failing = sidecar.write, [True]

    def full(path: Path, content: SpeechSidecar, *, durably: bool) -> None:
        if failing[0] and path.suffix == ".speech":
            raise OSError("full")
        write(path, content, durably=durably)

    monkeypatch.setattr(sidecar, "write", full)
    writer = spool.writer(MEETING)
    sinks = opened(writer, 1)
    with capture_logs() as logs:
        go_on(writer, sinks, [speech(0, 14)])
    assert [entry["event"] for entry in logs] == ["track is not listened to while it is recorded"]
    assert found(spool) == [NOTHING_SETTLED]

    failing[0] = False
    writer.close()
    (heard,) = found(spool)
    assert heard.settled_samples == 14 * SAMPLE_RATE_HZ


def test_a_turn_of_listening_lasts_no_longer_than_it_may_and_the_next_catches_up(spool: Spool) -> None:
    """On a machine that is too slow for a while, all meetings are listened to in turns."""
    writer = spool.writer(MEETING)
    (sink,) = opened(writer, 1)
    sink.write(speech(0, 40).astype("<i2").tobytes(), 40.0)
    sink.sync()
    seconds = count()
    listener = RecordingListener(clock=lambda: float(next(seconds)))
    listener.follow(sink)

    assert listener.listen(within_s=12.0)  # there is more
    (before,) = found(spool)
    assert 5 * SAMPLE_RATE_HZ < before.settled_samples < 15 * SAMPLE_RATE_HZ

    sink.close()
    sink.sync()
    assert not listener.listen(within_s=1000.0)
    (after,) = found(spool)
    assert after.settled_samples == 40 * SAMPLE_RATE_HZ
    writer.close()


def test_only_what_the_disk_has_is_listened_to(spool: Spool) -> None:
    """A machine that loses its power has no sidecar that says more than the sound."""
    writer = spool.writer(MEETING)
    (sink,) = opened(writer, 1)
    sink.write(np.zeros(30 * SAMPLE_RATE_HZ, np.int16).tobytes(), 30.0)
    listener = RecordingListener()
    listener.follow(sink)

    listener.listen()
    assert found(spool) == [NOTHING_SETTLED]

    sink.sync()
    listener.listen()
    assert found(spool)[0].settled_samples > 25 * SAMPLE_RATE_HZ
    writer.close()


def test_a_track_is_as_long_as_the_disk_has_it_and_over_once_it_has_all(spool: Spool) -> None:
    """Whoever listens to it learns no more."""
    writer = spool.writer(MEETING)
    (sink,) = opened(writer, 1)
    sink.write(np.arange(SAMPLE_RATE_HZ, dtype=np.int16).tobytes(), 1.0)
    assert sink.samples == 0

    sink.sync()
    assert np.array_equal(sink.read(5, sink.samples), np.arange(5, SAMPLE_RATE_HZ))
    with pytest.raises(OSError, match="ends after"):
        sink.read(0, sink.samples + 1)

    sink.close()
    assert not sink.is_over
    sink.sync()
    assert sink.is_over
    writer.close()


def test_who_only_reads_the_spool_loads_no_model() -> None:
    """The front reads it too, and keeps its memory small."""
    code = (
        "import sys; import transcripts.storage.shared_spool; "
        "sys.exit(bool({'onnxruntime', 'transcripts.listening.voice_activity'} & set(sys.modules)))"
    )

    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_each_recorder_listens_to_its_own_tracks(spool: Spool) -> None:
    """One that died, and the one after it: the rest of the first is left to the speech process."""
    first = spool.writer(MEETING)
    go_on(first, opened(first, 1), [speech(0, 14)])  # and it is killed
    second = spool.writer(MEETING)
    go_on(second, opened(second, 1), [speech(0, 14)])
    second.close()

    left, whole = found(spool)

    assert left.utterances
    assert left.settled_samples < 14 * SAMPLE_RATE_HZ
    assert whole.settled_samples == 14 * SAMPLE_RATE_HZ


@pytest.mark.parametrize("killed", [True, False])
def test_zeros_take_no_room_and_stay_in_place(spool: Spool, killed: bool) -> None:
    """A muted track between two words, before anything was said, and at the end; also when nobody closes it."""
    zeros = np.zeros(20 * SAMPLE_RATE_HZ, np.int16)
    sound = np.concatenate([zeros, speech(4, 6), zeros, speech(6, 8), zeros])
    writer = spool.writer(MEETING)
    (sink,) = opened(writer, 1)
    for begin in range(0, len(sound), FRAME_SAMPLES):
        sink.write(sound[begin : begin + FRAME_SAMPLES].tobytes(), begin / SAMPLE_RATE_HZ)
    if not killed:
        writer.close()

    (track,) = spool.tracks(MEETING)

    assert isinstance(track, StoredTrack)
    assert np.array_equal(samples_of(track), sound)
    assert track.path.stat().st_blocks * 512 < sound.nbytes / 5
