"""The disk is full in mid-call: the room is told at once, and what was recorded before is transcribed.

Full is what others have filled: all that Greffier keeps is on that disk, the database too.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.evaluation.meetings import Meeting, Segment
from tests.faults.place import Place, faulty_place
from tests.faults.words import found_words
from tests.stack.meeting_in_room import open_call, read_transcript, speak
from tests.stack.room_view import RoomView, SeenEvent
from tests.stack.webvtt import read_cues, words_by_voice

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]

SIZE_MB = 256
LEFT_MB = 8
"""More than the database needs for a meeting, less than the recorder leaves to others."""
TOLD_WITHIN_S = 20.0


@pytest.fixture(scope="session")
def small_disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A file system that can be filled."""
    folder = tmp_path_factory.mktemp("small-disk")
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE_MB}m", "tmpfs", str(folder)]
    mounted = subprocess.run(mount, capture_output=True, text=True, check=False)
    if mounted.returncode != 0:
        pytest.skip(f"a tmpfs cannot be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


class FillsTheDisk:
    """Watches a meeting, and leaves no room for it when the second turn has begun."""

    def __init__(self, disk: Path, meeting: Meeting) -> None:
        self.filled_at = 0.0
        self._filler = disk / "filler"
        self._second_turn = meeting.reference.segments[1]

    def happened(self, what: str) -> None:
        """Something took place."""

    def speaks(self, segment: Segment) -> None:
        """Somebody begins a turn."""
        if segment == self._second_turn:
            asyncio.get_running_loop().call_later(2.0, self.fill)

    def fill(self) -> None:
        """Take nearly all that is free, in one go."""
        free = shutil.disk_usage(self._filler.parent).free
        with self._filler.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, free - LEFT_MB * 2**20)
        self.filled_at = time.time()

    def make_room(self) -> None:
        """What the operator does."""
        self._filler.unlink()


async def test_a_full_disk_is_said_at_once_and_what_was_recorded_is_transcribed(
    small_disk: Path, meeting: Meeting, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """In one sentence while people still talk; the operator makes room, and the transcript comes."""
    disk = FillsTheDisk(small_disk, meeting)
    async with faulty_place(tmp_path_factory.mktemp("full-disk"), storage=small_disk / "storage") as place:
        room_id = await place.new_room()
        card_id, link = await open_call(place.host, room_id, place.stack.bot_user_id, "Point accueil")
        async with asyncio.TaskGroup() as tasks:
            speaking = tasks.create_task(speak(place.stack, meeting, link, disk))
            told = await place.host.wait_for(room_id, _says_that_the_disk_is_full, within_s=60, what="the sentence")
            assert told.sent_at_ms / 1000 - disk.filled_at < TOLD_WITHIN_S
            assert not speaking.done()
            disk.make_room()
        hung_up_at_ms = speaking.result()
        held = await read_transcript(place.host, room_id, card_id, hung_up_at_ms=hung_up_at_ms, within_s=180)
        said = words_by_voice(read_cues((await place.host.read_file(held.file(".vtt"))).decode()))
        first_turn = meeting.reference.segments[0]
        assert found_words([first_turn], said, "fr")[first_turn] >= 8
        assert _sentences(place, room_id) == 1


def _says_that_the_disk_is_full(room: RoomView) -> SeenEvent | None:
    return next((message for message in room.messages if "faute de place" in message.body), None)


def _sentences(place: Place, room_id: str) -> int:
    return sum("faute de place" in message.body for message in place.host.room(room_id).messages)
