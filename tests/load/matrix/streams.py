"""Streams of events as a homeserver pushes them to an appservice: 100 in a transaction, from people in many rooms.

Of 20 events, 15 are messages, 2 reactions, 1 an edit, 1 a change of somebody's name, 1 a redaction. In an encrypted
stream, messages and edits are encrypted, by each sender with a key of their own in each room.
"""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tests.load.matrix.people import Person, RoomKey

EVENTS_A_TRANSACTION: Final = 100
COMMAND: Final = "!visio état"
_CHAT: Final = (
    "Bonjour, je regarde le dossier et je reviens vers vous dans la matinée, avant la réunion de onze heures."
)
_ROOMS: Final = 200
_ENCRYPTED_ROOMS: Final = 20
_SENDERS_A_ROOM: Final = 10
_PEOPLE: Final = 50
_REACTIONS, _EDIT, _NAME, _REDACTION = (6, 13), 9, 17, 19
_ORDINALS: Final = itertools.count()
"""No event and no transaction of a run is like another one."""


@dataclass(frozen=True)
class Transaction:
    """One push: its id, and the body as it goes over the wire."""

    id: str
    body: bytes


@dataclass(frozen=True)
class Stream:
    """Which events there are; `transactions` makes new ones of the kind each time."""

    name: str
    events: int
    commands: int
    """How many of them are commands, evenly spread."""
    people: Sequence[Person] = field(repr=False)
    keys: Sequence[RoomKey] = field(default=(), repr=False)
    """Who says things where, in an encrypted stream."""

    @property
    def is_encrypted(self) -> bool:
        """Whether messages are encrypted."""
        return bool(self.keys)

    @property
    def members(self) -> dict[str, list[str]]:
        """Who is in which room."""
        rooms: dict[str, list[str]] = {}
        if self.keys:
            for key in self.keys:
                rooms.setdefault(key.room_id, []).append(key.sender.user_id)
        else:
            for number in range(_ROOMS):
                rooms[_room(number)] = [self._sender(number + nth * _ROOMS).user_id for nth in range(_SENDERS_A_ROOM)]
        return rooms

    def transactions(self) -> list[Transaction]:
        """The stream anew, sent just now."""
        events = list(self._all_events())
        return [
            transaction(events[at : at + EVENTS_A_TRANSACTION]) for at in range(0, len(events), EVENTS_A_TRANSACTION)
        ]

    def _all_events(self) -> Iterator[dict[str, Any]]:
        every = self.events // self.commands if self.commands else 0
        for number in range(self.events):
            is_command = every > 0 and number % every == 0
            key = self.keys[number % len(self.keys)] if self.keys else None
            room_id = key.room_id if key else _room(number % _ROOMS)
            sender = key.sender if key else self._sender(number)
            yield _event(room_id, sender.user_id, *_said(number, sender.user_id, key, is_command=is_command))

    def _sender(self, number: int) -> Person:
        return self.people[number % len(self.people)]


def plain(events: int, commands: int) -> Stream:
    """People in 200 rooms."""
    share = f"{commands / events:.0%} commands" if commands else "no commands"
    return Stream(f"plain, {share}", events, commands, [Person(number) for number in range(_PEOPLE)])


def encrypted(events: int, commands: int) -> Stream:
    """People in 20 encrypted rooms, ten in each."""
    share = f"{commands / events:.0%} commands" if commands else "no commands"
    people = [Person(number) for number in range(_PEOPLE)]
    keys = [
        RoomKey(people[(room * _SENDERS_A_ROOM + nth) % _PEOPLE], _room(room))
        for nth in range(_SENDERS_A_ROOM)
        for room in range(_ENCRYPTED_ROOMS)
    ]
    return Stream(f"encrypted, {share}", events, commands, people, keys)


def command(key: RoomKey | None, room_id: str = "", sender: str = "") -> Transaction:
    """One command, alone: encrypted with a key, or plain in this room by this sender."""
    content = _message(key, {"msgtype": "m.text", "body": COMMAND, "m.mentions": {}})
    if key is not None:
        room_id, sender = key.room_id, key.sender.user_id
    return transaction([_event(room_id, sender, *content, {})])


def departure(room_id: str, user_id: str) -> Transaction:
    """Somebody leaves a room."""
    return transaction([_event(room_id, user_id, "m.room.member", {"membership": "leave"}, {"state_key": user_id})])


def arrival(room_id: str, user_id: str) -> dict[str, Any]:
    """The event by which somebody joins a room."""
    content = {"membership": "join", "displayname": user_id[1:].partition(":")[0]}
    return _event(room_id, user_id, "m.room.member", content, {"state_key": user_id})


def transaction(events: list[dict[str, Any]]) -> Transaction:
    """These events, pushed together."""
    return Transaction(f"push-{next(_ORDINALS)}", json.dumps({"events": events}).encode())


def _said(
    number: int, sender: str, key: RoomKey | None, *, is_command: bool
) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """Type, content and further fields of an event."""
    kind, target = number % 20, f"$event{number:040}"
    if is_command:
        return *_message(key, {"msgtype": "m.text", "body": COMMAND, "m.mentions": {}}), {}
    if kind in _REACTIONS:
        return "m.reaction", {"m.relates_to": {"rel_type": "m.annotation", "event_id": target, "key": "👍"}}, {}
    if kind == _EDIT:
        new = {"msgtype": "m.text", "body": _CHAT, "m.mentions": {}}
        relation = {"rel_type": "m.replace", "event_id": target}
        return *_message(key, {**new, "body": f"* {_CHAT}", "m.new_content": new}, relation), {}
    if kind == _NAME:
        return "m.room.member", {"membership": "join", "displayname": f"Prénom Nom {number}"}, {"state_key": sender}
    if kind == _REDACTION:
        return "m.room.redaction", {"redacts": target}, {"redacts": target}
    return *_message(key, {"msgtype": "m.text", "body": _CHAT, "m.mentions": {}}), {}


def _message(
    key: RoomKey | None, content: dict[str, Any], relation: dict[str, Any] | None = None
) -> tuple[str, dict[str, Any]]:
    also = {"m.relates_to": relation} if relation else {}
    if key is None:
        return "m.room.message", content | also
    return "m.room.encrypted", key.encrypted("m.room.message", content) | also


def _event(room_id: str, sender: str, event_type: str, content: dict[str, Any], also: dict[str, Any]) -> dict[str, Any]:
    """An event in the form in which Synapse pushes it."""
    return {
        "type": event_type,
        "sender": sender,
        "user_id": sender,
        "content": content,
        "room_id": room_id,
        "event_id": f"$event{next(_ORDINALS):040}",
        "origin_server_ts": int(time.time() * 1000),
        "unsigned": {"age": 120},
        "age": 120,
        **also,
    }


def _room(number: int) -> str:
    return f"!{number:018}:tchap.test"
