"""A sidecar is read once for as long as it is the same file, and always when it is another."""

from __future__ import annotations

import os
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from tests.unit.transcripts.sounds import Recorded, record
from transcripts.storage import sidecar
from transcripts.storage.known_sidecars import KnownSidecars
from transcripts.storage.sidecar import SidecarUnreadable, SpeechSidecar
from transcripts.storage.spool import MeetingId, Spool, StoredTrack

MEETING = MeetingId("m-1")
NOW_NS = 1_800_000_000_000_000_000
LONG_AGO_NS = NOW_NS - 10_000_000_000


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each file was read and parsed."""
    counted: Counter[str] = Counter()
    for name in ("read_track", "read_speech"):
        real = getattr(sidecar, name)

        def read(path: Path, real: object = real) -> object:
            counted[path.name] += 1
            return real(path)  # type: ignore[operator]

        monkeypatch.setattr(sidecar, name, read)
    return counted


@pytest.fixture
def known(reads: Counter[str]) -> KnownSidecars:
    """Nothing is known yet; the time stands still."""
    return KnownSidecars(now_ns=lambda: NOW_NS)


def write(path: Path, settled_samples: int, modified_ns: int = LONG_AGO_NS) -> Path:
    """Replace a sidecar as a recorder does."""
    sidecar.write(path, SpeechSidecar(settled_samples=settled_samples), durably=False)
    os.utime(path, ns=(modified_ns, modified_ns))
    return path


def test_the_same_file_is_read_once(tmp_path: Path, known: KnownSidecars, reads: Counter[str]) -> None:
    """However often it is asked for."""
    path = write(tmp_path / "a.speech", 10)
    assert [known.read_speech(path).settled_samples for _ in range(3)] == [10] * 3
    assert reads == {"a.speech": 1}


@pytest.mark.parametrize(
    ("settled_samples", "modified_ns"),
    [
        pytest.param(20, LONG_AGO_NS, id="as old and as large"),
        pytest.param(20, LONG_AGO_NS + 1, id="of another time"),
        pytest.param(200, LONG_AGO_NS, id="of another size"),
    ],
)
def test_a_file_that_was_replaced_is_read_again(
    tmp_path: Path, known: KnownSidecars, settled_samples: int, modified_ns: int
) -> None:
    """Any difference will do."""
    path = write(tmp_path / "a.speech", 10)
    kept_open = path.open("rb")  # or its inode might come back at once
    known.read_speech(path)
    write(path, settled_samples, modified_ns)
    assert known.read_speech(path).settled_samples == settled_samples
    kept_open.close()


def test_a_file_that_was_written_a_moment_ago_is_read_again(
    tmp_path: Path, known: KnownSidecars, reads: Counter[str]
) -> None:
    """The next one might get its inode within the same tick of the file system's clock."""
    path = write(tmp_path / "a.speech", 10, NOW_NS - 4_000_000)
    inode = path.stat().st_ino
    assert known.read_speech(path).settled_samples == 10
    path.write_text(path.read_text().replace("10", "20"))
    os.utime(path, ns=(NOW_NS - 4_000_000, NOW_NS - 4_000_000))
    assert path.stat().st_ino == inode
    assert known.read_speech(path).settled_samples == 20
    assert reads == {"a.speech": 2}


def test_a_file_that_is_gone_or_broken_is_not_known_any_more(tmp_path: Path, known: KnownSidecars) -> None:
    """It is told as ever, each time."""
    path = write(tmp_path / "a.speech", 10)
    known.read_speech(path)
    path.write_bytes(b"{")
    for _ in range(2):
        with pytest.raises(SidecarUnreadable, match=r"a\.speech"):
            known.read_speech(path)
    path.unlink()
    with pytest.raises(SidecarUnreadable, match="No such file"):
        known.read_speech(path)


def test_no_more_is_kept_than_fits_and_the_latest_asked_for_stays(tmp_path: Path, reads: Counter[str]) -> None:
    """A process that follows many meetings keeps its memory."""
    a, b, c = (write(tmp_path / f"{name}.speech", 10) for name in "abc")
    known = KnownSidecars(most_bytes=2 * a.stat().st_size, now_ns=lambda: NOW_NS)
    for path in (a, b, a, c, a, c):
        known.read_speech(path)
    assert reads == {"a.speech": 1, "b.speech": 1, "c.speech": 1}
    known.read_speech(b)
    assert reads["b.speech"] == 2
    largest = write(tmp_path / "d.speech", 10**200)
    for _ in range(2):
        known.read_speech(largest)
    assert reads["d.speech"] == 2


def test_what_was_read_in_a_folder_is_forgotten_with_it(
    tmp_path: Path, known: KnownSidecars, reads: Counter[str]
) -> None:
    """And nothing else is."""
    folders = tmp_path / "one", tmp_path / "other"
    for folder in folders:
        folder.mkdir()
    one, other = (write(folder / f"{folder.name}.speech", 10) for folder in folders)
    for _ in range(2):
        known.read_speech(one)
        known.read_speech(other)
        known.forget(folders[0])
    assert reads == {"one.speech": 2, "other.speech": 1}


def test_threads_that_look_while_sidecars_are_replaced_never_see_an_older_one_again(tmp_path: Path) -> None:
    """Each sees what was there when it looked, or something newer; with room for only a few, so that they contend."""
    paths = [write(tmp_path / f"{n}.speech", 0) for n in range(8)]
    known = KnownSidecars(most_bytes=3 * paths[0].stat().st_size)
    written = dict.fromkeys(paths, 0)
    until = time.monotonic() + 1.0

    def look() -> int:
        looks = 0
        while time.monotonic() < until:
            for path in paths:
                least = written[path]
                assert known.read_speech(path).settled_samples >= least
                looks += 1
            known.forget(tmp_path)
        return looks

    def replace() -> None:
        while time.monotonic() < until:
            for path in paths:
                sidecar.write(path, SpeechSidecar(settled_samples=written[path] + 1), durably=False)
                written[path] += 1

    with ThreadPoolExecutor(5) as pool:
        looking = [pool.submit(look) for _ in range(4)]
        pool.submit(replace).result()
        assert all(one.result() for one in looking)
    assert min(written.values()) > 1


def long_since_written(spool: Spool) -> None:
    """Make it some time since anything was recorded."""
    for path in spool.folder(MEETING).iterdir():
        os.utime(path, ns=(LONG_AGO_NS - 10**18, LONG_AGO_NS - 10**18))


def test_looks_at_a_spool_read_only_what_is_new(tmp_path: Path, reads: Counter[str]) -> None:
    """As whoever follows a meeting looks at it; what was erased and recorded anew is new."""
    spool, second = Spool(tmp_path), np.arange(16_000, dtype=np.int16)
    record(spool, MEETING, Recorded("Claire"), second)
    long_since_written(spool)
    reads.clear()
    first = spool.tracks(MEETING)
    assert [spool.tracks(MEETING) for _ in range(2)] == [first] * 2
    assert reads == {"00000-TR_1.json": 1, "00000-TR_1.speech": 1}

    record(spool, MEETING, Recorded("Marc", "p-2", "TR_2"), second)
    long_since_written(spool)
    reads.clear()
    assert [track.name for track in spool.tracks(MEETING)] == ["Claire", "Marc"]
    assert reads["00001-TR_2.json"] == 1

    spool.erase(MEETING)
    record(spool, MEETING, Recorded("Nadia"), second)
    (track,) = spool.tracks(MEETING)
    assert isinstance(track, StoredTrack)
    assert track.name == "Nadia"


@pytest.mark.parametrize("let_go", [Spool.erase, Spool.drop_fetched])
def test_nothing_is_known_of_a_meeting_that_is_erased_or_done_with(tmp_path: Path, let_go: object) -> None:
    """Names, and when each of them spoke, would otherwise stay in memory."""
    spool = Spool(tmp_path)
    record(spool, MEETING, Recorded("Claire"), np.arange(16_000, dtype=np.int16))
    long_since_written(spool)
    spool.tracks(MEETING)
    known = spool._sidecars
    assert known._tracks._known
    assert known._speech._known
    let_go(spool, MEETING)  # type: ignore[operator]
    assert not known._tracks._known
    assert not known._speech._known
