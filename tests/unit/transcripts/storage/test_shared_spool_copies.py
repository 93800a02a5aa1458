"""Copies of the shared sound: when the recorder's own may go, when the fetched one goes, and erasing them all."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from structlog.testing import capture_logs

from tests.fakes.bucket import FakeBucket
from tests.unit.transcripts.machines import CLAIRE, MARC, MEETING, NOW, Machines, noise, same, speak
from tests.unit.transcripts.sounds import record
from transcripts.recognition.heard_words import FILE
from transcripts.storage.bucket import StorageAway
from transcripts.storage.spool import MeetingId


@pytest.fixture
def machines(tmp_path: Path) -> Machines[FakeBucket]:
    """Machines that have recorded nothing."""
    return Machines(tmp_path, FakeBucket())


@contextmanager
def killed_after(monkeypatch: pytest.MonkeyPatch, files: int) -> Iterator[None]:
    """A process that dies when it has removed so many files."""
    removed: list[Path] = []
    unlink = Path.unlink

    def unlink_or_die(path: Path) -> None:
        if len(removed) == files:
            raise InterruptedError
        removed.append(path)
        unlink(path)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", unlink_or_die)
        yield


def test_a_local_copy_is_kept_while_the_bucket_is_away(machines: Machines[FakeBucket]) -> None:
    """And dropped when all of it is shared; a meeting that is still on the disk is told of."""
    sound = noise(1, 16)
    spool = machines.recorder()
    record(spool, MEETING, CLAIRE, sound)
    machines.bucket.puts_left = 0
    with pytest.raises(StorageAway):
        spool.drop_local(MEETING)
    assert machines.recorder().leftovers() == [MEETING]
    machines.bucket.puts_left = None

    machines.recorder().drop_local(MEETING)

    assert machines.recorder().leftovers() == []
    assert not list(machines.disk("recorder-1").rglob("*.pcm"))
    assert same(machines.read(), {"Claire": sound})


@pytest.mark.parametrize("files", range(5))
def test_a_copy_that_was_half_dropped_is_not_shared_anew(
    machines: Machines[FakeBucket], monkeypatch: pytest.MonkeyPatch, files: int
) -> None:
    """A recorder killed while it removes its files finds the rest at its next start, and nobody is heard twice."""
    sound = noise(1, 17)
    spool = machines.recorder()
    record(spool, MEETING, CLAIRE, sound)
    record(spool, MEETING, MARC, sound)
    with killed_after(monkeypatch, files), pytest.raises(InterruptedError):
        spool.drop_local(MEETING)
    assert machines.recorder().leftovers() == [MEETING]

    machines.recorder().drop_local(MEETING)

    assert machines.recorder().leftovers() == []
    assert same(machines.read(), {"Claire": sound, "Marc": sound})


@pytest.mark.parametrize("files", range(5))
def test_a_recorder_that_comes_back_to_a_copy_that_was_half_dropped_begins_another(
    machines: Machines[FakeBucket], monkeypatch: pytest.MonkeyPatch, files: int
) -> None:
    """The call goes on after all: what is heard then, of the same tracks too, stands beside what was shared before."""
    before, after = noise(1, 23), noise(0.5, 24)
    spool = machines.recorder()
    record(spool, MEETING, CLAIRE, before)
    record(spool, MEETING, MARC, before)
    with killed_after(monkeypatch, files), pytest.raises(InterruptedError):
        spool.drop_local(MEETING)
    machines.now += 60

    record(machines.recorder(), MEETING, CLAIRE, after)
    machines.recorder().drop_local(MEETING)

    heard = machines.read()
    assert np.array_equal(heard["Marc"], before)
    assert any(np.array_equal(heard["Claire"], np.concatenate(two)) for two in ((before, after), (after, before)))


def test_what_was_fetched_can_be_dropped(machines: Machines[FakeBucket]) -> None:
    """Sound does not stay on the machine that transcribed it; what the recorder wrote there does."""
    spool = machines.recorder()
    record(spool, MEETING, CLAIRE, noise(1, 18))
    spool.share(MEETING)
    reader = machines.reader("recorder-1")
    reader.fetch(MEETING)

    reader.drop_fetched(MEETING)
    reader.drop_fetched(MEETING)

    assert reader.tracks(MEETING) == []
    assert len(list(machines.disk("recorder-1").rglob("*.pcm"))) == 1
    assert len(spool.tracks(MEETING)) == 1


def test_a_copy_left_behind_is_dropped_by_the_next_life_of_its_process(machines: Machines[FakeBucket]) -> None:
    """It died, and another made the transcript; what this life reads is left alone."""
    record(machines.recorder(), MEETING, CLAIRE, noise(1, 19))
    machines.recorder().share(MEETING)
    machines.reader().fetch(MEETING)
    copies = machines.disk("speech-1") / "fetched"
    hours_ago = time.time() - 7200
    os.utime(copies / MEETING, (hours_ago, hours_ago))

    next_life = machines.reader()
    next_life.fetch(MeetingId("m-2"))
    next_life.fetch(MeetingId("m-3"))

    assert sorted(copy.name for copy in copies.iterdir()) == ["m-2", "m-3"]


def test_a_process_that_comes_back_goes_on_with_all_that_it_has_fetched(machines: Machines[FakeBucket]) -> None:
    """Of several meetings: while it takes up the first, the others and what was heard in them stay."""
    record(machines.recorder(), MEETING, CLAIRE, noise(1, 19))
    machines.recorder().share(MEETING)
    reader = machines.reader()
    reader.fetch(MEETING)
    journal = reader.folder(MEETING) / FILE
    journal.write_text("heard")

    next_life = machines.reader()
    next_life.fetch(MeetingId("m-2"))
    next_life.fetch(MEETING)

    assert (next_life.folder(MEETING) / FILE).read_text() == "heard"
    next_life.drop_fetched(MEETING)
    assert not journal.exists()


def test_erasing_removes_a_meeting_from_the_bucket_and_from_this_machine(machines: Machines[FakeBucket]) -> None:
    """Whoever wrote it here; other meetings stay, also one whose name begins alike; a second time does nothing more."""
    other = MeetingId("m-10")
    spool = machines.recorder()
    for meeting in (MEETING, other):
        record(spool, meeting, CLAIRE, noise(1, 20))
        spool.share(meeting)
    front = machines.reader("recorder-1")
    front.fetch(MEETING)

    front.erase(MEETING)
    front.erase(MEETING)

    assert machines.read() == {}
    assert not [path for path in machines.disk("recorder-1").rglob("*") if MEETING in path.parts]
    assert list(machines.read(other)) == ["Claire"]
    assert spool.leftovers() == [other]


def test_whether_there_is_sound_is_known_on_every_machine(machines: Machines[FakeBucket]) -> None:
    """A recorder that was in the call and heard nobody has recorded none."""
    reader = machines.reader()
    spool = machines.recorder()
    writer = spool.writer(MEETING)
    spool.share(MEETING)
    assert (spool.has_sound(MEETING), reader.has_sound(MEETING)) == (False, False)

    speak(writer, CLAIRE, noise(0.1, 21))
    assert (spool.has_sound(MEETING), reader.has_sound(MEETING)) == (True, False)

    spool.share(MEETING)
    assert reader.has_sound(MEETING)


def test_recorders_that_disagree_on_the_beginning_are_told_of(machines: Machines[FakeBucket]) -> None:
    """One of them is believed, whoever reads."""
    for name in ("recorder-2", "recorder-1"):
        record(machines.recorder(name), MEETING, CLAIRE, noise(0.1, 22))
        machines.recorder(name).share(MEETING)
        machines.now += 60
    reader = machines.reader()

    with capture_logs() as logs:
        reader.fetch(MEETING)

    assert reader.began_at(MEETING) == NOW + 60
    assert [entry["event"] for entry in logs] == ["recorders do not agree on when the meeting began"]
