"""A room with two people and the bot, and what they wait to see there."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from tests.stack.encrypted_person import EncryptedPerson
from tests.stack.meeting_in_room import CARD_KEY
from tests.stack.room_view import RoomView, SeenEvent
from tests.stack.surroundings import Surroundings

ANSWER_WITHIN_S = 30.0
END_WITHIN_S = 90.0


@dataclass(frozen=True)
class Team:
    """Whoever made the room, a colleague without rights of their own, and the room. Both see what happens in it."""

    host: EncryptedPerson
    colleague: EncryptedPerson
    room_id: str

    @property
    def room(self) -> RoomView:
        """The room as its host sees it."""
        return self.host.room(self.room_id)

    async def ask(self, person: EncryptedPerson, command: str) -> SeenEvent:
        """Have somebody type a command; gives the bot's answer to it."""
        event_id = await person.send_text(self.room_id, command)
        return await self.answer_to(event_id)

    async def answer_to(self, command_id: str) -> SeenEvent:
        """The bot's answer to a command that was typed."""

        def answer(room: RoomView) -> SeenEvent | None:
            return next((message for message in room.messages if _replies_to(message, command_id)), None)

        command = self.room.event(command_id).body if command_id in self.room else command_id
        return await self.host.wait_for(self.room_id, answer, within_s=ANSWER_WITHIN_S, what=f"an answer to {command}")

    async def card_saying(self, card_id: str, words: str) -> SeenEvent:
        """The card, once these words are on it."""

        def saying(room: RoomView) -> SeenEvent | None:
            return room.event(card_id) if card_id in room and words in room.event(card_id).body else None

        return await self.host.wait_for(self.room_id, saying, within_s=ANSWER_WITHIN_S, what=f"“{words}” on the card")

    async def card_at_the_end(self, card_id: str) -> SeenEvent:
        """The card, once the meeting is over and done with."""

        def done(room: RoomView) -> SeenEvent | None:
            return room.event(card_id) if room.event(card_id).content[CARD_KEY]["state"] == "done" else None

        return await self.host.wait_for(self.room_id, done, within_s=END_WITHIN_S, what="the end on the card")


class NewTeam(Protocol):
    """Makes a team in a room of its own, which is encrypted as most rooms are."""

    async def __call__(self, *, encrypted: bool = True) -> Team:
        """The team, its room, and the bot in it."""


@asynccontextmanager
async def teams(around: Surroundings) -> AsyncIterator[NewTeam]:
    """Teams for as long as this lasts, all of whom see what happens in their rooms."""
    numbers = itertools.count(1)
    async with AsyncExitStack() as listening:

        async def make(*, encrypted: bool = True) -> Team:
            number = next(numbers)
            host = await around.register(f"camille{number}", "Camille Petit [DINUM]")
            colleague = await around.register(f"karim{number}", "Karim Benali [DINUM]")
            room_id = await around.shared_room("Équipe projet", [host, colleague], encrypted=encrypted)
            await listening.enter_async_context(host.listening())
            await listening.enter_async_context(colleague.listening())
            return Team(host, colleague, room_id)

        yield make


class NobodyWatches:
    """Watches a meeting that is held, and says nothing about it."""

    def happened(self, what: str) -> None:
        """Something took place."""

    def speaks(self, segment: object) -> None:
        """Somebody begins to speak."""


def _replies_to(message: SeenEvent, event_id: str) -> bool:
    relation: dict[str, dict[str, str]] = message.content.get("m.relates_to", {})
    return relation.get("m.in_reply_to", {}).get("event_id") == event_id
