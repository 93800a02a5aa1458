"""The spool that machines share: a recorder writes to its own disk as ever, and brings the sound to a bucket.

In the bucket lies what the recorder's own folder of the meeting holds, the tracks in parts. Recorders on several
machines, or one that comes back to a meeting, write to objects of their own. What is there already is learned from the
bucket itself, when a process first shares a meeting and again before it drops its copy.
"""

from __future__ import annotations

import os
import secrets
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

import structlog

from transcripts.storage import sidecar, whole_file
from transcripts.storage.bucket import Bucket
from transcripts.storage.parts import Part, covered, held_bytes, to_get, to_put
from transcripts.storage.shared_sound import SharedFile, find, prefix
from transcripts.storage.spool import MEETING_FILE, MeetingId, Spool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from config.models import Storage
    from transcripts.storage.meeting_writer import MeetingWriter

log = structlog.get_logger()

WRITER_FILE: Final = "shared-as"
DROPPED_FILE: Final = "shared-and-dropped"
"""What it is called once all is shared: the rest of such a folder is to go."""
AT_ONCE: Final = 8
"""Files brought or got at the same time; of each, one part is in memory."""
FETCH_ATTEMPTS: Final = 3
LEFT_BEHIND_AFTER_S: Final = 900.0
"""A copy in which nothing has been written for so long is nobody's: a process that comes back goes on with its own."""

_STAY: Final = "stay-"

_Item = TypeVar("_Item")


def open_spool(storage: Storage, writer: str = "") -> Spool:
    """The spool that the settings name: a folder, or one that is shared through a bucket.

    Args:
        storage: the settings.
        writer: the name of the process, its own among those of all machines; none for one that neither writes nor
            fetches.

    Raises:
        StorageAway: the settings cannot be those of a bucket.
    """
    if storage.s3_bucket is None:
        return Spool(storage.spool)
    fetched = storage.folder / "fetched" / sidecar.file_name(writer)
    return SharedSpool(storage.spool, fetched, Bucket.open(storage), writer)


@dataclass
class _Shared:
    """What this process knows to be in the bucket of one writer's meeting."""

    parts: dict[str, set[Part]]
    sidecars: dict[str, bytes] = field(default_factory=dict)


class SharedSpool(Spool):
    """A spool in a bucket, with a folder for what is written here and one for what is fetched to be read here."""

    def __init__(
        self, folder: Path, fetched: Path, bucket: Bucket, writer: str, now: Callable[[], float] = time.time
    ) -> None:
        super().__init__(folder / sidecar.file_name(writer), now)
        self._all_writers = folder
        self._fetched = fetched
        self._bucket = bucket
        self._writer = writer
        self._readable: set[MeetingId] = set()
        self._shared: dict[MeetingId, _Shared] = {}
        self._fetched_tags: dict[Path, str] = {}
        """Which content of a sidecar lies there; what is looked at once a second is got when it has changed."""

    def folder(self, meeting: MeetingId) -> Path:
        """Where a meeting's sound lies on this machine: the copy that was fetched, or else what is written here."""
        return self._copy(meeting) if meeting in self._readable else self._own(meeting)

    def writer(self, meeting: MeetingId, began_at: float | None = None) -> MeetingWriter:
        """As ever; but beside nothing of a copy that was being dropped when this process died, and not under its name.

        What has been removed of that copy is in the bucket, where new files of the same names would hide behind it.

        Raises:
            OSError: the disk does not take it, or has no room for more.
        """
        self._drop_the_rest(self._own(meeting))
        return super().writer(meeting, began_at)

    def has_sound(self, meeting: MeetingId) -> bool:
        """Whether any track of the meeting was recorded, here or in the bucket."""
        return super().has_sound(meeting) or any(file.is_of_a_track for file in find(self._bucket, meeting))

    def share(self, meeting: MeetingId) -> None:
        """Put into the bucket what was written here since the last time; one call at a time for a meeting.

        Cut short anywhere, it leaves in the bucket what a recorder killed a little earlier would have left on its disk.

        Raises:
            StorageAway: the bucket did not take it all.
            OSError: what was written cannot be read.
        """
        folder = self._own(meeting)
        self._drop_the_rest(folder)
        if not folder.exists():
            return
        home = f"{prefix(meeting)}/{self._writer_of(folder)}"
        if meeting not in self._shared:
            self._shared[meeting] = self._found_shared(meeting, home)
        shared = self._shared[meeting]
        # Read in this order, no stay ends after the sound, nothing is said of sound that is not there, and no sound
        # lacks a sidecar that places it.
        stays = {path.name: path.read_bytes() for path in folder.glob(f"{_STAY}*.json")}
        speech = {path.name: path.read_bytes() for path in folder.glob("*.speech")}
        sizes = {path.name: path.stat().st_size for path in folder.glob("*.pcm")}
        others = {path.name: path.read_bytes() for path in folder.glob("*.json") if path.name not in stays}

        def share_sidecar(named: tuple[str, bytes]) -> None:
            name, content = named
            if shared.sidecars.get(name) != content:
                self._bucket.put(f"{home}/{name}", content)
                shared.sidecars[name] = content

        def share_track(name: str, size: int) -> None:
            self._share_track(folder / name, size, f"{home}/{name}", shared.parts.setdefault(name, set()))

        # Put in the order of a recorder: an empty track, whose it is, its sound, who speaks in it, how far a stay went.
        _for_each(lambda name: share_track(name, 0), sizes)
        _for_each(share_sidecar, others.items())
        _for_each(lambda name: share_track(name, sizes[name]), sizes)
        _for_each(share_sidecar, [*speech.items(), *stays.items()])

    def drop_local(self, meeting: MeetingId) -> None:
        """Share what is left, by the bucket's own word for what it has, then remove what was written here.

        Raises:
            StorageAway: the bucket did not take it all; the local copy stays.
            OSError: the local copy cannot be read or removed.
        """
        self._shared.pop(meeting, None)
        self.share(meeting)
        self._drop(self._own(meeting))
        self._shared.pop(meeting, None)

    def leftovers(self) -> list[MeetingId]:
        """The meetings whose sound is still here, those being recorded now among them."""
        if not self._folder.exists():
            return []
        return [MeetingId(path.name) for path in sorted(self._folder.iterdir()) if path.is_dir()]

    def fetch(self, meeting: MeetingId) -> None:
        """Get a meeting's sound from the bucket; `tracks` and the rest then read it.

        Raises:
            StorageAway: the bucket cannot be used.
            OSError: the disk does not take it.
        """
        self._drop_left_behind(meeting)
        folder = self._copy(meeting)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for attempts_left in reversed(range(FETCH_ATTEMPTS)):
            try:
                self._fetch(meeting, folder)
                break
            except FileNotFoundError:  # a recorder that still shares made one part of several
                if not attempts_left:
                    raise
        self._readable.add(meeting)

    def drop_fetched(self, meeting: MeetingId) -> None:
        """Remove the fetched copy."""
        self._readable.discard(meeting)
        self._drop(self._copy(meeting))

    def erase(self, meeting: MeetingId) -> None:
        """Remove a meeting's sound from this machine, whoever wrote it here, and from the bucket.

        Raises:
            StorageAway: the bucket cannot be used; some may be left there.
            OSError: something could not be removed.
        """
        self._shared.pop(meeting, None)
        self.drop_fetched(meeting)
        for copy in self._all_writers.glob(f"*/{sidecar.file_name(meeting)}"):
            self._drop(copy)
        self._bucket.delete(stored.key for stored in self._bucket.below(prefix(meeting)))

    def _own(self, meeting: MeetingId) -> Path:
        return super().folder(meeting)

    def _copy(self, meeting: MeetingId) -> Path:
        return self._fetched / sidecar.file_name(meeting)

    def _writer_of(self, folder: Path) -> str:
        """The name, in the bucket, of this life of a local folder; the same for as long as the folder is there."""
        path = folder / WRITER_FILE
        if not path.exists():
            name = f"{sidecar.file_name(self._writer)}-{secrets.token_hex(4)}"
            whole_file.replace(path, name.encode(), durably=True)
        return path.read_text()

    def _drop_the_rest(self, folder: Path) -> None:
        if (folder / DROPPED_FILE).exists():
            self._drop(folder)

    def _drop(self, folder: Path) -> None:
        self._sidecars.forget(folder)
        for path in [path for path in self._fetched_tags if path.parent == folder]:
            del self._fetched_tags[path]
        _remove(folder)

    def _found_shared(self, meeting: MeetingId, home: str) -> _Shared:
        found = [file for file in find(self._bucket, meeting) if file.key.startswith(f"{home}/")]
        return _Shared({file.name: set(file.parts) for file in found})

    def _share_track(self, path: Path, size: int, key: str, known: set[Part]) -> None:
        if not known:
            self._put_part(key, Part(0, 0), b"", known)
        with path.open("rb") as file:
            for part in to_put(held_bytes(known), size):
                file.seek(part.start)
                self._put_part(key, part, file.read(part.size), known)

    def _put_part(self, key: str, part: Part, data: bytes, known: set[Part]) -> None:
        self._bucket.put(f"{key}/{part.name}", data)
        replaced = covered(known, by=part)
        self._bucket.delete(f"{key}/{old.name}" for old in replaced if old.start != part.start)
        known.difference_update(replaced)
        known.add(part)

    def _fetch(self, meeting: MeetingId, folder: Path) -> None:
        found = find(self._bucket, meeting)
        meetings = [file for file in found if file.name == MEETING_FILE]
        sidecars = [file for file in found if not file.parts and file.name != MEETING_FILE]
        _for_each(partial(self._fetch_sidecar, folder), sidecars)
        _for_each(partial(self._fetch_track, meeting, folder), [file for file in found if file.parts])
        texts = [self._bucket.get(file.key) for file in meetings]
        if texts:
            whole_file.replace(folder / MEETING_FILE, texts[0], durably=False)
        if len(set(texts)) > 1:
            log.warning("recorders do not agree on when the meeting began", meeting_id=meeting, recorders=len(texts))

    def _fetch_sidecar(self, folder: Path, found: SharedFile) -> None:
        path = folder / found.name_beside_others
        if found.e_tag is not None and self._fetched_tags.get(path) == found.e_tag:
            return
        whole_file.replace(path, self._bucket.get(found.key), durably=False)
        if found.e_tag is not None:  # of what was listed: if that is older than what was got, it is got once more
            self._fetched_tags[path] = found.e_tag

    def _fetch_track(self, meeting: MeetingId, folder: Path, found: SharedFile) -> None:
        descriptor = os.open(folder / found.name_beside_others, os.O_WRONLY | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            held = file.seek(0, os.SEEK_END)
            for part in to_get(found.parts, held):
                if part.start > held:
                    gap_bytes = part.start - held
                    log.warning(
                        "sound is missing", meeting_id=meeting, file=found.name_beside_others, gap_bytes=gap_bytes
                    )
                    held = part.start  # what is skipped reads as zeros, and the rest keeps its place
                data = self._bucket.get(f"{found.key}/{part.name}")[held - part.start :]
                file.seek(held)
                held += file.write(data)

    def _drop_left_behind(self, meeting: MeetingId) -> None:
        """Remove what an earlier life of this process fetched, except for the meetings that it may go on with.

        Which these are it learns one after the other, and what was heard in them is kept beside the sound.
        """
        in_use = {self._copy(readable) for readable in (*self._readable, meeting)}
        for copy in list(self._fetched.iterdir()) if self._fetched.exists() else []:
            if copy not in in_use and time.time() - copy.stat().st_mtime > LEFT_BEHIND_AFTER_S:
                self._drop(copy)


def _for_each(act: Callable[[_Item], None], items: Iterable[_Item]) -> None:
    """Do it for every item, a few at a time; the first that fails ends it."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for _ in pool.map(act, items):
            pass


def _remove(folder: Path) -> None:
    """Remove a copy, what says that it is to go last: a crash leaves nothing that is shared anew or written on."""
    if (folder / WRITER_FILE).exists():
        (folder / WRITER_FILE).rename(folder / DROPPED_FILE)
    if folder.exists():
        for path in folder.iterdir():
            if path.name != DROPPED_FILE:
                path.unlink()
        shutil.rmtree(folder)
