"""Sound and transcripts on a real S3 server: shared, fetched, erased; the server away; a recorder killed."""

from __future__ import annotations

import asyncio
import os
import secrets
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio
from pydantic import SecretStr

from bot.running.checking import check
from config.models import Storage
from tests.stack.go_tool import REPOSITORY
from tests.stack.ports import free_tcp_port
from tests.stack.s3 import S3Server, running_s3
from tests.unit.config.config_text import COMPLETE, loaded
from tests.unit.transcripts.machines import CLAIRE, MARC, Machines, noise, same, sound_of
from tests.unit.transcripts.sounds import record
from tests.unit.transcripts.transcripts_of import transcript, turn
from transcripts.storage.archive import open_archive
from transcripts.storage.bucket import Bucket, StorageAway
from transcripts.storage.shared_spool import open_spool
from transcripts.storage.spool import MeetingId

_RECORDER = "tests.integration.transcripts.sharing_recorder"


@pytest.fixture
def meeting() -> MeetingId:
    """A meeting that the shared server knows nothing of."""
    return MeetingId(f"m-{secrets.token_hex(8)}")


@pytest.fixture
def machines(s3: S3Server, tmp_path: Path) -> Machines[Bucket]:
    """Machines that share the server's bucket."""
    return Machines(tmp_path, Bucket.open(s3.settings(tmp_path)))


@pytest_asyncio.fixture
async def own_s3(tmp_path: Path) -> AsyncIterator[S3Server]:
    """A server that the test may stop."""
    async with running_s3(tmp_path / "server") as server:
        yield server


def test_sound_and_transcript_go_from_machine_to_machine(s3: S3Server, tmp_path: Path, meeting: MeetingId) -> None:
    """As the processes do it: recorded on one, transcribed on a second, delivered and erased from a third."""
    expected = {"Claire": noise(140, 1), "Marc": noise(1, 2)}
    recorder = open_spool(s3.settings(tmp_path / "1"), "recorder@one")
    record(recorder, meeting, CLAIRE, expected["Claire"])
    recorder.share(meeting)
    record(recorder, meeting, MARC, expected["Marc"])
    recorder.drop_local(meeting)

    speech = open_spool(s3.settings(tmp_path / "2"), "speech@two")
    speech.fetch(meeting)
    assert same(sound_of(speech, meeting), expected)
    speech.drop_fetched(meeting)
    written = transcript(turn("Claire", 0, 2, "bonjour à tous"))
    open_archive(s3.settings(tmp_path / "2")).write(written)

    front, archive = open_spool(s3.settings(tmp_path / "3")), open_archive(s3.settings(tmp_path / "3"))
    assert front.has_sound(meeting)
    assert archive.read(written.meeting_id) == written
    assert archive.ids() == [written.meeting_id]
    front.erase(meeting)
    archive.erase(written.meeting_id)

    assert not front.has_sound(meeting)
    assert not archive.is_readable(written.meeting_id)
    assert not [path for path in s3.objects.rglob("*") if path.is_file() and meeting in path.parts]
    assert not list(tmp_path.rglob("*.pcm"))


def test_two_recorders_of_a_meeting_are_both_heard(machines: Machines[Bucket], meeting: MeetingId) -> None:
    """One vanished, another took over on a machine of its own, and the first came back to share what it had."""
    record(machines.recorder("recorder@one"), meeting, CLAIRE, noise(1, 3))
    machines.now += 10
    record(machines.recorder("recorder@two"), meeting, CLAIRE, noise(2, 4))
    machines.recorder("recorder@two").drop_local(meeting)
    assert len(machines.read(meeting)["Claire"]) == 2 * 16_000

    (left_over,) = machines.recorder("recorder@one").leftovers()
    machines.recorder("recorder@one").drop_local(left_over)

    assert len(machines.read(meeting)["Claire"]) == 3 * 16_000


def test_a_recorder_killed_while_it_shares_loses_nothing_that_it_wrote(
    s3: S3Server, tmp_path: Path, meeting: MeetingId
) -> None:
    """The process that comes after it brings the rest, and what is read is what lies on the disk."""
    keys = {"AWS_ACCESS_KEY_ID": s3.access_key_id, "AWS_SECRET_ACCESS_KEY": s3.secret_access_key}
    process = subprocess.Popen(
        [sys.executable, "-m", _RECORDER, str(tmp_path / "1"), s3.url, meeting],
        cwd=REPOSITORY,
        env={**os.environ, **keys},
    )
    of_meeting = s3.objects / "sound" / meeting
    deadline = time.monotonic() + 60
    while len(list(of_meeting.rglob("0*"))) < 8:
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.kill()
    process.wait()

    again = open_spool(s3.settings(tmp_path / "1"), "recorder@one")
    on_disk = sound_of(again, meeting)
    again.drop_local(meeting)

    reader = open_spool(s3.settings(tmp_path / "2"))
    reader.fetch(meeting)
    assert len(on_disk["Claire"]) > 16_000
    assert same(sound_of(reader, meeting), on_disk)


async def test_a_server_that_goes_and_comes_back_costs_nothing(own_s3: S3Server, tmp_path: Path) -> None:
    """What is recorded meanwhile waits on the disk; whoever runs Greffier is told where to look."""
    meeting, claire = MeetingId("m-1"), noise(30, 5)
    recorder = open_spool(own_s3.settings(tmp_path / "1"), "recorder@one")
    archive = open_archive(own_s3.settings(tmp_path / "1"))
    sink = recorder.writer(meeting).open_track(CLAIRE)
    sink.write(claire[:160_000].tobytes(), 0)
    recorder.share(meeting)
    await own_s3.stop()
    sink.write(claire[160_000:320_000].tobytes(), 10)
    away = rf"the bucket greffier at {own_s3.url} cannot be reached: look at storage\.s3_endpoint"
    for ask in (recorder.share, recorder.drop_local, recorder.fetch, archive.is_readable):
        with pytest.raises(StorageAway, match=away):
            await asyncio.to_thread(ask, meeting)
    await own_s3.start()
    sink.write(claire[320_000:].tobytes(), 20)

    await asyncio.to_thread(recorder.drop_local, meeting)

    reader = open_spool(own_s3.settings(tmp_path / "2"))
    reader.fetch(meeting)
    assert np.array_equal(sound_of(reader, meeting)["Claire"], claire)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"s3_secret_access_key": SecretStr("not-to-be-shown")}, "refuses the key .*storage.s3_secret_access_key"),
        ({"s3_access_key_id": "not-to-be-shown"}, "refuses the key .*look at storage.s3_access_key_id"),
        ({"s3_bucket": "elsewhere"}, "the bucket elsewhere at .* does not exist: look at storage.s3_bucket"),
        ({"s3_region": "eu-west-3"}, "is in another region .*look at storage.s3_region"),
    ],
)
def test_a_wrong_setting_is_named(s3: S3Server, tmp_path: Path, wrong: dict[str, object], sentence: str) -> None:
    """In the same words whatever was asked, and without the key."""
    spool = open_spool(s3.settings(tmp_path).model_copy(update=wrong), "recorder")
    record(spool, MeetingId("m-1"), CLAIRE, noise(0.1, 6))
    for ask in (spool.share, spool.fetch, spool.erase):
        with pytest.raises(StorageAway, match=sentence) as raised:
            ask(MeetingId("m-1"))
        assert "not-to-be-shown" not in repr(raised.value)


async def test_greffier_check_tries_the_bucket(
    s3: S3Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its line says that it can be used, or what to mend; without a bucket there is none."""
    nowhere = f"127.0.0.1:{free_tcp_port()}"
    text = COMPLETE.replace("https://matrix.tchap.test", f"http://{nowhere}").replace("livekit.tchap.test", nowhere)
    settings = loaded(tmp_path, f"{text}speech:\n  model: {tmp_path}\n")
    for storage, expected in [
        (s3.settings(tmp_path), f"ok      bucket: the bucket greffier at {s3.url} can be written, read and erased"),
        (Storage(**{**s3.settings(tmp_path).model_dump(), "s3_bucket": "nope"}), "FAILED  bucket: the bucket nope at"),
        (Storage(folder=tmp_path), None),
    ]:
        await check(settings.model_copy(update={"storage": storage}))
        lines = [line for line in capsys.readouterr().out.splitlines() if "bucket" in line]
        assert [line[: len(expected or "")] for line in lines] == ([expected] if expected else [])
    assert not list(s3.objects.glob("check/*"))
