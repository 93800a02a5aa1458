"""Tombstones: a hostile event to a value, or nothing."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.matrix.ids import RoomId, UserId
from bridge.matrix.tombstones import Upgrade, read_predecessor, read_tombstone
from tests.fakes.matrix import CLAIRE, HOSTILE, ROOM

SUCCESSOR = "!31hneApxJ_1o-63DmFrpeqnkFfWppnzWso1JvH3ogLM"


def tombstone(successor: object = SUCCESSOR, **changes: Any) -> dict[str, Any]:
    """A tombstone as a homeserver hands it out."""
    event = {
        "type": "m.room.tombstone",
        "state_key": "",
        "sender": CLAIRE,
        "content": {"body": "This room has been replaced", "replacement_room": successor},
    }
    return event | changes


def test_a_tombstone_says_by_whom_and_by_what_a_room_is_replaced() -> None:
    """The successor may be of a version whose ids name no server."""
    read = read_tombstone(tombstone(), RoomId(ROOM))
    assert read == Upgrade(RoomId(ROOM), RoomId(SUCCESSOR), UserId(CLAIRE))


@pytest.mark.parametrize(
    "event",
    [
        None,
        [],
        tombstone(ROOM),
        tombstone(None),
        tombstone("@not-a-room:tchap.test"),
        tombstone("!x" * 300),
        tombstone(type="m.room.name"),
        tombstone(state_key="other"),
        {key: value for key, value in tombstone().items() if key != "state_key"},
        tombstone(sender=None),
        tombstone(sender="claire"),
        tombstone(content=None),
        tombstone(content="!x:y"),
    ],
)
def test_anything_else_is_none(event: object) -> None:
    """A message that looks like one, a room that replaces itself, junk."""
    assert read_tombstone(event, RoomId(ROOM)) is None


def test_a_room_says_which_one_it_replaces() -> None:
    """Whatever else it says of that."""
    assert read_predecessor({"content": {"predecessor": {"room_id": ROOM, "event_id": 5}}}) == ROOM


@pytest.mark.parametrize("value", HOSTILE)
def test_a_creation_of_any_other_shape_replaces_nothing(value: object) -> None:
    """At every level."""
    for create in (value, {"content": value}, {"content": {"predecessor": value}}):
        assert read_predecessor(create) is None
    assert read_predecessor({"content": {"predecessor": {"room_id": value}}}) is None
