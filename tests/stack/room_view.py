"""A room as one of its members sees it: events in order, edits applied, threads by their root. No network here.

An event that can only be decrypted later stands where it was seen first.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True)
class SeenEvent:
    """One event of the timeline, with its latest content."""

    event_id: str
    sender: str
    kind: str
    content: dict[str, Any]
    sent_at_ms: int
    edits: int = 0
    """How many times its sender has edited it since."""
    edited_at_ms: int | None = None
    unreadable: str = ""
    """Why this member's client cannot decrypt it."""

    @property
    def body(self) -> str:
        """The plain text of a message; empty for other events."""
        body = self.content.get("body")
        return body if isinstance(body, str) else ""

    @property
    def thread_root(self) -> str | None:
        """The event whose thread this one belongs to."""
        relation = self.content.get("m.relates_to", {})
        return relation.get("event_id") if relation.get("rel_type") == "m.thread" else None


@dataclass
class RoomView:
    """What has been seen of a room so far."""

    room_id: str
    _events: dict[str, SeenEvent] = field(default_factory=dict)
    _members: dict[str, str] = field(default_factory=dict)

    def add(self, event: dict[str, Any]) -> None:
        """Take in one event of a sync response, timeline or state."""
        event_id, sender, content = event["event_id"], event["sender"], event["content"]
        if event["type"] == "m.room.member" and "state_key" in event:
            self._members[event["state_key"]] = content.get("membership", "")
        sent_at_ms, relation = event["origin_server_ts"], content.get("m.relates_to", {})
        if relation.get("rel_type") == "m.replace" and "m.new_content" in content:
            self._events.pop(event_id, None)
            self._edit(relation["event_id"], sender, event["type"], content, sent_at_ms)
        elif event_id not in self._events or self._events[event_id].unreadable:
            why = event.get("unreadable", "")
            self._events[event_id] = SeenEvent(event_id, sender, event["type"], content, sent_at_ms, unreadable=why)

    def _edit(self, target: str, sender: str, kind: str, content: dict[str, Any], at_ms: int) -> None:
        """Apply an edit as clients do: by the sender of the original only, the latest one, its relations kept."""
        original = self._events.get(target)
        if original is None or original.sender != sender or at_ms < (original.edited_at_ms or 0):
            return
        new = dict(content["m.new_content"])
        if "m.relates_to" in original.content:
            new["m.relates_to"] = original.content["m.relates_to"]
        edits = original.edits + 1
        self._events[target] = replace(original, kind=kind, content=new, edits=edits, edited_at_ms=at_ms, unreadable="")

    @property
    def messages(self) -> list[SeenEvent]:
        """All messages, oldest first, those in threads too."""
        return [event for event in self._events.values() if event.kind == "m.room.message"]

    def messages_of(self, sender: str) -> list[SeenEvent]:
        """The messages of one user, oldest first."""
        return [message for message in self.messages if message.sender == sender]

    def thread(self, root: str) -> list[SeenEvent]:
        """The messages in the thread under `root`, oldest first."""
        return [message for message in self.messages if message.thread_root == root]

    @property
    def unreadable(self) -> list[str]:
        """Why the events that this member's client cannot decrypt are so, one by one."""
        return [event.unreadable for event in self._events.values() if event.unreadable]

    def __contains__(self, event_id: object) -> bool:
        return event_id in self._events

    def event(self, event_id: str) -> SeenEvent:
        """One event with its latest content."""
        return self._events[event_id]

    def membership(self, user_id: str) -> str | None:
        """`join`, `invite`, `leave`…, or None for someone who never was here."""
        return self._members.get(user_id)
