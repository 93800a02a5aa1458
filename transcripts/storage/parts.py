"""How a track's sound lies in a bucket: as parts, each an exact range of its bytes, named by the byte it starts at.

Each part of a few seconds goes up as it is recorded. When a stretch of `WHOLE_PART_BYTES` is complete, one whole part
takes the place of the first small one, and the others of that stretch become superfluous: an hour of a track is some
sixty objects, not two thousand. Parts may overlap and be doubled (a recorder died in between); they hold the same
bytes, so it does not matter which one is read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

WHOLE_PART_BYTES: Final = 2 * 1024 * 1024
"""65 s of sound: small enough for one request on a slow line."""


@dataclass(frozen=True, slots=True, order=True)
class Part:
    """So many bytes of a track from `start` on."""

    start: int
    size: int

    @property
    def end(self) -> int:
        """The first byte after it."""
        return self.start + self.size

    @property
    def name(self) -> str:
        """What it is called in the bucket; names sort as their numbers do."""
        return f"{self.start:012}"


def held_bytes(parts: Iterable[Part]) -> int:
    """How far the parts go from the first byte on without a gap."""
    held = 0
    for part in sorted(parts):
        if part.start > held:
            break
        held = max(held, part.end)
    return held


def to_put(held: int, size: int) -> Iterator[Part]:
    """The parts that are to be put so that a track of `size` bytes, of which `held` are there, is there wholly."""
    while held < size:
        stretch = held - held % WHOLE_PART_BYTES
        whole = Part(stretch, WHOLE_PART_BYTES)
        part = whole if whole.end <= size else Part(held, size - held)
        yield part
        held = part.end


def covered(parts: Iterable[Part], by: Part) -> list[Part]:
    """The parts that hold nothing which another does not."""
    return [part for part in parts if by.start <= part.start and part.end <= by.end]


def to_get(parts: Iterable[Part], held: int) -> Iterator[Part]:
    """The parts that bring something after the first `held` bytes, in order and the longest first."""
    for part in sorted(parts, key=lambda part: (part.start, -part.size)):
        if part.end > held:
            yield part
            held = part.end
