"""A room as one of its members sees it: events in order, edits applied, threads by their root. No network here."""

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
        relation = content.get("m.relates_to", {})
        if relation.get("rel_type") == "m.replace":
            self._edit(relation["event_id"], sender, content, event["origin_server_ts"])
        elif event_id not in self._events:
            sent_at_ms = event["origin_server_ts"]
            self._events[event_id] = SeenEvent(event_id, sender, event["type"], content, sent_at_ms)

    def _edit(self, target: str, sender: str, content: dict[str, Any], at_ms: int) -> None:
        """Apply an edit as clients do: by the sender of the original only, its relations kept."""
        original = self._events.get(target)
        if original is None or original.sender != sender:
            return
        new = dict(content["m.new_content"])
        if "m.relates_to" in original.content:
            new["m.relates_to"] = original.content["m.relates_to"]
        self._events[target] = replace(original, content=new, edits=original.edits + 1, edited_at_ms=at_ms)

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

    def __contains__(self, event_id: object) -> bool:
        return event_id in self._events

    def event(self, event_id: str) -> SeenEvent:
        """One event with its latest content."""
        return self._events[event_id]

    def membership(self, user_id: str) -> str | None:
        """`join`, `invite`, `leave`…, or None for someone who never was here."""
        return self._members.get(user_id)
