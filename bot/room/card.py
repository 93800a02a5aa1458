"""The card: the one message that stands for a meeting in its room, edited as the call goes on. Values to content."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from html import escape
from typing import Any, Literal
from zoneinfo import ZoneInfo

from bot.room.wording import Wording, duration
from bot.store.register import Meeting
from bridge.matrix.outbound import notice
from config.models import Settings
from transcripts.rendering.typography import colon

CARD_KEY = "fr.greffier.card"

Phase = Literal["open", "transcribing", "done", "failed", "moved"]
"""`moved`: its room was replaced, and it has another card there."""


@dataclass(frozen=True)
class CardState:
    """What the card shows beside the meeting itself."""

    phase: Phase = "open"
    present: int = 0
    """People in the call now."""
    attended: int | None = 0
    """People who have been in the call; None where nobody knows any more."""
    ended_at: datetime | None = None
    remarks: tuple[str, ...] = ()
    """Sentences about what happened, in the room's language."""

    def as_moved(self, wording: Wording) -> CardState:
        """The same in the room that has replaced the meeting's."""
        return replace(self, remarks=(*self.remarks, wording.moved_here))


def heading(title: str, wording: Wording) -> str:
    """The meeting's name as it is shown everywhere: `Visio · Point budget`, or `Visio`."""
    return f"{wording.call} · {title}" if title else wording.call


def join_url(meeting: Meeting, public_url: str) -> str:
    """The address people click."""
    return f"{public_url}/v/{meeting.link}"


def state_line(meeting: Meeting, state: CardState, wording: Wording, zone: ZoneInfo) -> str:
    """`en cours · 3 participants · depuis 14:05`, and its like for the other phases."""
    if state.phase == "moved":
        return wording.moved_away
    if state.phase != "open":
        ended_at = state.ended_at or meeting.opened_at
        return wording.ended.format(
            duration=duration((ended_at - meeting.opened_at).total_seconds()),
            participants="" if state.attended is None else wording.participants(state.attended),
        ).rstrip(" ·")
    if state.present == 0 and state.attended == 0:
        return wording.waiting
    return wording.since.format(
        participants=wording.participants(state.present), time=f"{meeting.opened_at.astimezone(zone):%H:%M}"
    )


def card(meeting: Meeting, state: CardState, wording: Wording, settings: Settings) -> dict[str, Any]:
    """The content of the card's event."""
    name = heading(meeting.title, wording)
    line = state_line(meeting, state, wording, settings.rooms.zone)
    text, html = [name, line], [f"<strong>{escape(name)}</strong>", escape(line)]
    if state.phase == "open":
        url = join_url(meeting, settings.web.public_url)
        text.append(f"{wording.join}{colon(wording.language)}{url}")
        html.append(f'<a href="{escape(url)}">{escape(wording.join)}</a>')
        consent, consent_html = _consent(meeting, wording)
        text.append(consent)
        html.append(consent_html)
        if meeting.transcribed and (elsewhere := _elsewhere(settings, wording)):
            text.append(elsewhere)
            html.append(escape(elsewhere))
    for remark in state.remarks:
        text.append(remark)
        html.append(escape(remark))
    content = notice("\n".join(text), "<br>".join(html))
    content[CARD_KEY] = {"meeting": meeting.id, "state": state.phase}
    return content


def _consent(meeting: Meeting, wording: Wording) -> tuple[str, str]:
    if not meeting.transcribed:
        return wording.not_transcribed, escape(wording.not_transcribed)
    command = wording.help["stop_transcription"].typed
    return (
        wording.transcribed.format(command=command),
        escape(wording.transcribed).format(command=f"<code>{command}</code>"),
    )


def _elsewhere(settings: Settings, wording: Wording) -> str:
    return wording.elsewhere(settings.speech.sound_goes_to, settings.summary.words_go_to)
