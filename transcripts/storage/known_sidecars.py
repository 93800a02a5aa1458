"""What was read of sidecars, kept until they are replaced: whoever follows a meeting looks once a second, for hours.

A sidecar is replaced as a whole, so that another file stands in its place. Which file was read is told by its time,
its size and its inode; one that was written so lately that the next might look the same is read again.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from transcripts.storage import sidecar

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from transcripts.storage.sidecar import SpeechSidecar, TrackSidecar

MOST_BYTES: Final = 8 * 1024 * 1024
"""Of either kind, as text; parsed it takes five times as much. About forty meetings of two hours."""
TOO_LATELY_NS: Final = 100_000_000
"""Well above the ticks in which file systems tell the time (at most 10 ms), within which an inode may come back."""

_Content = TypeVar("_Content")


class KnownSidecars:
    """Reads sidecars of tracks, each file once; may be asked by several threads."""

    def __init__(self, most_bytes: int = MOST_BYTES, now_ns: Callable[[], int] = time.time_ns) -> None:
        self._tracks: _Known[TrackSidecar] = _Known(sidecar.read_track, most_bytes, now_ns)
        self._speech: _Known[SpeechSidecar] = _Known(sidecar.read_speech, most_bytes, now_ns)

    def read_track(self, path: Path) -> TrackSidecar:
        """Whose sound it is.

        Raises:
            SidecarUnreadable: missing, cut short, or of another shape.
        """
        return self._tracks.read(path)

    def read_speech(self, path: Path) -> SpeechSidecar:
        """What was found to be speech in it.

        Raises:
            SidecarUnreadable: missing, cut short, or of another shape.
        """
        return self._speech.read(path)

    def forget(self, folder: Path) -> None:
        """Let go of all that was read in a folder."""
        self._tracks.forget(folder)
        self._speech.forget(folder)


@dataclass(frozen=True, slots=True)
class _File:
    """Which file lay under a name."""

    modified_ns: int
    size: int
    inode: int


class _Known(Generic[_Content]):
    """What was read of one kind; what nobody has asked for the longest goes first."""

    def __init__(self, read: Callable[[Path], _Content], most_bytes: int, now_ns: Callable[[], int]) -> None:
        self._read = read
        self._most_bytes = most_bytes
        self._now_ns = now_ns
        self._lock = threading.Lock()
        self._bytes = 0
        self._known: OrderedDict[Path, tuple[_File, _Content]] = OrderedDict()

    def read(self, path: Path) -> _Content:
        file = _file(path)  # before it is read: one that is replaced in between is read again the next time
        with self._lock:
            known = self._known.get(path)
            if known is not None and known[0] == file:
                self._known.move_to_end(path)
                return known[1]
            self._drop(path)
        content = self._read(path)
        if file is not None and self._now_ns() - file.modified_ns > TOO_LATELY_NS:
            self._keep(path, file, content)
        return content

    def forget(self, folder: Path) -> None:
        with self._lock:
            for path in [path for path in self._known if path.parent == folder]:
                self._drop(path)

    def _keep(self, path: Path, file: _File, content: _Content) -> None:
        with self._lock:
            self._drop(path)  # another thread may have kept it by now
            self._known[path] = file, content
            self._bytes += file.size
            while self._bytes > self._most_bytes:
                self._drop(next(iter(self._known)))

    def _drop(self, path: Path) -> None:
        dropped = self._known.pop(path, None)
        if dropped is not None:
            self._bytes -= dropped[0].size


def _file(path: Path) -> _File | None:
    try:
        stat = path.stat()
    except OSError:  # which reading it tells better
        return None
    return _File(stat.st_mtime_ns, stat.st_size, stat.st_ino)
