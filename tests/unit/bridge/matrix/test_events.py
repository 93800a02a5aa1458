"""Hostile JSON to values."""

from __future__ import annotations

import pytest

from bridge.matrix.encryption.devices import Decrypted, EncryptedEvent
from bridge.matrix.events import (
    MAX_BODY_BYTES,
    MAX_CIPHERTEXT_CHARACTERS,
    Heard,
    RoomMessage,
    read_decrypted,
    read_encrypted,
    read_heard,
    read_history,
    read_members,
    read_message,
    read_own,
)
from bridge.matrix.ids import EventId, RoomId, UserId
from tests.fakes.matrix import BOT, CLAIRE, HOSTILE, ROOM, arrival, encrypted, message

ME = UserId(BOT)
HERE = RoomId(ROOM)


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


def bodies(heard: tuple[Heard, ...]) -> list[str]:
    """What was said in the clear."""
    return [said.body for said in heard if isinstance(said, RoomMessage)]


def test_a_page_of_history_is_turned_round() -> None:
    """It is asked for backwards; messages come oldest first."""
    page = read_history({"chunk": [message("two", "$2"), message("one", "$1")], "end": "t0"}, HERE, ME)
    assert bodies(page.heard) == ["one", "two"]
    assert page.earlier == "t0"


def test_history_ends_where_the_bot_came_or_nothing_is_left() -> None:
    """Reading on would never end otherwise."""
    came = {"chunk": [message("two", "$2"), arrival(), message("one", "$1")], "end": "t0"}
    page = read_history(came, HERE, ME)
    assert bodies(page.heard) == ["two"]
    assert page.earlier is None
    assert read_history({"chunk": [], "end": "t0"}, HERE, ME).earlier is None
    assert read_history({"chunk": [message("x", "$1")]}, HERE, ME).earlier is None


@pytest.mark.parametrize("value", HOSTILE)
def test_hostile_history_is_empty(value: object) -> None:
    """At every level."""
    for answer in (value, {"chunk": value, "end": value}, {"chunk": [value], "end": value}):
        assert read_history(answer, HERE, ME).heard == ()


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


def test_an_encrypted_event_is_read() -> None:
    """With what it takes to decrypt it; the sender's key only where it is one."""
    event = encrypted("!visio", "$1", session_id="s1", sent_ms=5)
    ciphertext = event["content"]["ciphertext"]
    expected = EncryptedEvent(HERE, EventId("$1"), UserId(CLAIRE), 5, "s1", None, ciphertext)
    assert read_encrypted(event, HERE) == expected
    event["content"]["sender_key"] = "no key"
    assert read_encrypted(event, HERE) == expected
    event["content"]["sender_key"] = "c2VuZGVy"
    read = read_encrypted(event, HERE)
    assert read is not None
    assert read.sender_key == "c2VuZGVy"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("algorithm", "m.olm.v1.curve25519-aes-sha2"),
        ("session_id", "not base64!"),
        ("session_id", ""),
        ("ciphertext", "é"),
        ("ciphertext", ""),
        ("ciphertext", "AAAA\0BBBB"),
        ("ciphertext", "AAAA BBBB"),
        ("ciphertext", "AAAA\n"),
        ("ciphertext", "A" * (MAX_CIPHERTEXT_CHARACTERS + 1)),
        *(("session_id", value) for value in HOSTILE),
        *(("ciphertext", value) for value in HOSTILE),
    ],
)
def test_what_can_never_be_decrypted_is_no_encrypted_event(field: str, value: object) -> None:
    """It costs nothing further."""
    event = encrypted("!visio", "$1")
    event["content"] = event["content"] | {field: value}
    assert read_encrypted(event, HERE) is None


@pytest.mark.parametrize("field", ["type", "event_id", "sender", "origin_server_ts", "content"])
@pytest.mark.parametrize("value", HOSTILE)
def test_an_encrypted_event_with_a_hostile_field_is_none(field: str, value: object) -> None:
    """Whatever stands in the place of any field."""
    found = read_encrypted(encrypted("!visio", "$1") | {field: value}, HERE)
    assert found is None or (field, value) == ("origin_server_ts", 0)


def test_what_is_said_is_heard_in_its_order_encrypted_or_not() -> None:
    """The bot's own words are not, nor are edits: that they are is said in the clear."""
    edit = {"m.relates_to": {"rel_type": "m.replace", "event_id": "$1"}}
    events = [
        message("one", "$1"),
        encrypted("two", "$2"),
        encrypted("own", "$3", sender=BOT),
        encrypted("edit", "$4", also=edit),
        message("three", "$5"),
    ]
    heard, joined_here = read_heard(events, HERE, ME)
    assert [said.event_id for said in heard] == ["$1", "$2", "$5"]
    assert not joined_here
    assert [said.event_id for said in read_heard([*events, arrival(), encrypted("x", "$6")], HERE, ME)[0]] == ["$6"]


def decrypted(content: object, event_type: str = "m.room.message") -> RoomMessage | None:
    """What is read of an encrypted event that said this."""
    event = read_encrypted(encrypted("", "$1", sent_ms=5), HERE)
    assert event is not None
    return read_decrypted(event, Decrypted(event_type, content))  # type: ignore[arg-type]


def test_a_decrypted_text_is_a_message_of_the_event_that_it_was_in() -> None:
    """Anything else is none, as in the clear."""
    text = {"msgtype": "m.text", "body": "!visio"}
    assert decrypted(text) == RoomMessage(HERE, EventId("$1"), UserId(CLAIRE), "!visio", 5, was_encrypted=True)
    assert decrypted(text, "m.reaction") is None
    assert decrypted(text | {"msgtype": "m.notice"}) is None
    assert decrypted(text | {"m.new_content": text}) is None
    assert all(decrypted(text | {"body": value}) is None for value in HOSTILE if not isinstance(value, str))


def test_own_messages_are_read_for_their_transactions() -> None:
    """Encrypted ones are to be decrypted first; other people's are not the bot's."""
    mine = message("x", "$1", sender=BOT, also={"fr.greffier.txn": "t1"})
    page = read_own({"chunk": [mine, encrypted("y", "$2", sender=BOT), encrypted("z", "$3")]}, HERE, ME)
    assert page.by_txn == {"t1": "$1"}
    assert [event.event_id for event in page.encrypted] == ["$2"]
