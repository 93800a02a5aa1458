"""The shared spool: what a recorder wrote is what another machine reads, whoever died and whatever was away between."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from structlog.testing import capture_logs

from config.models import Storage
from tests.fakes.bucket import FakeBucket
from tests.unit.transcripts.machines import CLAIRE, MARC, MEETING, NOW, Machines, noise, same, sound_of
from tests.unit.transcripts.sounds import Recorded, record, speech
from transcripts.storage.bucket import StorageAway
from transcripts.storage.parts import WHOLE_PART_BYTES
from transcripts.storage.shared_spool import SharedSpool, open_spool
from transcripts.storage.spool import MeetingId, StoredTrack


@pytest.fixture
def machines(tmp_path: Path) -> Machines[FakeBucket]:
    """Machines that have recorded nothing."""
    return Machines(tmp_path, FakeBucket())


def test_what_was_recorded_is_read_on_another_machine(machines: Machines[FakeBucket]) -> None:
    """Every byte, whose it is, when it began, also of a track that is longer than a part or was never heard."""
    claire, marc = noise(150, 1), noise(0.3, 2)
    spool = machines.recorder()
    record(spool, MEETING, CLAIRE, claire, started_s=2.5)
    record(spool, MEETING, MARC, marc)
    spool.writer(MEETING).open_track(Recorded("Silent", "p-s", "TR_S"))
    spool.share(MEETING)

    assert same(machines.read(), {"Claire": claire, "Marc": marc, "Silent": np.zeros(0, np.int16)})
    reader = machines.reader()
    reader.fetch(MEETING)
    first = reader.tracks(MEETING)[0]
    assert isinstance(first, StoredTrack)
    assert first.participant == "p-claire"
    assert first.started_s == pytest.approx(2.5)
    assert reader.began_at(MEETING) == spool.began_at(MEETING) == NOW


def test_each_time_only_what_is_new_is_put_and_few_objects_are_left(machines: Machines[FakeBucket]) -> None:
    """Two minutes, shared every two seconds: a byte goes up twice at the most, once alone and once in a whole part."""
    spool = machines.recorder()
    sink = spool.writer(MEETING).open_track(CLAIRE)
    claire = noise(2, 3).tobytes()
    for n in range(70):
        sink.write(claire, n * 2.0)
        before = len(machines.bucket.puts)
        spool.share(MEETING)
        assert len([key for key, _ in machines.bucket.puts[before:] if "/00000-TR_C.pcm/" in key]) <= 2

    recorded = 70 * len(claire)
    sound = [(key, size) for key, size in machines.bucket.puts if ".pcm/" in key]
    left = [stored for stored in machines.bucket.below("sound") if ".pcm/" in stored.key]
    assert sum(size for _, size in sound) <= 2 * recorded + WHOLE_PART_BYTES
    assert sum(stored.size for stored in left) == recorded
    assert len(left) <= recorded // WHOLE_PART_BYTES + WHOLE_PART_BYTES // len(claire) + 1
    puts = len(machines.bucket.puts)
    spool.share(MEETING)
    assert len(machines.bucket.puts) == puts


@pytest.mark.parametrize("shared_at", [100, WHOLE_PART_BYTES - 2, WHOLE_PART_BYTES, WHOLE_PART_BYTES + 6])
def test_a_recorder_killed_between_two_parts_goes_on_where_it_was(
    machines: Machines[FakeBucket], shared_at: int
) -> None:
    """The new process learns from the bucket what is there, and puts the rest."""
    sound = noise(140, 4)
    sink = machines.recorder().writer(MEETING).open_track(CLAIRE)
    sink.write(sound.tobytes()[:shared_at], 0.0)
    machines.recorder().share(MEETING)
    sink.write(sound.tobytes()[shared_at:], shared_at / 32_000)
    before = len(machines.bucket.puts)

    machines.recorder().share(MEETING)

    put = sum(size for key, size in machines.bucket.puts[before:] if ".pcm/" in key)
    assert put <= len(sound) * 2 - shared_at + WHOLE_PART_BYTES
    assert same(machines.read(), {"Claire": sound})


@pytest.mark.parametrize("puts", range(8))
@pytest.mark.parametrize("restarted", [False, True])
def test_a_bucket_away_at_any_moment_costs_nothing(machines: Machines[FakeBucket], puts: int, restarted: bool) -> None:
    """What had been put before can be read as far as it goes, and what waited on the disk comes when it is back."""
    expected = {"Claire": noise(70, 5), "Marc": noise(1, 6)}
    spool = machines.recorder()
    record(spool, MEETING, CLAIRE, expected["Claire"])
    record(spool, MEETING, MARC, expected["Marc"])
    machines.bucket.puts_left = puts
    with pytest.raises(StorageAway):
        spool.share(MEETING)
    machines.bucket.puts_left = None
    for name, heard in machines.read().items():
        assert np.array_equal(heard, expected[name][: len(heard)])

    (machines.recorder() if restarted else spool).share(MEETING)

    assert same(machines.read(), expected)


def test_parts_that_could_not_be_removed_do_no_harm(machines: Machines[FakeBucket]) -> None:
    """A recorder that dies when it has put a whole part, and not yet removed the small ones, leaves both."""
    sound = noise(80, 7)
    spool = machines.recorder()
    sink = spool.writer(MEETING).open_track(CLAIRE)
    for second in range(0, 60, 10):
        sink.write(sound[second * 16_000 : (second + 10) * 16_000].tobytes(), second)
        spool.share(MEETING)
    sink.write(sound[60 * 16_000 :].tobytes(), 60)
    machines.bucket.deletes_fail = True
    with pytest.raises(StorageAway):
        spool.share(MEETING)
    machines.bucket.deletes_fail = False

    machines.recorder().share(MEETING)

    assert sum(stored.size for stored in machines.bucket.below("sound") if ".pcm/" in stored.key) > sound.nbytes
    assert same(machines.read(), {"Claire": sound})


def test_recorders_on_two_machines_do_not_collide(machines: Machines[FakeBucket]) -> None:
    """Both number their tracks from zero, and may have recorded the same one."""
    first, second = noise(1, 8), noise(1, 9)
    record(machines.recorder("recorder-1"), MEETING, CLAIRE, first)
    machines.now += 30
    record(machines.recorder("recorder-2"), MEETING, CLAIRE, second)
    machines.recorder("recorder-1").share(MEETING)
    machines.recorder("recorder-2").share(MEETING)

    heard = machines.read()["Claire"]

    assert sorted([heard[:16_000].tobytes(), heard[16_000:].tobytes()]) == sorted([first.tobytes(), second.tobytes()])


def test_a_recorder_that_comes_back_to_a_meeting_writes_over_nothing(machines: Machines[FakeBucket]) -> None:
    """Its disk is empty again, so its files have the names that they had before."""
    spool = machines.recorder()
    record(spool, MEETING, CLAIRE, noise(1, 10))
    spool.drop_local(MEETING)
    record(spool, MEETING, CLAIRE, noise(1, 11))
    spool.drop_local(MEETING)

    assert len(machines.read()["Claire"]) == 32_000


def test_a_part_that_is_gone_leaves_the_others_in_their_place(machines: Machines[FakeBucket]) -> None:
    """Silence stands where it was, and the log says so."""
    sound = noise(3, 12)
    spool = machines.recorder()
    sink = spool.writer(MEETING).open_track(CLAIRE)
    for second in range(3):
        sink.write(sound[second * 16_000 : (second + 1) * 16_000].tobytes(), second)
        spool.share(MEETING)
    machines.bucket.delete(stored.key for stored in machines.bucket.below("sound") if stored.key.endswith("00032000"))

    with capture_logs() as logs:
        heard = machines.read()["Claire"]

    assert np.array_equal(heard[:16_000], sound[:16_000])
    assert not heard[16_000:32_000].any()
    assert np.array_equal(heard[32_000:], sound[32_000:])
    assert [(entry["event"], entry["gap_bytes"]) for entry in logs] == [("sound is missing", 32_000)]


def test_a_gap_in_the_bucket_is_filled_before_the_local_copy_goes(machines: Machines[FakeBucket]) -> None:
    """A put that was given up came late and took the place of a longer part: the bucket's own word is what counts."""
    sound = noise(2, 13)
    spool = machines.recorder()
    record(spool, MEETING, CLAIRE, sound)
    spool.share(MEETING)
    (part,) = [stored for stored in machines.bucket.below("sound") if stored.key.endswith("00000")]
    machines.bucket.put(part.key, sound[:100].tobytes())

    spool.drop_local(MEETING)

    assert same(machines.read(), {"Claire": sound})


@pytest.mark.parametrize("kept_bytes", [0, 1, 32_000, WHOLE_PART_BYTES - 1, WHOLE_PART_BYTES, WHOLE_PART_BYTES + 8])
def test_a_fetch_that_was_cut_short_goes_on(machines: Machines[FakeBucket], kept_bytes: int) -> None:
    """The process died in the middle: the next one gets the rest, and not what is there."""
    sound = noise(70, 14)
    spool = machines.recorder()
    record(spool, MEETING, CLAIRE, sound)
    spool.share(MEETING)
    machines.reader().fetch(MEETING)
    (copy,) = machines.disk("speech-1").rglob("*.pcm")
    os.truncate(copy, kept_bytes)
    machines.bucket.gets.clear()

    reader = machines.reader()
    reader.fetch(MEETING)

    assert same(sound_of(reader), {"Claire": sound})
    assert len([key for key in machines.bucket.gets if ".pcm/" in key]) == (2 if kept_bytes < WHOLE_PART_BYTES else 1)


def test_a_later_fetch_brings_what_was_recorded_since(machines: Machines[FakeBucket]) -> None:
    """Speech may be read while the meeting lasts."""
    sound = noise(2, 15)
    spool, reader = machines.recorder(), machines.reader()
    sink = spool.writer(MEETING).open_track(CLAIRE)
    for second in range(2):
        sink.write(sound[second * 16_000 : (second + 1) * 16_000].tobytes(), second)
        spool.share(MEETING)
        reader.fetch(MEETING)

    assert same(sound_of(reader), {"Claire": sound})


def test_a_later_fetch_gets_only_what_has_changed(machines: Machines[FakeBucket]) -> None:
    """A meeting is looked at again and again, and each get is paid for; what was dropped is got anew."""
    spool, reader = machines.recorder(), machines.reader()
    writer = spool.writer(MEETING, 1_780_000_000.0)
    sinks = [writer.open_track(one) for one in (CLAIRE, MARC)]
    for second in range(2):
        for sink in sinks[: 2 - second]:
            sink.write(noise(1, 15).tobytes(), second)
        writer.sync()
        spool.share(MEETING)
        reader.fetch(MEETING)
    before = sound_of(reader)
    machines.bucket.gets.clear()

    reader.fetch(MEETING)
    assert {key.rpartition("/")[2] for key in machines.bucket.gets} <= {"meeting.json"}

    writer.close()
    spool.share(MEETING)
    reader.fetch(MEETING)
    changed = [key for key in machines.bucket.gets if not key.endswith("meeting.json")]
    assert changed
    assert all(key.endswith((".speech", ".json")) for key in changed)

    reader.drop_fetched(MEETING)
    reader.fetch(MEETING)
    assert same(sound_of(reader), before)


def test_what_a_recorder_found_is_read_on_another_machine(machines: Machines[FakeBucket]) -> None:
    """While the call goes on, and at its end."""
    voice = speech(0, 14)
    spool, reader = machines.recorder(), machines.reader()
    writer = spool.writer(MEETING)
    sink = writer.open_track(CLAIRE)
    for first in range(0, len(voice), 14_400):
        sink.write(voice[first : first + 14_400].tobytes(), first / 16_000)
        writer.sync()
        writer.listen()
        spool.share(MEETING)
    reader.fetch(MEETING)
    (during,) = reader.tracks(MEETING)
    writer.close()
    spool.drop_local(MEETING)
    reader.fetch(MEETING)
    (after,) = reader.tracks(MEETING)

    assert isinstance(during, StoredTrack)
    assert isinstance(after, StoredTrack)
    assert during.speech.utterances
    assert during.speech.settled_samples < after.speech.settled_samples == len(voice)
    assert after.speech.utterances[: len(during.speech.utterances)] == during.speech.utterances


@pytest.mark.parametrize("puts", range(8))
def test_a_bucket_away_at_any_moment_holds_no_more_speech_than_sound(machines: Machines[FakeBucket], puts: int) -> None:
    """Whoever reads then finds what is settled in the sound that is there."""
    spool = machines.recorder()
    record(spool, MEETING, CLAIRE, speech(0, 14))
    machines.bucket.puts_left = puts
    with suppress(StorageAway):
        spool.share(MEETING)
    machines.bucket.puts_left = None

    keys = {stored.key.rsplit("/", 1)[-1]: stored for stored in machines.bucket.below("sound")}

    assert "00000-TR_C.speech" not in keys or keys["000000000000"].size == 14 * 32_000


def test_speech_that_is_newer_than_the_fetched_sound_is_cut_down(machines: Machines[FakeBucket]) -> None:
    """The recorder shared in the middle of a fetch."""
    spool, reader = machines.recorder(), machines.reader()
    record(spool, MEETING, CLAIRE, speech(0, 14))
    spool.share(MEETING)
    reader.fetch(MEETING)
    (copy,) = machines.disk("speech-1").rglob("*.pcm")
    os.truncate(copy, 5 * 32_000)

    (track,) = reader.tracks(MEETING)

    assert isinstance(track, StoredTrack)
    assert track.speech.settled_samples <= 5 * 16_000
    assert track.speech.utterances == ()


@pytest.mark.parametrize("key", ["a.json", "w/a.txt", "w/a.pcm", "w/a.pcm/x", "w/a.json/000000000000", "w/é.json"])
def test_what_else_lies_in_the_bucket_is_left_alone(machines: Machines[FakeBucket], key: str) -> None:
    """Whoever put it there."""
    sound = noise(0.1, 23)
    record(machines.recorder(), MEETING, CLAIRE, sound)
    machines.recorder().share(MEETING)
    machines.bucket.put(f"sound/{MEETING}/{key}", b"something")

    assert same(machines.read(), {"Claire": sound})


@pytest.mark.parametrize("foreign", ["../../etc/passwd", "/", "..", "", "a\0b", "x" * 5000, "é\u202e", ".new"])
def test_hostile_ids_and_names_are_shared_as_any_other(machines: Machines[FakeBucket], foreign: str) -> None:
    """Whatever meetings, tracks and processes are called, what was recorded is read."""
    meeting, sound = MeetingId(foreign), noise(0.1, 24)
    spool = SharedSpool(machines.disk("r") / "spool", machines.disk("r") / "fetched", machines.bucket, foreign)
    record(spool, meeting, Recorded("Claire", foreign, foreign, foreign), sound)
    spool.share(meeting)

    assert same(machines.read(meeting), {"Claire": sound})
    assert all(stored.key.count("/") in (3, 4) for stored in machines.bucket.below("sound"))


def test_a_spool_without_a_bucket_is_read_where_it_is_written(tmp_path: Path) -> None:
    """Sharing and fetching change nothing, and there is no other copy to drop."""
    spool = open_spool(Storage(folder=tmp_path), "recorder")
    sound = noise(1, 25)
    assert not spool.has_sound(MEETING)
    record(spool, MEETING, CLAIRE, sound)

    spool.share(MEETING)
    spool.drop_local(MEETING)
    spool.fetch(MEETING)
    spool.drop_fetched(MEETING)

    assert same(sound_of(spool), {"Claire": sound})
    assert spool.has_sound(MEETING)
    assert spool.leftovers() == []
    assert spool.folder(MEETING) == tmp_path / "spool" / "m-1"
