"""The spool gives back what was recorded, whatever happened to the recorder, the disk or the names."""

from __future__ import annotations

import errno
import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from structlog.testing import capture_logs

from tests.fakes.clocks import Clock
from tests.unit.transcripts.sounds import Recorded, record, samples_of
from transcripts.storage.sidecar import NOTHING_SETTLED
from transcripts.storage.spool import BrokenTrack, MeetingId, Spool, StoredTrack

if TYPE_CHECKING:
    from collections.abc import Iterator

MEETING = MeetingId("m-1")
SECOND = np.arange(16_000, dtype=np.int16)


@pytest.fixture
def clock() -> Clock:
    """Time stands still until a test moves it."""
    return Clock(1_000_000.0)


@pytest.fixture
def spool(tmp_path: Path, clock: Clock) -> Spool:
    """An empty spool."""
    return Spool(tmp_path / "spool", clock)


def only(spool: Spool) -> StoredTrack:
    """The one track of the meeting, which must be sound."""
    (track,) = spool.tracks(MEETING)
    assert isinstance(track, StoredTrack)
    return track


@pytest.mark.parametrize("shared", [True, False])
def test_a_shared_microphone_is_read_back_as_one(spool: Spool, shared: bool) -> None:
    """As its participant said, and not otherwise."""
    record(spool, MEETING, Recorded("Salle 3", shared_microphone=shared), SECOND)
    assert only(spool).shared_microphone is shared


def test_a_track_is_read_back_as_it_was_written(spool: Spool) -> None:
    """Who, which source, when it began, and every sample."""
    record(spool, MEETING, Recorded("Claire", "p-claire", source="screen_share_audio"), SECOND, started_s=2.5)

    track = only(spool)

    assert (track.participant, track.name, track.source) == ("p-claire", "Claire", "screen_share_audio")
    assert (track.started_s, track.ended_s) == pytest.approx((2.5, 3.5))
    assert np.array_equal(samples_of(track), SECOND)


def test_tracks_of_one_recorder_share_its_clock(spool: Spool) -> None:
    """Who begins 1.5 s later stands 1.5 s later, and chance delays of single frames move nothing."""
    writer = spool.writer(MEETING)
    first, second = writer.open_track(Recorded("A")), writer.open_track(Recorded("B", "p-2", "TR_2"))
    for n, late_s in enumerate((0.0, 0.3, 0.0, 0.02)):
        first.write(bytes(3200), 5.0 + n * 0.1 + late_s)
    for n, late_s in enumerate((0.4, 0.1, 0.0, 0.2)):
        second.write(bytes(3200), 6.5 + n * 0.1 + late_s)
    writer.close()

    starts_s = [track.started_s for track in spool.tracks(MEETING) if isinstance(track, StoredTrack)]

    assert starts_s[1] - starts_s[0] == pytest.approx(1.5, abs=0.001)


def test_a_second_recorder_goes_on_on_the_same_clock(spool: Spool, clock: Clock) -> None:
    """A recorder that died and came back 60 s later adds its tracks where they belong."""
    record(spool, MEETING, Recorded("Claire"), SECOND)
    clock.now_s += 60.0

    record(spool, MEETING, Recorded("Claire"), SECOND, started_s=0.0)

    tracks = [track for track in spool.tracks(MEETING) if isinstance(track, StoredTrack)]
    assert [track.started_s for track in tracks] == pytest.approx([0.0, 60.0])
    assert len({track.path for track in tracks}) == 2
    assert spool.began_at(MEETING) == 1_000_000.0


def test_the_start_of_a_track_is_known_from_its_first_frame_on(spool: Spool) -> None:
    """A recorder killed before its first sync leaves a track that can be placed."""
    spool.writer(MEETING).open_track(Recorded("Claire")).write(bytes(3200), 3.0)

    assert only(spool).samples == 1600


def test_the_sidecar_exists_before_the_first_sound(spool: Spool) -> None:
    """A track that was opened and never heard is a track without samples."""
    spool.writer(MEETING).open_track(Recorded("Claire"))

    assert only(spool).samples == 0
    assert len(samples_of(only(spool))) == 0


@pytest.mark.parametrize(("kept_bytes", "samples"), [(0, 0), (1, 0), (2, 1), (31_999, 15_999)])
def test_a_file_cut_anywhere_is_read_as_far_as_it_goes(spool: Spool, kept_bytes: int, samples: int) -> None:
    """A full disk or a crash may cut a write in two."""
    record(spool, MEETING, Recorded("Claire"), SECOND)
    os.truncate(only(spool).path, kept_bytes)

    assert np.array_equal(samples_of(only(spool)), SECOND[:samples])


@pytest.mark.parametrize(
    "sidecar",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b'{"participant": "p", "name": "n", "track": "t", "source": "microphone", "started_s": "soon"}',
        b'{"participant": "p", "name": "n", "track": "t", "source": "microphone", "started_s": 1e300}',
        b'{"participant": "p", "name": "n", "track": "t", "source": "microphone", "started_s": NaN}',
        b'{"participant": 3, "name": ["n"], "track": null, "source": "microphone", "started_s": 0}',
        b"[" * 50_000,
    ],
)
def test_a_broken_sidecar_costs_its_own_track_only(spool: Spool, sidecar: bytes) -> None:
    """The other track stands, and the reason names the file and none of its contents."""
    record(spool, MEETING, Recorded("Claire"), SECOND)
    only(spool).path.with_suffix(".json").write_bytes(sidecar)
    record(spool, MEETING, Recorded("Marc", "p-2", "TR_2"), SECOND)

    broken, sound = spool.tracks(MEETING)

    assert isinstance(broken, BrokenTrack)
    assert broken.reason.startswith("00000-TR_1.json")
    assert isinstance(sound, StoredTrack)
    assert sound.name == "Marc"


def test_missing_sound_and_missing_sidecars_are_told(spool: Spool) -> None:
    """With the name where it is known."""
    record(spool, MEETING, Recorded("Claire"), SECOND)
    record(spool, MEETING, Recorded("Marc", "p-2", "TR_2"), SECOND)
    claire, marc = spool.tracks(MEETING)
    claire.path.unlink()
    marc.path.with_suffix(".json").unlink()

    tracks = spool.tracks(MEETING)

    assert [(type(track), track.name) for track in tracks] == [(BrokenTrack, "Claire"), (BrokenTrack, None)]


def test_sound_whose_start_is_unknown_is_told(spool: Spool) -> None:
    """Placing it anywhere would put words into the wrong order."""
    record(spool, MEETING, Recorded("Claire"), SECOND)
    sidecar = only(spool).path.with_suffix(".json")
    sidecar.write_text(json.dumps(json.loads(sidecar.read_text()) | {"started_s": None}))

    (track,) = spool.tracks(MEETING)

    assert isinstance(track, BrokenTrack)
    assert track.name == "Claire"


@pytest.mark.parametrize(
    "speech",
    [
        b"",
        b"{",
        b"[]",
        b'{"settled_samples": -1}',
        b'{"settled_samples": 1.5}',
        b'{"settled_samples": 9, "utterances": [[5, 4]]}',
        b'{"settled_samples": 9, "utterances": "none"}',
        b'{"settled_samples": 9, "utterances": [[0, 1, 2]], "muted": []}',
    ],
)
def test_a_broken_speech_sidecar_is_as_good_as_none(spool: Spool, speech: bytes) -> None:
    """The track is listened to anew; the log names the file and none of its contents."""
    record(spool, MEETING, Recorded("Claire"), SECOND)
    only(spool).path.with_suffix(".speech").write_bytes(speech)

    with capture_logs() as logs:
        track = only(spool)

    assert track.speech == NOTHING_SETTLED
    assert [(entry["event"], entry["cause"].split()[0]) for entry in logs] == [
        ("track is listened to anew", "00000-TR_1.speech")
    ]


def test_what_was_found_in_sound_that_is_gone_is_not_settled(spool: Spool) -> None:
    """A machine lost the last of it with its power."""
    record(spool, MEETING, Recorded("Claire"), SECOND)
    assert only(spool).speech.settled_samples == 16_000
    os.truncate(only(spool).path, 20_000)

    assert only(spool).speech.settled_samples == 10_000


HOSTILE = ["../../etc/passwd", "/", "..", "", "a\0b", "x" * 5000, "é\u202e", "\ud800", "CON", ".new"]


@pytest.mark.parametrize("foreign", HOSTILE)
def test_hostile_ids_and_names_stay_inside_the_spool(tmp_path: Path, foreign: str) -> None:
    """Ids come from outside; whatever they hold, files land in the meeting's folder and can be read back."""
    spool = Spool(tmp_path / "spool")
    meeting = MeetingId(foreign)
    record(spool, meeting, Recorded(foreign, foreign, foreign, foreign), SECOND)

    (track,) = spool.tracks(meeting)

    assert isinstance(track, StoredTrack)
    assert track.source == "unknown"
    assert list(_files(tmp_path)) == list(_files(tmp_path / "spool" / spool.folder(meeting).name))
    assert spool.folder(meeting).parent == tmp_path / "spool"


def test_two_ids_never_share_a_folder(spool: Spool) -> None:
    """Also where one looks like the name made for the other."""
    folders = {spool.folder(MeetingId(name)) for name in HOSTILE}
    folders |= {spool.folder(MeetingId(folder.name)) for folder in folders}

    assert len(folders) == 2 * len(HOSTILE) - 1  # "CON" is harmless and stays itself


def test_half_a_sample_is_refused(spool: Spool) -> None:
    """It would turn the rest of the track into noise."""
    sink = spool.writer(MEETING).open_track(Recorded("Claire"))

    with pytest.raises(ValueError, match="16-bit"):
        sink.write(b"abc", 0.0)


def test_a_closed_track_takes_no_sound_and_what_it_had_stays(spool: Spool) -> None:
    """Closing twice is closing once."""
    writer = spool.writer(MEETING)
    sink = writer.open_track(Recorded("Claire"))
    sink.write(bytes(3200), 0.0)
    sink.close()
    sink.close()

    with pytest.raises(OSError, match="closed"):
        sink.write(bytes(3200), 0.1)
    writer.close()
    writer.close()
    assert only(spool).samples == 1600


def test_synced_and_closed_tracks_hold_no_files_open(spool: Spool) -> None:
    """A long meeting has many tracks: people mute by leaving and coming back."""
    before = len(list(Path("/proc/self/fd").iterdir()))
    writer = spool.writer(MEETING)
    for n in range(20):
        sink = writer.open_track(Recorded("Claire", track=f"TR_{n}"))
        sink.write(bytes(3200), float(n))
        sink.close()
    writer.sync()

    assert len(list(Path("/proc/self/fd").iterdir())) == before
    writer.close()


def test_nobody_else_can_read_the_sound(spool: Spool) -> None:
    """Folder 0700, files 0600."""
    record(spool, MEETING, Recorded("Claire"), SECOND)

    assert spool.folder(MEETING).stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in _files(spool.folder(MEETING))} == {0o600}


def test_a_damaged_meeting_file_still_tells_about_when_it_began(spool: Spool, clock: Clock) -> None:
    """And a recorder that comes back does not start the clock anew."""
    record(spool, MEETING, Recorded("Claire"), SECOND)
    meeting_file = spool.folder(MEETING) / "meeting.json"
    meeting_file.write_bytes(b"{")
    os.utime(meeting_file, (clock.now_s, clock.now_s))
    clock.now_s += 30.0

    record(spool, MEETING, Recorded("Claire"), SECOND)

    assert [track.started_s for track in spool.tracks(MEETING) if isinstance(track, StoredTrack)] == [0.0, 30.0]


def stays(spool: Spool) -> list[tuple[float, float, bool]]:
    """The stays of the meeting."""
    return [(stay.joined_s, stay.left_s, stay.over) for stay in spool.stays(MEETING)]


def test_the_meeting_s_zero_is_what_the_first_writer_was_told(spool: Spool, clock: Clock) -> None:
    """Whoever comes later keeps to it."""
    spool.writer(MEETING, clock.now_s - 20.0)
    spool.writer(MEETING, clock.now_s + 20.0).joined(0.0)

    assert spool.began_at(MEETING) == clock.now_s - 20.0
    assert stays(spool) == [(20.0, 20.0, False)]


def test_a_stay_reaches_to_the_last_sync_and_then_to_its_end(spool: Spool, clock: Clock) -> None:
    """A recorder that is killed leaves a stay that ends where its sound was last synced."""
    writer = spool.writer(MEETING, clock.now_s - 100.0)
    writer.joined(2.0)
    assert stays(spool) == [(100.0, 100.0, False)]
    clock.now_s += 5.25
    writer.sync()
    assert stays(spool) == [(100.0, 105.25, False)]
    clock.now_s += 2.0
    writer.left(8.0, over=True)
    writer.sync()
    assert stays(spool) == [(100.0, 106.0, True)]
    clock.now_s += 60.0
    writer.close()
    assert stays(spool) == [(100.0, 106.0, True)]


def test_each_stay_has_its_own_file_whoever_writes_it(spool: Spool, clock: Clock) -> None:
    """One recorder back in the call, and another that takes its place."""
    first = spool.writer(MEETING)
    first.joined(0.0)
    first.left(10.0, over=False)
    first.joined(12.0)
    clock.now_s += 20.0
    second = spool.writer(MEETING)
    second.joined(0.0)
    first.left(20.5, over=False)
    first.close()
    second.left(30.0, over=True)
    second.close()

    assert stays(spool) == [(0.0, 10.0, False), (12.0, 20.5, False), (20.0, 50.0, True)]
    assert spool.tracks(MEETING) == []


@pytest.mark.parametrize(
    "sidecar",
    [
        b"",
        b"[]",
        b'{"joined_s": 0, "left_s": "late"}',
        b'{"joined_s": 0, "left_s": NaN}',
        b'{"joined_s": 0, "left_s": 1e300}',
        b'{"joined_s": -1, "left_s": 5}',
        b'{"joined_s": 9, "left_s": 5}',
        b'{"joined_s": 0, "left_s": 5, "over": "yes"}',
    ],
)
def test_a_damaged_stay_costs_only_itself(spool: Spool, sidecar: bytes) -> None:
    """The others stand, and so does the sound."""
    record(spool, MEETING, Recorded("Claire"), SECOND)
    writer = spool.writer(MEETING)
    writer.joined(0.0)
    writer.left(4.0, over=False)
    writer.joined(5.0)
    writer.close()
    (spool.folder(MEETING) / "stay-00000.json").write_bytes(sidecar)

    assert stays(spool) == [(5.0, 5.0, False)]
    assert only(spool).samples == 16_000


def test_a_clock_that_jumps_leaves_stays_that_can_be_read(spool: Spool, clock: Clock) -> None:
    """Back before the meeting, or on by years."""
    writer = spool.writer(MEETING)
    writer.joined(0.0)
    for jumps_to in (0.0, 9e9):
        clock.now_s = jumps_to
        writer.sync()

    assert stays(spool) == [(0.0, 7 * 24 * 3600.0, False)]


@pytest.mark.parametrize("away_s", [-9e8, 9e8])
def test_a_clock_that_is_wrong_at_a_restart_costs_no_sound(spool: Spool, clock: Clock, away_s: float) -> None:
    """A machine that comes back years off: where the words stand is wrong, and they are there."""
    record(spool, MEETING, Recorded("Claire"), SECOND)
    clock.now_s += away_s

    record(spool, MEETING, Recorded("Claire"), SECOND)

    tracks = [track for track in spool.tracks(MEETING) if isinstance(track, StoredTrack)]
    assert [track.samples for track in tracks] == [16_000, 16_000]
    assert tracks[0].started_s <= tracks[1].started_s


def test_a_recorder_on_a_machine_whose_clock_is_behind_begins_at_zero(spool: Spool, clock: Clock) -> None:
    """And time passes for its stay as for its sound."""
    writer = spool.writer(MEETING, clock.now_s + 3.0)
    writer.joined(1.0)
    writer.open_track(Recorded("Claire")).write(bytes(32000), 4.0)
    clock.now_s += 10.0
    writer.sync()

    assert stays(spool) == [(1.0, 11.0, False)]
    assert only(spool).started_s == pytest.approx(4.0)


def test_a_stay_that_the_disk_does_not_take_is_an_error_of_the_disk(spool: Spool) -> None:
    """As for sound: the recording stops and says so."""
    writer = spool.writer(MEETING)
    writer.joined(0.0)
    writer.left(1.0, over=True)
    spool.erase(MEETING)

    with pytest.raises(OSError, match="No such file"):
        writer.sync()
    with pytest.raises(OSError, match="No such file"):
        writer.joined(2.0)


def test_syncs_and_the_end_of_a_stay_may_meet(spool: Spool) -> None:
    """The sync that was going on when a recording ended runs beside the one that follows it."""
    writer = spool.writer(MEETING)
    with ThreadPoolExecutor(8) as pool:
        for n in range(20):
            writer.joined(float(n))
            syncs = [pool.submit(writer.sync) for _ in range(4)]
            writer.left(n + 0.5, over=False)
            syncs += [pool.submit(writer.sync) for _ in range(4)]
            for sync in syncs:
                sync.result()

    assert stays(spool) == [(float(n), n + 0.5, False) for n in range(20)]


def test_sound_stops_while_others_still_have_room_on_the_disk(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was written stays and can be closed; no other writer begins."""
    writer = spool.writer(MEETING)
    writer.open_track(Recorded("Claire")).write(bytes(32000), 1.0)
    writer.sync()
    monkeypatch.setattr("transcripts.storage.room_left.LEFT_BYTES", 2**70)

    with pytest.raises(OSError, match="are left on the disk") as full:
        writer.sync()
    assert full.value.errno == errno.ENOSPC
    writer.close()
    assert only(spool).samples == 16000
    with pytest.raises(OSError, match="are left on the disk"):
        spool.writer(MEETING)


def test_erasing_removes_the_sound_and_may_be_repeated(spool: Spool) -> None:
    """Nothing of the meeting is left, and other meetings are."""
    record(spool, MEETING, Recorded("Claire"), SECOND)
    record(spool, MeetingId("m-2"), Recorded("Claire"), SECOND)

    spool.erase(MEETING)
    spool.erase(MEETING)

    assert not spool.folder(MEETING).exists()
    assert spool.tracks(MEETING) == []
    assert spool.began_at(MEETING) is None
    assert len(spool.tracks(MeetingId("m-2"))) == 1


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())
