"""Owns the shapes of what the bot says: contents of messages, edits, threads and files, and how large they are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bridge.matrix.ids import EventId

Content = dict[str, Any]

TXN_KEY = "fr.greffier.txn"
"""Where a message carries the transaction id that it was sent under, to be known again when the homeserver has
forgotten the transaction."""
MAX_CONTENT_BYTES = 20_000
"""Keeps an event below 64 KiB once it is encrypted, its `é` escaped to six bytes and its text repeated in an edit."""


@dataclass(frozen=True)
class Uploaded:
    """A file that the homeserver keeps."""

    uri: str
    """Its `mxc://` address."""
    key: Mapping[str, Any] | None = field(default=None, repr=False)
    """What decrypts it, where it is encrypted: the members of an `EncryptedFile` (spec: sending encrypted
    attachments) but its address."""


def event_size(content: Mapping[str, Any]) -> int:
    """Measure a content as it will be counted against `MAX_CONTENT_BYTES`: as JSON in ASCII, in bytes."""
    return len(json.dumps(content))


def notice(body: str, html: str | None = None) -> Content:
    """Say something as a bot does: without ringing anybody, and without other bots taking it for a command.

    Args:
        body: plain text, for notifications and simple clients.
        html: the same in the subset of HTML that Matrix allows, already escaped.
    """
    content: Content = {"msgtype": "m.notice", "body": body, "m.mentions": {}}
    if html is not None:
        content |= {"format": "org.matrix.custom.html", "formatted_body": html}
    return content


def edit_of(event_id: EventId, content: Content) -> Content:
    """Replace an earlier message by `content` (spec: event replacements); clients without edits show it after a `*`."""
    new = {key: value for key, value in content.items() if key != "m.relates_to"}
    fallback = {**new, "body": f"* {new['body']}"}
    if "formatted_body" in new:
        fallback["formatted_body"] = f"* {new['formatted_body']}"
    return {**fallback, "m.new_content": new, "m.relates_to": {"rel_type": "m.replace", "event_id": event_id}}


def reply_to(event_id: EventId, content: Content) -> Content:
    """Answer a message; clients show the two together (spec: rich replies)."""
    return {**content, "m.relates_to": {"m.in_reply_to": {"event_id": event_id}}}


def in_thread(root: EventId, content: Content) -> Content:
    """Put a message into the thread under `root`; clients without threads show it as a reply to the root."""
    relation = {
        "rel_type": "m.thread",
        "event_id": root,
        "is_falling_back": True,
        "m.in_reply_to": {"event_id": root},
    }
    return {**content, "m.relates_to": relation}


def relating_to(event_id: EventId | None, content: Content) -> Content:
    """Say of another event what `content` says of one: in its thread, as its edit. None: of none, which no edit can."""
    relation = content.get("m.relates_to")
    if relation is None:
        return content
    if event_id is None:
        return {key: value for key, value in content.items() if key != "m.relates_to"}
    moved = {**relation, "event_id": event_id}
    if "m.in_reply_to" in relation:
        moved["m.in_reply_to"] = {"event_id": event_id}
    return {**content, "m.relates_to": moved}


def is_edit(content: Mapping[str, Any]) -> bool:
    """Whether a content of ours replaces an earlier message."""
    return "m.new_content" in content


def file_message(filename: str, file: Uploaded, *, content_type: str, size_bytes: int) -> Content:
    """Offer a file that was uploaded before; `content_type` and `size_bytes` are those of the file in the clear."""
    where = {"url": file.uri} if file.key is None else {"file": {**file.key, "url": file.uri}}
    return {
        "msgtype": "m.file",
        "body": filename,
        "filename": filename,
        **where,
        "info": {"mimetype": content_type, "size": size_bytes},
        "m.mentions": {},
    }
