"""What a member sees of a room: edits, threads, members."""

from __future__ import annotations

from typing import Any

from tests.stack.room_view import RoomView

BOT, MALLORY = "@greffier:tchap.test", "@mallory:tchap.test"


def message(event_id: str, body: str, *, sender: str = BOT, at_ms: int = 1, **content: Any) -> dict[str, Any]:
    """A message as a sync response carries it."""
    return {
        "event_id": event_id,
        "sender": sender,
        "type": "m.room.message",
        "origin_server_ts": at_ms,
        "content": {"msgtype": "m.text", "body": body, **content},
    }


def edit(event_id: str, target: str, body: str, *, sender: str = BOT) -> dict[str, Any]:
    """An edit of the message `target`."""
    relation = {"rel_type": "m.replace", "event_id": target}
    new = {"msgtype": "m.text", "body": body}
    return message(event_id, f"* {body}", sender=sender, at_ms=9, **{"m.relates_to": relation, "m.new_content": new})


def unreadable(event: dict[str, Any]) -> dict[str, Any]:
    """The same event as a client shows it that lacks the key: its relation is outside of what is encrypted."""
    relation = {key: value for key, value in event["content"].items() if key == "m.relates_to"}
    content = {"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "…", **relation}
    return event | {"type": "m.room.encrypted", "content": content, "unreadable": "UNKNOWN_SESSION"}


def in_thread(root: str) -> dict[str, Any]:
    """The relation of an answer in the thread under `root`."""
    return {"m.relates_to": {"rel_type": "m.thread", "event_id": root}}


def view(*events: dict[str, Any]) -> RoomView:
    """A room in which these events were seen."""
    room = RoomView("!room")
    for event in events:
        room.add(event)
    return room


def test_an_edited_message_stands_once_with_its_latest_text() -> None:
    """The card is edited as the meeting goes on, and members see one card."""
    room = view(message("$1", "open"), edit("$2", "$1", "in progress"), edit("$3", "$1", "ended"))
    assert [(m.body, m.edits, m.edited_at_ms) for m in room.messages] == [("ended", 2, 9)]


def test_nobody_edits_the_messages_of_another() -> None:
    """Clients ignore such an edit, so a test must not take it for the bot's."""
    room = view(message("$1", "open"), edit("$2", "$1", "hacked", sender=MALLORY))
    assert room.event("$1").body == "open"


def test_an_edited_answer_stays_in_its_thread() -> None:
    """The new content of an edit carries no relation; the original's counts."""
    room = view(message("$1", "card"), message("$2", "part", **in_thread("$1")), edit("$3", "$2", "part, mended"))
    assert [m.body for m in room.thread("$1")] == ["part, mended"]


def test_an_event_that_comes_twice_is_seen_once() -> None:
    """A sync response can repeat the end of the one before."""
    room = view(message("$1", "open"), message("$1", "open"))
    assert len(room.messages) == 1


def test_an_event_that_is_decrypted_later_stands_where_it_was_seen_first() -> None:
    """Its key came late: the order of the room is that of its events, not of their keys."""
    room = view(unreadable(message("$1", "first")), message("$2", "second"))
    assert [m.body for m in room.messages] == ["second"]
    assert room.unreadable == ["UNKNOWN_SESSION"]
    room.add(message("$1", "first"))
    assert [m.body for m in room.messages] == ["first", "second"]
    assert room.unreadable == []


def test_an_edit_that_is_decrypted_later_is_applied_then_and_is_no_message() -> None:
    """Nobody sees `* …` in the place of the edit."""
    changed = edit("$2", "$1", "ended")
    room = view(message("$1", "open"), unreadable(changed))
    assert room.event("$1").body == "open"
    room.add(changed)
    assert [(m.body, m.edits) for m in room.messages] == [("ended", 1)]
    assert room.unreadable == []


def test_an_original_that_is_decrypted_after_its_edit_keeps_the_edit() -> None:
    """The edit is the later word, whichever key comes first."""
    room = view(unreadable(message("$1", "open")), edit("$2", "$1", "ended"), message("$1", "open"))
    assert [(m.body, m.edits) for m in room.messages] == [("ended", 1)]


def test_membership_is_the_latest_one() -> None:
    """Somebody invited, and then there."""
    room = RoomView("!room")
    for n, membership in enumerate(("invite", "join")):
        event = message(f"${n}", "", membership=membership) | {"type": "m.room.member", "state_key": BOT}
        room.add(event)
    assert room.membership(BOT) == "join"
    assert room.membership(MALLORY) is None
