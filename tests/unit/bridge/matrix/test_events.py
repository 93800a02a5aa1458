"""Hostile JSON to values."""

from __future__ import annotations

import random
from typing import Any

import pytest

from bridge.matrix.events import (
    MAX_BODY_BYTES,
    Invite,
    RoomMessage,
    read_history,
    read_members,
    read_message,
    read_sync,
)
from bridge.matrix.ids import EventId, RoomId, UserId
from tests.fakes.matrix import BOT, CLAIRE, ROOM, arrival, invited, joined, message

ME = UserId(BOT)
HERE = RoomId(ROOM)
HOSTILE: list[Any] = [
    None,
    True,
    0,
    -1,
    2**64,
    1e308,
    float("nan"),
    "",
    "x" * 100_000,
    "\x00\ud800\u202e",
    [],
    [[[]]],
    {},
    {"": {}},
    {"type": {"type": []}},
]


def synced(rooms: object, next_batch: object = "s1") -> dict[str, Any]:
    """A /sync answer."""
    return {"next_batch": next_batch, "rooms": rooms}


def bodies(rooms: object) -> list[str]:
    """The messages that are read from the rooms of a /sync answer."""
    result = read_sync(synced(rooms), ME)
    assert result is not None
    return [found.body for timeline in result.timelines for found in timeline.messages]


def test_a_text_message_is_read() -> None:
    """With everything that is known of it."""
    event = message("!visio Point budget", "$1", sent_ms=5)
    expected = RoomMessage(HERE, EventId("$1"), UserId(CLAIRE), "!visio Point budget", 5)
    assert read_message(event, HERE, ME) == expected


@pytest.mark.parametrize(
    "event",
    [
        message("!visio", "$1", sender=BOT),
        message("!visio", "$1", also={"msgtype": "m.notice"}),
        message("!visio", "$1", also={"msgtype": "m.emote"}),
        message("* !visio", "$1", also={"m.relates_to": {"rel_type": "m.replace", "event_id": "$0"}}),
        message("!visio", "$1", also={"m.new_content": {"msgtype": "m.text", "body": "!visio"}}),
        message("x" * (MAX_BODY_BYTES + 1), "$1"),
        message("é" * (MAX_BODY_BYTES // 2 + 1), "$1"),
        message("!visio", "1"),
        message("!visio", "$with space"),
        message("!visio", "$" + "x" * 255),
        message("!visio", "$1", sender="claire"),
        message("!visio", "$1", sender="@claire"),
        message("!visio", "$1", sender="@cl\u202eaire:tchap.test"),
        message("!visio", "$1", sent_ms=-1),
        message("!visio", "$1", sent_ms=2**60),
        message("!visio", "$1") | {"type": "m.reaction"},
        message("!visio", "$1") | {"state_key": ""},
        message("!visio", "$1") | {"content": {}},
        message("!visio", "$1") | {"origin_server_ts": True},
    ],
)
def test_what_is_not_somebody_elses_new_text_is_not_a_message(event: object) -> None:
    """Edits, notices, our own words, other types and malformed ones."""
    assert read_message(event, HERE, ME) is None


def test_a_message_in_a_thread_or_a_reply_is_a_message() -> None:
    """Other relations than a replacement change nothing."""
    for relation in ({"rel_type": "m.thread", "event_id": "$0"}, {"m.in_reply_to": {"event_id": "$0"}}, "junk", None):
        assert read_message(message("!visio", "$1", also={"m.relates_to": relation}), HERE, ME)


@pytest.mark.parametrize("field", ["type", "event_id", "sender", "origin_server_ts", "content"])
@pytest.mark.parametrize("value", HOSTILE)
def test_a_message_with_a_hostile_field_is_not_a_message(field: str, value: object) -> None:
    """Whatever stands in the place of any field."""
    event = message("!visio", "$1") | {field: value}
    found = read_message(event, HERE, ME)
    assert found is None or (field, value) == ("origin_server_ts", 0)


@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_body_is_text_that_a_database_takes_or_nothing(value: object) -> None:
    """Lone surrogates and NUL are legal JSON."""
    event = message("", "$1") | {"content": {"msgtype": "m.text", "body": value}}
    found = read_message(event, HERE, ME)
    if found is not None:
        assert "\0" not in found.body
        found.body.encode()


def test_a_hostile_event_does_not_hide_its_neighbours() -> None:
    """The good ones around it are read."""
    events = [message("one", "$1"), *HOSTILE, message("two", "$2")]
    assert bodies({"join": {ROOM: {"timeline": {"events": events}}}}) == ["one", "two"]


@pytest.mark.parametrize("value", HOSTILE)
def test_hostile_containers_are_empty_ones(value: object) -> None:
    """At every level of the answer."""
    good = joined(message("good", "$1"), room_id="!other:tchap.test")["join"]
    assert bodies(value) == []
    assert bodies({"join": value, "invite": value, "leave": value}) == []
    assert bodies({"join": {ROOM: value, **good}}) == ["good"]
    assert bodies({"join": {ROOM: {"timeline": value, "state": value}, **good}}) == ["good"]
    assert bodies({"join": {ROOM: {"timeline": {"events": value, "prev_batch": value, "limited": value}}, **good}}) == [
        "good"
    ]


@pytest.mark.parametrize("room_id", ["", "budget", "!a b", "!" + "x" * 255, "!\ud800", "@claire:tchap.test"])
def test_what_is_no_room_id_is_left_out(room_id: str) -> None:
    """It would end up in paths and in the database."""
    assert bodies(joined(message("x", "$1"), room_id=room_id)) == []


def test_room_ids_without_a_server_are_room_ids() -> None:
    """As they are since room version 12."""
    assert bodies(joined(message("x", "$1"), room_id="!pZm1Yx0")) == ["x"]


@pytest.mark.parametrize("answer", [*HOSTILE, {"rooms": {}}, {"next_batch": ""}, {"next_batch": 5}])
def test_an_answer_without_next_batch_is_no_sync_answer(answer: object) -> None:
    """A caller must not move on with it."""
    assert read_sync(answer, ME) is None


def test_what_was_said_before_the_bot_came_is_not_for_it() -> None:
    """Nor is there anything missing before that."""
    rooms = joined(message("before", "$1"), arrival(), message("after", "$2"), limited=True, prev_batch="t1")
    result = read_sync(synced(rooms), ME)
    assert result is not None
    assert bodies(rooms) == ["after"]
    assert result.timelines[0].gap_before is None


def test_other_arrivals_and_a_new_name_of_the_bot_cut_nothing() -> None:
    """Only its own coming does."""
    assert bodies(joined(message("one", "$1"), arrival(CLAIRE), arrival(before="join"), message("two", "$2"))) == [
        "one",
        "two",
    ]


def test_a_limited_timeline_tells_where_to_read_on() -> None:
    """An unlimited one does not."""
    limited = read_sync(synced(joined(message("x", "$1"), limited=True, prev_batch="t1")), ME)
    whole = read_sync(synced(joined(message("x", "$1"), limited=False, prev_batch="t1")), ME)
    assert limited is not None
    assert whole is not None
    assert limited.timelines[0].gap_before == "t1"
    assert whole.timelines[0].gap_before is None


def test_an_invitation_names_who_invites() -> None:
    """The sender of our own membership, not of somebody else's."""
    rooms = invited()
    rooms["invite"][ROOM]["invite_state"]["events"].append(
        {
            "type": "m.room.member",
            "state_key": "@marc:tchap.test",
            "sender": "@eve:x",
            "content": {"membership": "invite"},
        }
    )
    result = read_sync(synced(rooms), ME)
    assert result is not None
    assert result.invites == (Invite(HERE, UserId(CLAIRE)),)


@pytest.mark.parametrize("value", HOSTILE)
def test_an_invitation_of_any_shape_is_one_from_nobody(value: object) -> None:
    """So that it can be declined."""
    for room in (
        value,
        {"invite_state": value},
        {"invite_state": {"events": value}},
        {"invite_state": {"events": [value]}},
    ):
        result = read_sync(synced({"invite": {ROOM: room}}), ME)
        assert result is not None
        assert result.invites == (Invite(HERE, None),)


@pytest.mark.parametrize("part", ["state", "timeline"])
def test_an_encryption_event_is_noticed_wherever_it_stands(part: str) -> None:
    """Whatever it says; but it must be the room's own (empty state key)."""
    event = {"type": "m.room.encryption", "state_key": "", "content": None}
    for events, expected in (
        ([event], {HERE}),
        ([event | {"state_key": "x"}], set()),
        ([{"type": "m.room.encryption"}], set()),
    ):
        result = read_sync(synced({"join": {ROOM: {part: {"events": events}}}}), ME)
        assert result is not None
        assert result.encrypted == expected


def test_a_page_of_history_is_turned_round() -> None:
    """It is asked for backwards; messages come oldest first."""
    page = read_history({"chunk": [message("two", "$2"), message("one", "$1")], "end": "t0"}, HERE, ME)
    assert [found.body for found in page.messages] == ["one", "two"]
    assert page.earlier == "t0"


def test_history_ends_where_the_bot_came_or_nothing_is_left() -> None:
    """Reading on would never end otherwise."""
    came = {"chunk": [message("two", "$2"), arrival(), message("one", "$1")], "end": "t0"}
    page = read_history(came, HERE, ME)
    assert [found.body for found in page.messages] == ["two"]
    assert page.earlier is None
    assert read_history({"chunk": [], "end": "t0"}, HERE, ME).earlier is None
    assert read_history({"chunk": [message("x", "$1")]}, HERE, ME).earlier is None


@pytest.mark.parametrize("value", HOSTILE)
def test_hostile_history_is_empty(value: object) -> None:
    """At every level."""
    for answer in (value, {"chunk": value, "end": value}, {"chunk": [value], "end": value}):
        assert read_history(answer, HERE, ME).messages == ()


def test_members_have_names_of_one_line() -> None:
    """Names are people's own choice: hostile ones become harmless, absent ones the user id."""
    answer = {
        "joined": {
            CLAIRE: {"display_name": "Claire\n\u202eMartin [Ministère]"},
            "@a:x": {"display_name": None},
            "@b:x": {"display_name": " \n "},
            "@c:x": ["junk"],
            "@d:x": {"display_name": "x" * 9999},
            "@e:x": {"display_name": "\ud800"},
            "junk": {"display_name": "junk"},
        }
    }
    members = read_members(answer)
    assert members[UserId(CLAIRE)] == "Claire  Martin [Ministère]"
    assert members[UserId("@a:x")] == "@a:x"
    assert members[UserId("@b:x")] == "@b:x"
    assert members[UserId("@c:x")] == "@c:x"
    assert len(members[UserId("@d:x")]) == 256
    assert members[UserId("@e:x")] == "?"
    assert "junk" not in members


@pytest.mark.parametrize("value", HOSTILE)
def test_hostile_members_are_none(value: object) -> None:
    """At every level."""
    assert read_members(value) == {}
    assert read_members({"joined": value}) == {}


def test_no_answer_of_any_shape_stops_the_reading() -> None:
    """Ten thousand answers in which random parts are replaced by hostile ones (fixed seed)."""
    chance = random.Random(3)  # noqa: S311 – a test, not a secret
    whole = synced(
        {**joined(message("x", "$1"), arrival(), limited=True, prev_batch="t"), **invited(), "leave": {ROOM: {}}}
    )

    def damaged(value: Any) -> Any:
        if chance.random() < 0.08:
            return chance.choice(HOSTILE)
        if isinstance(value, dict):
            return {key: damaged(part) for key, part in value.items()}
        if isinstance(value, list):
            return [damaged(part) for part in value]
        return value

    read = sum(read_sync(damaged(whole), ME) is not None for _ in range(10_000))
    assert read > 1000
