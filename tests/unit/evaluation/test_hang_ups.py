"""A call that is ended at earlier moments is each time as it was then."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from tests.evaluation.hang_ups import HangUps
from tests.unit.transcripts.transcripts_of import transcript
from transcripts.following import Follower


class Looking:
    """A follower that only says what it finds in the folder, and when it is told that the call was over."""

    def __init__(self, folder: Path, found: list[Any]) -> None:
        self._folder = folder
        self._found = found

    async def look(self) -> None:
        """See `Follower`."""

    async def finish(self, ended_s: float) -> object:
        """See `Follower`."""
        self._found.append((ended_s, {path.name: path.read_bytes() for path in sorted(self._folder.iterdir())}))
        return transcript()

    async def leave_off(self) -> None:
        """See `Follower`."""


async def test_the_folder_is_put_back_to_each_moment_the_latest_first(tmp_path: Path) -> None:
    """Sound as long as it was then, and all else as it was; what came later is gone."""
    hang_ups, found = HangUps(tmp_path, (2.0, 4.0, 60.0)), list[Any]()
    for second in range(1, 7):
        (tmp_path / "00000-TR_1.pcm").write_bytes(b"s" * second)
        (tmp_path / "00000-TR_1.speech").write_bytes(b"%d" % second)
        if second > 3:
            (tmp_path / "heard.jsonl").write_bytes(b"words" * second)
        hang_ups.note(float(second))

    after = await hang_ups.again(lambda: cast("Follower", Looking(tmp_path, found)))

    assert found == [
        (4.0, {"00000-TR_1.pcm": b"ssss", "00000-TR_1.speech": b"4", "heard.jsonl": b"words" * 4}),
        (2.0, {"00000-TR_1.pcm": b"ss", "00000-TR_1.speech": b"2"}),
    ]
    assert [one.complete_s > 0 for one in after] == [True, True]
