"""What a homeserver brings, to values."""

from __future__ import annotations

import random
from typing import Any

import pytest

from bridge.matrix.encryption.devices import KeysNews
from bridge.matrix.events import Invite, RoomMessage
from bridge.matrix.ids import RoomId, UserId
from bridge.matrix.news import News, read_pushed, read_sync
from bridge.matrix.tombstones import Upgrade
from tests.fakes.matrix import BOT, CLAIRE, HOSTILE, ROOM, arrival, encrypted, invited, joined, message, pushed

ME = UserId(BOT)
HERE = RoomId(ROOM)


def synced(rooms: object, next_batch: object = "s1") -> dict[str, Any]:
    """A /sync answer."""
    return {"next_batch": next_batch, "rooms": rooms}


def bodies(rooms: object) -> list[str]:
    """The messages that are read from the rooms of a /sync answer."""
    result = read_sync(synced(rooms), ME)
    assert result is not None
    return [
        found.body for timeline in result.news.timelines for found in timeline.heard if isinstance(found, RoomMessage)
    ]


def news_of(rooms: object) -> News:
    """What is read of the rooms of a /sync answer."""
    result = read_sync(synced(rooms), ME)
    assert result is not None
    return result.news


def keys_of(**fields: object) -> KeysNews:
    """What is read of an answer with these fields about keys."""
    result = read_sync({"next_batch": "s1", **fields}, ME)
    assert result is not None
    return result.keys


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
    assert result.news.timelines[0].gap_before is None


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
    assert limited.news.timelines[0].gap_before == "t1"
    assert whole.news.timelines[0].gap_before is None


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
    assert result.news.invites == (Invite(HERE, UserId(CLAIRE)),)


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
        assert result.news.invites == (Invite(HERE, None),)


@pytest.mark.parametrize("part", ["state", "timeline"])
def test_a_change_of_state_is_noticed_wherever_it_stands(part: str) -> None:
    """Whatever it says; what has no state key is no state."""
    event = {"type": "m.room.encryption", "state_key": "", "content": None}
    for found, expected in (
        ([event], (("m.room.encryption", ""),)),
        ([event | {"state_key": "x"}], (("m.room.encryption", "x"),)),
        ([{"type": "m.room.encryption"}], ()),
    ):
        news = news_of({"join": {ROOM: {part: {"events": found}}}})
        assert tuple(touched[1:] for touched in news.touched) == expected


def test_of_a_room_with_a_gap_or_without_the_bot_nothing_known_is_believed() -> None:
    """What changed there was not told."""
    rooms = joined(message("x", "$1"), limited=True, prev_batch="t1") | {"leave": {"!left:tchap.test": {}}}
    assert news_of(rooms).unknown == {HERE, "!left:tchap.test"}
    assert news_of(joined(message("x", "$1"), limited=False)).unknown == frozenset()


def test_a_tombstone_is_an_upgrade() -> None:
    """Wherever it stands."""
    event = {
        "type": "m.room.tombstone",
        "state_key": "",
        "sender": CLAIRE,
        "content": {"replacement_room": "!new:tchap.test"},
    }
    expected = (Upgrade(HERE, RoomId("!new:tchap.test"), UserId(CLAIRE)),)
    assert news_of({"join": {ROOM: {"state": {"events": [event]}}}}).upgrades == expected
    assert read_pushed(pushed(event), ME).upgrades == expected


class TestKeys:
    """What an answer says about keys."""

    def test_messages_to_the_device_and_changed_devices_are_read(self) -> None:
        """What is no message or no user is left out."""
        read = keys_of(
            to_device={"events": [{"type": "m.room_key"}, "junk", None]},
            device_lists={"changed": [CLAIRE, "junk", 5], "left": ["@marc:tchap.test"]},
        )
        assert read.to_device == ({"type": "m.room_key"},)
        assert read.changed == frozenset([UserId(CLAIRE)])
        assert read.left == frozenset([UserId("@marc:tchap.test")])

    def test_no_one_time_keys_left_is_a_number(self) -> None:
        """An algorithm without keys may be left out; only an answer without counts says nothing."""
        assert keys_of(device_one_time_keys_count={"signed_curve25519": 7}).one_time_keys == 7
        assert keys_of(device_one_time_keys_count={"signed_curve25519": 0}).one_time_keys == 0
        assert keys_of(device_one_time_keys_count={}).one_time_keys == 0
        assert keys_of().one_time_keys is None

    def test_unused_fallback_keys_are_named(self) -> None:
        """None at all is not the same as not saying."""
        assert keys_of(device_unused_fallback_key_types=["signed_curve25519"]).unused_fallback_keys == (
            "signed_curve25519",
        )
        assert keys_of(device_unused_fallback_key_types=[]).unused_fallback_keys == ()
        assert keys_of().unused_fallback_keys is None

    @pytest.mark.parametrize("value", HOSTILE)
    def test_hostile_keys_are_none(self, value: object) -> None:
        """At every level."""
        for read in (
            keys_of(to_device=value, device_lists=value),
            keys_of(to_device={"events": value}, device_lists={"changed": value, "left": value}),
            keys_of(to_device={"events": [value]}, device_lists={"changed": [value], "left": [value]}),
        ):
            assert all(isinstance(event, dict) for event in read.to_device)
            assert not read.changed
            assert not read.left
        count = keys_of(device_one_time_keys_count={"signed_curve25519": value}).one_time_keys
        assert count is None or (count == value and count >= 0)


class TestPushed:
    """Transactions of the homeserver."""

    def test_what_is_said_is_read_room_by_room(self) -> None:
        """In the order of each."""
        other = RoomId("!other:tchap.test")
        events = [
            *pushed(message("one", "$1")),
            *pushed(encrypted("x", "$2"), room_id=other),
            *pushed(message("two", "$3")),
        ]
        timelines = {
            timeline.room_id: [heard.event_id for heard in timeline.heard]
            for timeline in read_pushed(events, ME).timelines
        }
        assert timelines == {HERE: ["$1", "$3"], other: ["$2"]}

    def test_what_was_said_before_the_bot_came_is_not_for_it(self) -> None:
        """Homeservers push what concerns any user of the namespace."""
        news = read_pushed(pushed(message("before", "$1"), arrival(), message("after", "$2")), ME)
        assert [heard.event_id for heard in news.timelines[0].heard] == ["$2"]

    def test_an_invitation_is_one(self) -> None:
        """Of the bot, not of somebody else."""
        event = {"type": "m.room.member", "state_key": BOT, "sender": CLAIRE, "content": {"membership": "invite"}}
        assert read_pushed(pushed(event), ME).invites == (Invite(HERE, UserId(CLAIRE)),)
        assert read_pushed(pushed(event | {"state_key": CLAIRE}), ME).invites == ()

    def test_an_invitation_that_was_answered_or_withdrawn_since_is_none(self) -> None:
        """What is pushed may be old; of several, the last one counts."""
        event = {"type": "m.room.member", "state_key": BOT, "sender": CLAIRE, "content": {"membership": "invite"}}
        withdrawn = event | {"content": {"membership": "leave"}}
        assert read_pushed(pushed(event, withdrawn), ME).invites == ()
        assert read_pushed(pushed(event, arrival()), ME).invites == ()
        renewed = event | {"sender": "@marc:tchap.test"}
        assert read_pushed(pushed(event, withdrawn, renewed), ME).invites == (Invite(HERE, UserId("@marc:tchap.test")),)

    def test_who_comes_is_told_and_who_changes_a_name_is_not(self) -> None:
        """Somebody who comes may have new devices that nobody told of."""
        assert read_pushed(pushed(arrival(CLAIRE)), ME).arrived == {CLAIRE}
        assert read_pushed(pushed(arrival(CLAIRE, before="join")), ME).arrived == frozenset()

    def test_a_room_that_the_bot_is_put_out_of_is_unknown(self) -> None:
        """And one that it comes into or others leave is not."""
        out = {"type": "m.room.member", "state_key": BOT, "sender": CLAIRE, "content": {"membership": "leave"}}
        assert read_pushed(pushed(out), ME).unknown == {HERE}
        assert read_pushed(pushed(out | {"state_key": CLAIRE}, arrival()), ME).unknown == frozenset()

    @pytest.mark.parametrize("field", ["type", "state_key", "room_id", "content", "unsigned"])
    @pytest.mark.parametrize("value", HOSTILE)
    def test_a_hostile_event_does_not_hide_its_neighbours(self, field: str, value: object) -> None:
        """Whatever stands in the place of any field, or of the event."""
        hostile = [{**event, field: value} for event in pushed(arrival(), message("x", "$x", sender=BOT))]
        news = read_pushed([*pushed(message("one", "$1")), value, *hostile, *pushed(message("two", "$2"))], ME)
        heard = [said.event_id for timeline in news.timelines for said in timeline.heard]
        assert heard in (["$1", "$2"], ["$2"])  # a valid arrival in between cuts off what was before


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
    events = pushed(message("x", "$1"), encrypted("y", "$2"), arrival())
    for _ in range(10_000):
        read_pushed([damaged(event) for event in events], ME)
