"""What a meeting leaves behind, read from outside: messages in the room, sound on the disk, gaps in the transcript."""

from __future__ import annotations

import json
import re
import shutil
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.faults.spans import Span
from tests.stack.meeting_in_room import CARD_KEY, MINUTES_KEY, TRANSCRIPT_KEY

if TYPE_CHECKING:
    from tests.stack.room_view import SeenEvent

_BYTES_A_SECOND = 2 * 16_000


def kind(message: SeenEvent, card_id: str) -> str:
    """What a message of the bot is: `card`, `minutes 1 of 1`, `part 1 of 2`, `.md`…, or what it says."""
    if CARD_KEY in message.content:
        return "card"
    where = "" if message.thread_root == card_id else " outside the thread"
    if MINUTES_KEY in message.content:
        part = message.content[MINUTES_KEY]
        return f"minutes {part['part']} of {part['parts']}{where}"
    if TRANSCRIPT_KEY in message.content:
        part = message.content[TRANSCRIPT_KEY]
        return f"part {part['part']} of {part['parts']}{where}"
    if message.content.get("msgtype") == "m.file":
        return f"{Path(message.body).suffix}{where}"
    return f"“{message.body}”"


def settled(card: SeenEvent) -> tuple[str, ...]:
    """The card's state, how many took part, and its remarks; not how long the call was."""
    _, line, *remarks = card.body.splitlines()
    return (card.content[CARD_KEY]["state"], *re.findall(r"\d+ participants?", line), *remarks)


def is_an_answer(message: SeenEvent, to: str | None = None) -> bool:
    """Whether a message answers a command (this one, if one is named) rather than stands for a meeting."""
    relation: dict[str, Any] = message.content.get("m.relates_to", {})
    if message.thread_root is not None or "m.in_reply_to" not in relation:
        return False
    return to is None or relation["m.in_reply_to"]["event_id"] == to


def keep_sound(spooled: Path, kept: Path) -> None:
    """Have what there is now of a meeting's sound outlive its erasure, in the folder `kept`; to be repeated."""
    kept.mkdir(parents=True, exist_ok=True)
    for file in spooled.iterdir():
        if file.suffix == ".pcm":
            if not (kept / file.name).exists():
                (kept / file.name).hardlink_to(file)  # which goes on growing
        elif file.suffix == ".json":
            shutil.copyfile(file, kept / file.name)


def sound_in(kept: Path) -> dict[str, tuple[Span, ...]]:
    """When sound was recorded of each name."""
    began_at = json.loads((kept / "meeting.json").read_text())["began_at"]
    sound: dict[str, list[Span]] = {}
    for file in sorted(kept.glob("*.pcm")):
        track = json.loads(file.with_suffix(".json").read_text())
        if track["started_s"] is not None:
            start = began_at + track["started_s"]
            sound.setdefault(track["name"], []).append(Span(start, start + file.stat().st_size / _BYTES_A_SECOND))
    return {name: tuple(spans) for name, spans in sound.items()}


def gaps(stored: dict[str, Any]) -> tuple[Span, ...]:
    """When a stored transcript says that nothing was recorded."""
    began_at = datetime.fromisoformat(stored["started_at"]).timestamp()
    return tuple(Span(began_at + gap["start_s"], began_at + gap["end_s"]) for gap in stored.get("gaps", ()))
