"""A recorded meeting held in a room: somebody types `!visio`, people join by the link, speak, hang up, and read."""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from tests.stack.callers import SAMPLE_RATE_HZ, in_call

if TYPE_CHECKING:
    from tests.evaluation.meetings import Meeting, Segment
    from tests.stack.people import MatrixPerson
    from tests.stack.room_view import RoomView, SeenEvent
    from tests.stack.surroundings import Surroundings

CARD_KEY = "fr.greffier.card"
MINUTES_KEY = "fr.greffier.minutes"
TRANSCRIPT_KEY = "fr.greffier.transcript"
_LINK = re.compile(r"https?://\S+/v/[A-Za-z0-9_-]{22}")
_CARD_WITHIN_S = 30
_SETTLE_S = 1.0
"""People look at each other before the first one speaks."""


class TranscriptMissing(Exception):
    """Greffier said that it was finished, and what it promised is not in the room; or that it has failed."""


class Watcher(Protocol):
    """Is told what happens in the meeting."""

    def happened(self, what: str) -> None:
        """Something took place; `what` is a sentence."""

    def speaks(self, segment: Segment) -> None:
        """Somebody begins to speak."""


@dataclass(frozen=True)
class HeldMeeting:
    """A meeting that is over, as the room shows it."""

    meeting_id: str
    card: SeenEvent
    thread: list[SeenEvent]
    messages: list[SeenEvent]
    """Everything that the bot has posted in the room."""
    hung_up_at_ms: int
    """When the last participant had left, on the clock of the room's events."""

    @property
    def hangup_to_first_post_s(self) -> float:
        """From the last participant's leaving to the first message of the thread."""
        return (min(message.sent_at_ms for message in self.thread) - self.hung_up_at_ms) / 1000

    @property
    def hangup_to_complete_s(self) -> float:
        """From the last participant's leaving to the last message, file or edit of the card."""
        last = max(message.sent_at_ms for message in self.thread)
        return (max(last, self.card.edited_at_ms or last) - self.hung_up_at_ms) / 1000

    @property
    def minutes(self) -> list[SeenEvent]:
        """The messages that hold the minutes, in order."""
        return [message for message in self.thread if MINUTES_KEY in message.content]

    @property
    def transcript(self) -> list[SeenEvent]:
        """The messages that hold the transcript, in order."""
        return [message for message in self.thread if TRANSCRIPT_KEY in message.content]

    @property
    def minutes_come_first(self) -> bool:
        """Whether the thread begins with the minutes, whole, and the transcript follows."""
        first = self.thread[: len(self.minutes)]
        parts = [message.content.get(MINUTES_KEY, {}) for message in first]
        return bool(parts) and parts == [{"part": n, "parts": len(parts)} for n in range(1, len(parts) + 1)]

    def file(self, ending: str) -> SeenEvent:
        """The message that carries the file whose name ends so."""
        return attached(self.thread, ending)


def names_in_call(meeting: Meeting) -> list[str]:
    """Who joins, one per track: its speaker, or for a shared microphone the name of its recording."""
    return [track.speaker or Path(track.file).stem.capitalize() for track in meeting.reference.tracks]


async def open_call(host: MatrixPerson, room_id: str, bot_user_id: str, title: str) -> tuple[str, str]:
    """Type `!visio` and read the card; gives its event id and the link on it."""
    command_id = await host.send_text(room_id, f"!visio {title}".strip())

    def the_card(room: RoomView) -> SeenEvent | None:
        after = [m.event_id for m in room.messages].index(command_id) if command_id in room else len(room.messages)
        return next((m for m in room.messages[after:] if m.sender == bot_user_id and CARD_KEY in m.content), None)

    card = await host.wait_for(room_id, the_card, within_s=_CARD_WITHIN_S, what="the card of the call")
    link = _LINK.search(card.body)
    if link is None:
        raise TranscriptMissing(f"the card has no join link: {card.body}")
    return card.event_id, link[0]


async def speak(around: Surroundings, meeting: Meeting, link: str, watcher: Watcher) -> int:
    """Join, speak the recording in real time and hang up; gives when the last one had left (ms since 1970)."""
    names = names_in_call(meeting)
    shared = meeting.reference.kind == "room"
    async with in_call(around.session, link, *names, shared_microphone=shared) as participants:
        watcher.happened(f"{', '.join(names)} joined by the link")
        starts_at = asyncio.get_running_loop().time() + _SETTLE_S
        async with asyncio.TaskGroup() as group:
            for participant, sound in zip(participants, meeting.sound, strict=True):
                group.create_task(participant.speak(sound[: _samples(meeting)], starts_at=starts_at))
            group.create_task(_follow(meeting, starts_at, watcher))
        for participant in participants:
            await participant.leave()
        hung_up_at_ms = round(time.time() * 1000)
        watcher.happened("Everyone has hung up")
    return hung_up_at_ms


async def read_transcript(
    reader: MatrixPerson,
    room_id: str,
    card_id: str,
    *,
    hung_up_at_ms: int,
    within_s: float,
    watcher: Watcher | None = None,
) -> HeldMeeting:
    """Wait until the card says that all is done, and read the thread under it.

    Args:
        reader: A member of the room, listening.
        room_id: The room.
        card_id: The card of the call.
        hung_up_at_ms: When the last participant had left.
        within_s: How long to wait.
        watcher: Is told what the card says meanwhile.

    Raises:
        TranscriptMissing: the card says so and it is not so, or it says that it failed.
        DidNotHappen: the card has not said so in time.
    """
    said = ""

    def finished(room: RoomView) -> SeenEvent | None:
        nonlocal said
        card = room.event(card_id) if card_id in room else None
        if watcher and card and _card(card)["state"] != "open" and card.body != said:
            said = card.body
            watcher.happened(f"The card says: {' / '.join(said.splitlines()[1:])}")
        return card if card and _card(card).get("state") in ("done", "failed") else None

    card = await reader.wait_for(room_id, finished, within_s=within_s, what="the card saying that it is done")
    room = reader.room(room_id)
    thread = room.thread(card_id)
    held = HeldMeeting(_card(card)["meeting"], card, thread, room.messages_of(card.sender), hung_up_at_ms)
    if _card(card)["state"] == "failed":
        raise TranscriptMissing(f"Greffier says that it failed: {card.body}")
    parts = [message.content[TRANSCRIPT_KEY] for message in thread if TRANSCRIPT_KEY in message.content]
    if not parts or [part["part"] for part in parts] != list(range(1, parts[0]["parts"] + 1)):
        raise TranscriptMissing(f"the card says done, and the thread has the parts {parts}: {card.body}")
    for ending in (".md", ".vtt"):
        attached(thread, ending)
    return held


def attached(thread: list[SeenEvent], ending: str) -> SeenEvent:
    """The message of the thread that carries the file whose name ends so.

    Raises:
        TranscriptMissing: there is none.
    """
    for message in thread:
        if message.content.get("msgtype") == "m.file" and message.body.endswith(ending):
            return message
    raise TranscriptMissing(f"there is no {ending} file in the thread")


def _card(event: SeenEvent) -> dict[str, Any]:
    card: dict[str, Any] = event.content[CARD_KEY]
    return card


def _samples(meeting: Meeting) -> int:
    return round(meeting.reference.duration * SAMPLE_RATE_HZ)


async def _follow(meeting: Meeting, starts_at: float, watcher: Watcher) -> None:
    clock = asyncio.get_running_loop().time
    for segment in sorted(meeting.reference.segments, key=lambda segment: segment.start):
        await asyncio.sleep(max(0.0, starts_at + segment.start - clock()))
        watcher.speaks(segment)
