"""Parts of a track in a bucket: what is to be put, what becomes superfluous, what is to be read."""

from __future__ import annotations

import numpy as np
import pytest

from transcripts.storage.parts import WHOLE_PART_BYTES, Part, covered, held_bytes, to_get, to_put


@pytest.mark.parametrize(
    ("parts", "held"),
    [
        ([], 0),
        ([Part(0, 10), Part(10, 5)], 15),
        ([Part(10, 5), Part(0, 10)], 15),
        ([Part(0, 10), Part(11, 5)], 10),
        ([Part(5, 10)], 0),
        ([Part(0, 10), Part(2, 3), Part(8, 4)], 12),
        ([Part(0, 0), Part(0, 10)], 10),
    ],
)
def test_what_is_held_ends_at_the_first_gap(parts: list[Part], held: int) -> None:
    """However the parts overlap, and in whatever order they come."""
    assert held_bytes(parts) == held


@pytest.mark.parametrize(
    ("held", "size", "put"),
    [
        (0, 0, []),
        (100, 100, []),
        (100, 50, []),
        (0, 100, [Part(0, 100)]),
        (100, 250, [Part(100, 150)]),
        (WHOLE_PART_BYTES - 8, WHOLE_PART_BYTES, [Part(0, WHOLE_PART_BYTES)]),
        (10, 2 * WHOLE_PART_BYTES + 6, [Part(0, WHOLE_PART_BYTES), Part(WHOLE_PART_BYTES, WHOLE_PART_BYTES)]),
    ],
)
def test_new_bytes_are_put_and_a_complete_stretch_is_put_as_one(held: int, size: int, put: list[Part]) -> None:
    """After an outage, too, nothing is larger than a whole part."""
    assert list(to_put(held, size))[: len(put)] == put
    assert held_bytes([Part(0, held), *to_put(held, size)]) == max(held, size)
    assert all(part.size <= WHOLE_PART_BYTES for part in to_put(held, size))


def test_a_part_covers_those_within_it() -> None:
    """Also the one that it takes the place of; not one that goes further."""
    inside = [Part(10, 10), Part(10, 2), Part(15, 5)]
    assert covered([Part(0, 11), *inside, Part(15, 6)], by=Part(10, 10)) == inside


def test_parts_are_read_in_order_each_byte_from_one_of_them() -> None:
    """Whatever overlaps and doubles there are, what is read again is what was written."""
    chance = np.random.default_rng(5)
    sound = chance.bytes(500)
    for _ in range(200):
        starts = [int(start) for start in chance.integers(500, size=8)]
        parts = {Part(0, 200)} | {Part(start, int(chance.integers(500 - start))) for start in starts}
        read = bytearray()
        for part in to_get(parts, 0):
            read.extend(bytes(max(0, part.start - len(read))))
            read.extend(sound[part.start : part.end][len(read) - part.start :])
        held = held_bytes(parts)
        assert read[:held] == sound[:held]
        assert len(read) == max(part.end for part in parts)
        assert list(to_get(parts, len(read))) == []


def test_names_sort_as_the_parts_do() -> None:
    """A listing is in the order of time."""
    parts = [Part(start, 1) for start in (0, 9, 10, 99, 100_000_000_000)]
    assert sorted(part.name for part in parts) == [part.name for part in parts]
