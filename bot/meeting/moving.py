"""Meetings whose room was replaced: what is still to be told of them goes on in the successor.

Not a workflow: whoever follows the upgrade (`bridge.matrix.upgrades`) tells of it until it is done, so every act here
may happen twice. A meeting's own workflow knows nothing of it (see `bot.room.posting`).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import structlog

from bot.meeting.looking import look_at_call
from bot.meeting.redelivery import Redelivery
from bot.meeting.steps import LIVE_PATIENCE_S
from bot.room.card import CardState, card
from bot.room.posting import Posting, Rooms
from bot.room.wording import in_language
from bot.store.register import Meeting, Register
from bridge.livekit.calls import Calls
from bridge.matrix.errors import HomeserverError, RequestRefused
from bridge.matrix.ids import EventId, RoomId
from bridge.matrix.outbound import Content, edit_of
from config.models import Settings

log = structlog.get_logger()


class Moving:
    """Moves meetings from a room into its successor."""

    def __init__(
        self,
        settings: Settings,
        register: Register,
        calls: Calls,
        rooms: Rooms,
        redelivery: Redelivery,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._settings = settings
        self._register = register
        self._calls = calls
        self._posting = Posting(rooms, register, now)
        self._redelivery = redelivery

    async def into(self, old: RoomId, successor: RoomId) -> None:
        """The bot is in the successor of a room: take there what the room has chosen and what it waits for.

        Raises:
            HomeserverError: The homeserver is away; what was not done is done when this is called again.
        """
        language = await self._register.language_of(old)
        if language is not None and await self._register.language_of(successor) is None:
            await self._register.set_language(successor, language)
        for meeting in await self._register.staying_in(old):
            await self._move(meeting, successor)
        await self._redelivery.into(successor)

    async def _move(self, meeting: Meeting, successor: RoomId) -> None:
        """Put a card into the successor, say so on the old one, and have all that follows posted there."""
        card_id = await self._post_card(meeting, successor)
        if meeting.card_id is not None:
            await self._settle_old_card(meeting, meeting.moved_card_id or meeting.card_id)
        await self._register.move(meeting.id, successor, card_id)
        log.info("meeting moved", meeting_id=meeting.id, room_id=meeting.present_room, successor=successor)

    async def _post_card(self, meeting: Meeting, successor: RoomId) -> EventId | None:
        """Post the card that is to stand for the meeting; None where it is refused, as all that follows may be."""
        state = (await self._state(meeting)).as_moved(in_language(meeting.language))
        content = self._card(meeting, state)
        try:
            return await self._posting.post_into(successor, meeting, "card", content, LIVE_PATIENCE_S)
        except RequestRefused as error:
            log.error("card refused by the successor of its room", meeting_id=meeting.id, cause=str(error))  # noqa: TRY400 (the cause says all)
            return None

    async def _settle_old_card(self, meeting: Meeting, card_id: EventId) -> None:
        content = edit_of(card_id, self._card(meeting, CardState("moved")))
        try:
            await self._posting.post_into(meeting.present_room, meeting, "card moved", content, LIVE_PATIENCE_S)
        except HomeserverError as error:  # mostly: in a room that was replaced, few may still speak
            log.info("old card left as it was", meeting_id=meeting.id, cause=str(error))

    async def _state(self, meeting: Meeting) -> CardState:
        """What the meeting has come to, as far as it can be told from outside its workflow."""
        wording = in_language(meeting.language)
        if meeting.ended_at is None:
            present = (await look_at_call(self._calls, meeting)).present
            return CardState("open", present=present, attended=present)
        if meeting.undelivered == "untranscribed":
            return CardState(
                "failed", attended=None, ended_at=meeting.ended_at, remarks=(wording.transcription_failed,)
            )
        if meeting.undelivered is not None:
            return CardState("done", attended=None, ended_at=meeting.ended_at, remarks=(wording.undelivered,))
        if meeting.transcribed:
            return CardState("transcribing", attended=None, ended_at=meeting.ended_at, remarks=(wording.transcribing,))
        return CardState("done", attended=None, ended_at=meeting.ended_at)

    def _card(self, meeting: Meeting, state: CardState) -> Content:
        return card(meeting, state, in_language(meeting.language), self._settings)
