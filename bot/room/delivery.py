"""From a stored transcript to the thread under the card: the minutes, the turns, then the files, each message once.

What the homeserver refuses of it is named in its place, and the rest stands. How it ended is a value (`Outcome`), for
the meeting to act on.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from html import escape
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

import structlog

from bot.durable.workflows import step
from bot.room.card import heading
from bot.room.posting import Meetings, Posting, Rooms
from bot.room.wording import Wording
from bot.store.register import Meeting
from bot.store.storing import stored
from bridge.matrix.errors import HomeserverError, RequestRefused
from bridge.matrix.ids import EventId
from bridge.matrix.outbound import MAX_CONTENT_BYTES, Content, event_size, file_message, in_thread, notice
from transcripts.assembling.transcript import Transcript
from transcripts.rendering import paragraphs as rendering
from transcripts.rendering.markdown import markdown
from transcripts.rendering.minutes import is_heading, joined_html, minutes_paragraphs
from transcripts.rendering.web_vtt import web_vtt
from transcripts.storage.archive import Archive
from transcripts.storage.bucket import StorageAway

log = structlog.get_logger()

Obstacle = Literal["kicked", "forbidden", "away", "storage", "untranscribed"]
"""Why a transcript is not in its room: the bot is not there any more, or may not speak there; the homeserver, or the
storage that the transcript is in, was away for longer than anybody's patience; or it could not be made of the sound."""

TRANSCRIPT_KEY = "fr.greffier.transcript"
MINUTES_KEY = "fr.greffier.minutes"
_ROOM_FOR_RELATIONS_BYTES = 1_000
"""What the thread relation and the part's number add to a message after it was measured."""
_LARGEST_PARAGRAPH_BYTES = 12_000
"""What a paragraph may take of a message: room is left for the longest title above it. Few turns are that long."""


@dataclass(frozen=True)
class File:
    """A transcript in one format."""

    name: str
    content_type: str
    text: str


def messages(transcript: Transcript, wording: Wording) -> list[Content]:
    """The transcript as messages of the room, each within the size that any homeserver takes, encrypted or not."""
    first = _heading(f"{wording.transcript_title} — {heading(transcript.title, wording)}")
    paragraphs = rendering.paragraphs(transcript, wording.language, _fits)
    return _parts(TRANSCRIPT_KEY, first, _heading(wording.transcript_continued), paragraphs)


def minutes_messages(transcript: Transcript, wording: Wording) -> list[Content]:
    """The minutes as messages of the room, within the same size; none where there are none, or nothing was said."""
    if transcript.minutes is None or not transcript.turns:
        return []
    first = _heading(f"{wording.minutes_title} — {heading(transcript.title, wording)}")
    paragraphs = minutes_paragraphs(transcript, wording.language, _fits)
    return _parts(MINUTES_KEY, first, _heading(wording.minutes_continued), paragraphs)


def files(transcript: Transcript, wording: Wording, zone: ZoneInfo) -> list[File]:
    """The transcript as files to keep."""
    name = f"{wording.file_name}-{transcript.started_at.astimezone(zone):%Y-%m-%d-%H%M}"
    return [
        File(f"{name}.md", "text/markdown", markdown(transcript, wording.language, zone)),
        File(f"{name}.vtt", "text/vtt", web_vtt(transcript, wording.language)),
    ]


@dataclass(frozen=True)
class Delivered:
    """The transcript is in the room."""

    with_minutes: bool = False
    """Whether minutes stand before it."""


@dataclass(frozen=True)
class NothingSaid:
    """There was nothing to post."""


@dataclass(frozen=True)
class Undeliverable:
    """The transcript, or its end, is not in the room; it stays in the archive, and may be delivered again later."""

    why: Obstacle


Outcome = Delivered | NothingSaid | Undeliverable


class Delivery:
    """Posts transcripts. Used inside a workflow: each message is a step of it."""

    def __init__(
        self,
        rooms: Rooms,
        meetings: Meetings,
        archive: Archive,
        zone: ZoneInfo,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._posting = Posting(rooms, meetings, now)
        self._archive = archive
        self._zone = zone

    async def deliver(self, meeting: Meeting, card_id: EventId | None, wording: Wording) -> Outcome:
        """Post the meeting's transcript under its card, or, where it has none, into the room.

        Delivered again, it is completed: what is in the room already is not posted a second time.

        Raises:
            OSError: There is no transcript, or it cannot be read.
            TranscriptUnreadable: It is damaged.
        """
        if not await step("look for the transcript", partial(self._is_at_hand, meeting)):
            return Undeliverable("storage")
        # It was there: taken up again, the workflow waits until it is there again, and then goes the way it went.
        transcript = await stored(partial(self._archive.read, meeting.id), patience_s=math.inf)
        if not transcript.has_content:
            return NothingSaid()
        minutes = minutes_messages(transcript, wording)
        for n, content in enumerate(minutes):
            post = partial(self._posting.post, meeting, f"minutes.{n}", _under(card_id, content))
            refused = _under(card_id, notice(wording.minutes_refused))
            if obstacle := await self._place(meeting, f"minutes {n}", post, instead=refused):
                return Undeliverable(obstacle)
        for n, content in enumerate(messages(transcript, wording)):
            post = partial(self._posting.post, meeting, f"transcript.{n}", _under(card_id, content))
            refused = _under(card_id, notice(wording.part_refused))
            if obstacle := await self._place(meeting, f"message {n}", post, instead=refused):
                return Undeliverable(obstacle)
        for file in files(transcript, wording, self._zone):
            post = partial(self._post_file, meeting, card_id, file)
            refused = _under(card_id, notice(wording.file_refused.format(name=file.name)))
            if obstacle := await self._place(meeting, Path(file.name).suffix, post, instead=refused):
                return Undeliverable(obstacle)
        return Delivered(with_minutes=bool(minutes))

    async def _is_at_hand(self, meeting: Meeting) -> bool:
        try:
            await stored(partial(self._archive.read, meeting.id))
        except StorageAway as error:
            log.error("transcript not read: the storage was away too long", cause=str(error))  # noqa: TRY400
            return False
        return True

    async def _post_file(self, meeting: Meeting, card_id: EventId | None, file: File) -> EventId:
        data = file.text.encode()
        uploaded = await self._posting.upload(meeting, data, file.content_type, file.name)
        content = file_message(file.name, uploaded, content_type=file.content_type, size_bytes=len(data))
        return await self._posting.post(meeting, f"file.{Path(file.name).suffix}", _under(card_id, content))

    async def _place(
        self, meeting: Meeting, name: str, post: Callable[[], Awaitable[EventId]], *, instead: Content
    ) -> Obstacle | None:
        """Post one thing, or where it is refused, a sentence `instead`; returns what stands in the way of both."""
        fate = await step(f"post {name}", partial(self._fate, meeting, post))
        if fate == "refused":
            post_instead = partial(self._posting.post, meeting, f"{name}.refused", instead)
            fate = await step(f"say that {name} was refused", partial(self._fate, meeting, post_instead))
        return "forbidden" if fate == "refused" else fate

    async def _fate(
        self, meeting: Meeting, post: Callable[[], Awaitable[EventId]]
    ) -> Literal["refused", "kicked", "away"] | None:
        """Post something; returns why it is not in the room, or None: it is. A value, for a step's result is kept."""
        try:
            try:
                await post()
            except RequestRefused as error:
                log.error("message refused by the homeserver", cause=str(error))  # noqa: TRY400 (the cause says all)
                return "refused" if await self._posting.is_in_room(meeting) else "kicked"
        except HomeserverError as error:
            log.error("message given up: the homeserver was away too long", cause=str(error))  # noqa: TRY400
            return "away"
        return None


def _under(card_id: EventId | None, content: Content) -> Content:
    """In the thread under the card, where there is a card."""
    return content if card_id is None else in_thread(card_id, content)


def _fits(paragraph: rendering.Paragraph) -> bool:
    return event_size(_joined([paragraph])) <= _LARGEST_PARAGRAPH_BYTES


def _heading(text: str) -> rendering.Paragraph:
    return text, f"<h3>{escape(text)}</h3>"


def _parts(
    key: str, first: rendering.Paragraph, again: rendering.Paragraph, paragraphs: Iterable[rendering.Paragraph]
) -> list[Content]:
    """Paragraphs in as few messages as they fit, in order, each under a title; `key` says which of how many it is.

    A section that goes on in the next message has its heading there too, and no heading ends a message.
    """
    parts: list[Content] = []
    page, section = [first], None
    for paragraph in paragraphs:
        section = paragraph if is_heading(paragraph) else section
        if event_size(_joined([*page, paragraph])) > MAX_CONTENT_BYTES - _ROOM_FOR_RELATIONS_BYTES:
            parts.append(_joined(page[:-1] if is_heading(page[-1]) else page))
            page = [again] if section in (None, paragraph) else [again, section]
        page.append(paragraph)
    parts.append(_joined(page))
    return [part | {key: {"part": n, "parts": len(parts)}} for n, part in enumerate(parts, start=1)]


def _joined(paragraphs: list[rendering.Paragraph]) -> Content:
    return notice("\n".join(text for text, _ in paragraphs), joined_html(paragraphs))
