"""Where the sound of meetings lies in a bucket: `sound/<meeting>/<writer>/<sidecar>` and `…/<track>.pcm/<start byte>`.

A writer is one life of a recorder's folder of the meeting. What else lies there is nobody's, and left alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from transcripts.storage import sidecar
from transcripts.storage.parts import Part

if TYPE_CHECKING:
    from transcripts.storage.bucket import Bucket
    from transcripts.storage.spool import MeetingId

_KEY: Final = re.compile(
    r"(?P<writer>[\w=-]+)/(?P<file>[\w=-]+\.(?:json|speech|pcm(?=/)))(?:(?<=\.pcm)/(?P<start>\d{12}))?", re.ASCII
)
_OF_A_TRACK: Final = re.compile(r"\d{5,}-")


@dataclass(frozen=True, slots=True)
class SharedFile:
    """A file of a meeting in the bucket: one object, or, where it is sound, its parts."""

    key: str
    writer: str
    name: str
    parts: frozenset[Part]
    e_tag: str | None = None
    """Of a file that is one object; see `StoredObject`."""

    @property
    def name_beside_others(self) -> str:
        """A name that no file of another writer has."""
        stem, _, suffix = self.name.rpartition(".")
        return f"{stem}.{self.writer}.{suffix}"

    @property
    def is_of_a_track(self) -> bool:
        """Whether it is a track or says whose it is."""
        return _OF_A_TRACK.match(self.name) is not None


def prefix(meeting: MeetingId) -> str:
    """What the keys of everything that is a meeting's begin with."""
    return f"sound/{sidecar.file_name(meeting)}"


def find(bucket: Bucket, meeting: MeetingId) -> list[SharedFile]:
    """The files of a meeting, in the order of their writers and names.

    Raises:
        StorageAway: the bucket cannot be used.
    """
    of_meeting = prefix(meeting)
    parts: dict[tuple[str, str], set[Part]] = {}
    e_tags: dict[tuple[str, str], str | None] = {}
    for stored in bucket.below(of_meeting):
        if key := _KEY.fullmatch(stored.key.removeprefix(f"{of_meeting}/")):
            file = key["writer"], key["file"]
            of_file = parts.setdefault(file, set())
            if key["start"] is None:
                e_tags[file] = stored.e_tag
            else:
                of_file.add(Part(int(key["start"]), stored.size))
    return [
        SharedFile(f"{of_meeting}/{writer}/{name}", writer, name, frozenset(held), e_tags.get((writer, name)))
        for (writer, name), held in sorted(parts.items())
    ]
