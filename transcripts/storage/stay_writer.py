"""Keeping one stay of a recorder in the call: a sidecar that is there at once and is brought forward at each sync.

So the stay of a recorder that was killed ends, for whoever reads it, at its last sync: a second too early at most.
"""

from __future__ import annotations

import os
from itertools import count
from typing import TYPE_CHECKING

from transcripts.storage import sidecar
from transcripts.storage.sidecar import LONGEST_MEETING_S, Stay

if TYPE_CHECKING:
    from pathlib import Path


class StayWriter:
    """Writes one stay; `sync` may run in another thread than `end`, which only takes note."""

    def __init__(self, folder: Path, joined_s: float) -> None:
        """Note in `folder` that a recorder has joined.

        Raises:
            OSError: the disk does not take it.
        """
        self._joined_s = _bounded(joined_s)
        self._ended: Stay | None = None
        self._kept = Stay(joined_s=self._joined_s, left_s=self._joined_s)
        self._path = _new_file(folder)
        sidecar.write(self._path, self._kept, durably=False)

    def end(self, left_s: float, *, over: bool) -> None:
        """Take note of when it ended, and whether that was the end of the recording; the next `sync` keeps it."""
        self._ended = Stay(joined_s=self._joined_s, left_s=max(self._joined_s, _bounded(left_s)), over=over)

    def sync(self, now_s: float) -> None:
        """Keep on the disk that the stay has lasted until now, or how it ended.

        Raises:
            OSError: the disk does not take it.
        """
        stay = self._ended or Stay(joined_s=self._joined_s, left_s=max(self._kept.left_s, _bounded(now_s)))
        if stay != self._kept:
            sidecar.write(self._path, stay, durably=True)
            self._kept = stay

    @property
    def is_kept(self) -> bool:
        """Whether it has ended and the disk has that."""
        return self._kept == self._ended


def _bounded(time_s: float) -> float:
    return round(min(max(0.0, time_s), LONGEST_MEETING_S), 3)


def _new_file(folder: Path) -> Path:
    for number in count():
        path = folder / f"stay-{number:05}.json"
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        except FileExistsError:
            continue
        return path
    raise AssertionError  # numbers do not end
