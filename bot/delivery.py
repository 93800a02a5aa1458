"""From a stored transcript to the thread under the card: messages in order, each once, then the files."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial
from html import escape
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from bot.card import heading
from bot.durable import step
from bot.posting import PATIENCE_S, Rooms, patiently, post, transaction_id
from bot.register import Meeting
from bot.wording import Wording
from bridge.matrix.ids import EventId
from bridge.matrix.outbound import MAX_CONTENT_BYTES, Content, event_size, file_message, in_thread, notice
from transcripts import rendering
from transcripts.archive import Archive
from transcripts.markdown import markdown
from transcripts.transcript import Transcript
from transcripts.web_vtt import web_vtt

TRANSCRIPT_KEY = "fr.greffier.transcript"
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
    parts: list[Content] = []
    paragraphs = [_title(f"{wording.transcript_title} — {heading(transcript.title, wording)}")]
    for paragraph in rendering.paragraphs(transcript, wording.language, _fits):
        if event_size(_joined([*paragraphs, paragraph])) > MAX_CONTENT_BYTES - _ROOM_FOR_RELATIONS_BYTES:
            parts.append(_joined(paragraphs))
            paragraphs = [_title(wording.transcript_continued)]
        paragraphs.append(paragraph)
    parts.append(_joined(paragraphs))
    return [part | {TRANSCRIPT_KEY: {"part": n, "parts": len(parts)}} for n, part in enumerate(parts, start=1)]


def files(transcript: Transcript, wording: Wording, zone: ZoneInfo) -> list[File]:
    """The transcript as files to keep."""
    name = f"{wording.file_name}-{transcript.started_at.astimezone(zone):%Y-%m-%d-%H%M}"
    return [
        File(f"{name}.md", "text/markdown", markdown(transcript, wording.language, zone)),
        File(f"{name}.vtt", "text/vtt", web_vtt(transcript, wording.language)),
    ]


class Delivery:
    """Posts transcripts. Used inside a meeting's workflow: each message is a step of it."""

    def __init__(self, rooms: Rooms, archive: Archive, zone: ZoneInfo) -> None:
        self._rooms = rooms
        self._archive = archive
        self._zone = zone

    async def deliver(self, meeting: Meeting, card_id: EventId, wording: Wording) -> bool:
        """Post the meeting's transcript under its card; returns whether there was anything to post."""
        transcript = await asyncio.to_thread(self._archive.read, meeting.id)
        if not transcript.has_content:
            return False
        for n, content in enumerate(messages(transcript, wording)):
            threaded = in_thread(card_id, content)
            await step(f"post message {n}", partial(self._post, meeting, f"transcript.{n}", threaded))
        for file in files(transcript, wording, self._zone):
            await step(f"post {Path(file.name).suffix}", partial(self._post_file, meeting, card_id, file))
        return True

    async def _post(self, meeting: Meeting, name: str, content: dict[str, Any]) -> None:
        txn_id = transaction_id(meeting.id, name)
        await post(self._rooms, meeting.room_id, content, txn_id, patience_s=PATIENCE_S)

    async def _post_file(self, meeting: Meeting, card_id: EventId, file: File) -> None:
        data = file.text.encode()
        uri = await patiently(lambda: self._rooms.upload(data, file.content_type, file.name), patience_s=PATIENCE_S)
        content = file_message(file.name, uri, content_type=file.content_type, size_bytes=len(data))
        await self._post(meeting, f"file.{Path(file.name).suffix}", in_thread(card_id, content))


def _fits(paragraph: rendering.Paragraph) -> bool:
    return event_size(_joined([paragraph])) <= _LARGEST_PARAGRAPH_BYTES


def _title(text: str) -> tuple[str, str]:
    return text, f"<p><strong>{escape(text)}</strong></p>"


def _joined(paragraphs: list[tuple[str, str]]) -> Content:
    return notice("\n".join(text for text, _ in paragraphs), "".join(html for _, html in paragraphs))
