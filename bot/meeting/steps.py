"""The single acts a meeting is made of: on the call, in the room, on the spool. Each may happen twice without harm."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from bot.durable.enqueueing import asked_for
from bot.durable.workflows import RECORDINGS, TRANSCRIPTIONS
from bot.meeting.call_watch import Seen
from bot.meeting.looking import look_at_call
from bot.meeting.waiting import Unheard
from bot.room.card import CardState, card
from bot.room.delivery import Obstacle
from bot.room.posting import Posting, Rooms
from bot.room.wording import in_language
from bot.store.register import Meeting, Register
from bot.store.storing import stored
from bridge.livekit.calls import CallError, Calls, CallServerRefused, CallServerUnreachable
from bridge.livekit.ids import RECORDER, CallId
from bridge.matrix.errors import HomeserverError
from bridge.matrix.ids import EventId
from bridge.matrix.outbound import Content, edit_of, notice
from config.models import Calls as Limits
from config.models import Settings
from transcripts.storage.spool import Spool

log = structlog.get_logger()

OPEN_ATTEMPTS_AFTER_S = (0.0, 0.5, 1.5)
LIVE_PATIENCE_S = 10.0
"""How long a live edit of the card may wait: the next one says more anyway."""
_WHAT_TO_DO: dict[Obstacle, str] = {
    "kicked": "have somebody invite Greffier into the room again: the transcript is then posted by itself",
    "forbidden": "let Greffier send messages in the room; it tries again once a day and whenever it starts",
    "away": "see why the homeserver does not answer; Greffier tries again once a day and whenever it starts",
    "storage": "see why the storage does not answer; Greffier tries again once a day and whenever it starts",
    "untranscribed": "see why in the log; the sound is kept, and Greffier tries once a day and whenever it starts",
}


@dataclass(frozen=True)
class Begun:
    """How far a meeting had come when its workflow began: mostly nowhere; or an earlier version of us had held it.

    With it, the settings that its way depends on: taken up again after they were changed, it must go the way it went.
    """

    transcribed: bool
    card_id: EventId | None
    is_over: bool
    recordings: int
    """How many recordings of its call have been asked for …"""
    transcriptions: int
    """… and how many transcriptions of these."""
    limits: Limits
    keep_sound: bool


class MeetingSteps:
    """Does what `Meetings` decides."""

    def __init__(
        self,
        settings: Settings,
        register: Register,
        calls: Calls,
        rooms: Rooms,
        spool: Spool,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._settings = settings
        self._register = register
        self._calls = calls
        self._posting = Posting(rooms, register, now)
        self._spool = spool
        self._now = now

    async def time_s(self) -> float:
        """The time, in seconds since the epoch: read in a step, so that a workflow taken up again reads the same."""
        return self._now().timestamp()

    async def begun(self, meeting: Meeting) -> Begun:
        """How far the meeting has come, and what it is held to."""
        known = await self._register.get(meeting.id) or meeting
        limits, keep_sound = self._settings.calls, self._settings.storage.keep_sound
        recordings, transcriptions = [await asked_for(queue, meeting.id) for queue in (RECORDINGS, TRANSCRIPTIONS)]
        is_over = known.ended_at is not None
        return Begun(known.transcribed, known.card_id, is_over, recordings, transcriptions, limits, keep_sound)

    # The call

    async def open_call(self, meeting: Meeting) -> str:
        """Open the LiveKit room; returns why that cannot be (`away`, `refused`), or nothing."""
        limits = self._settings.calls
        cause = ""
        for wait_s in OPEN_ATTEMPTS_AFTER_S:
            await asyncio.sleep(wait_s)
            try:
                await self._calls.open(
                    CallId(meeting.id),
                    empty_timeout_s=limits.empty_timeout_s,
                    departure_timeout_s=limits.departure_timeout_s,
                    max_participants=limits.max_participants,
                )
            except CallServerRefused as error:
                log.error("call refused by LiveKit", cause=str(error))  # noqa: TRY400 (the cause says all)
                return "refused"
            except CallServerUnreachable as error:
                cause = str(error)
            else:
                return ""
        log.error("call cannot be opened", cause=cause)
        return "away"

    async def open_again(self, meeting: Meeting) -> None:
        """Open the LiveKit room anew, with its limits, for people who come back after a restart of the server."""
        log.warning("call lost by LiveKit; it is opened again for whoever comes back")
        await self.open_call(meeting)

    async def look(self, meeting: Meeting) -> Seen:
        """Look at the call."""
        at_s = await self.time_s()
        seen = await look_at_call(self._calls, meeting)
        people = None if seen.people is None else tuple(person.id for person in seen.people)
        return Seen(at_s, people, has_room=seen.has_room)

    async def stop_recording(self, meeting: Meeting) -> None:
        """Put the recorder out of the call, for good."""
        await self._register.stop_transcription(meeting.id)
        try:
            await self._calls.remove(CallId(meeting.id), RECORDER)
        except CallError as error:
            log.warning("recorder cannot be put out of the call; its sound is erased at the end", cause=str(error))

    async def close_call(self, meeting: Meeting) -> str:
        """End the call for everyone; returns when it ended, as ISO 8601."""
        ended_at = await self._register.end(meeting.id)
        try:
            await self._calls.close(CallId(meeting.id))
        except CallError as error:
            log.warning("call cannot be closed; LiveKit closes it when the last person leaves", cause=str(error))
        return ended_at.isoformat()

    async def give_up(self, meeting: Meeting) -> None:
        """Leave nobody in a call that the bot has forgotten, nor a card that shows it open, nor sound that is lost."""
        ended_at = datetime.fromisoformat(await self.close_call(meeting))
        known = await self._register.get(meeting.id) or meeting
        if known.card_id is not None:
            fault = in_language(known.language).about_giving_up(transcribed=known.transcribed)
            state = CardState("failed", attended=None, ended_at=ended_at, remarks=(fault,))
            await self.edit_card(known, known.card_id, state, "given up")
        if not known.transcribed:
            await self.erase_sound(meeting)
        elif await self.has_sound(meeting):
            await self.keep_undelivered(meeting, "untranscribed")

    async def note_delivered(self, meeting: Meeting) -> None:
        """The transcript that was kept is in its room."""
        await self._register.note_delivered(meeting.id)
        log.info("transcript delivered after all", meeting_id=meeting.id, room_id=meeting.room_id)

    async def leave_register(self, meeting: Meeting) -> None:
        """Nothing more will be done about this meeting; the room is free for the next."""
        await self._register.end(meeting.id)
        await self._register.finish(meeting.id)

    # The sound

    async def note_recorded(self, meeting: Meeting) -> None:
        """All of the sound is there: whoever follows the meeting may finish its transcript."""
        await self._register.note_recorded(meeting.id)

    async def unheard(self, meeting: Meeting) -> Unheard:
        """How much of what was said waits for being recognised, and when that was looked at."""
        known = await self._register.get(meeting.id)
        return Unheard(await self.time_s(), (known.unheard_s or 0.0) if known is not None else 0.0)

    async def has_sound(self, meeting: Meeting) -> bool:
        """Whether anything was recorded; where nobody can tell, there may be."""
        try:
            return await stored(lambda: self._spool.has_sound(meeting.id))
        except OSError as error:
            log.error("sound cannot be looked for", meeting_id=meeting.id, cause=str(error))  # noqa: TRY400 (it says all)
            return True

    async def erase_sound(self, meeting: Meeting) -> None:
        """Erase what was recorded; what cannot be is erased when the meeting is forgotten, and fails nothing now."""
        try:
            await stored(lambda: self._spool.erase(meeting.id))
        except OSError as error:
            log.error("sound cannot be erased", meeting_id=meeting.id, cause=str(error))  # noqa: TRY400 (it says all)

    # The room

    async def post_card(self, meeting: Meeting) -> EventId:
        """Post the card; returns its event."""
        patience_s = float(self._settings.calls.empty_timeout_s)  # later the call is closed
        card_id = await self._posting.post(meeting, "card", await self._card(meeting, CardState()), patience_s)
        await self._register.note_card(meeting.id, card_id)
        return card_id

    async def edit_card(self, meeting: Meeting, card_id: EventId, state: CardState, name: str) -> None:
        """Show what goes on now, as the edit of this `name`; a homeserver that is away misses it."""
        content = edit_of(card_id, await self._card(meeting, state))
        try:
            await self._posting.post(meeting, f"card edit {name}", content, LIVE_PATIENCE_S)
        except HomeserverError as error:
            log.warning("card not edited", cause=str(error))

    async def settle_card(
        self,
        meeting: Meeting,
        card_id: EventId,
        state: CardState,
        name: str | None = None,
        patience_s: float | None = None,
    ) -> None:
        """Show the phase that the meeting has come to, or the state called `name`; waited for as long as it takes.

        A room that refuses it, because the bot was put out of it, say, misses it: the transcript does not depend on it.
        """
        content = edit_of(card_id, await self._card(meeting, state))
        try:
            await self._posting.post(meeting, f"card {name or state.phase}", content, patience_s)
        except HomeserverError as error:
            log.error("card not settled", cause=str(error))  # noqa: TRY400 (the cause says all)

    async def say(self, meeting: Meeting, name: str, sentence: str, patience_s: float | None = None) -> None:
        """Say one sentence in the room, if that can be; `name` tells it from the others that the meeting may say."""
        try:
            await self._posting.post(meeting, f"say {name}", notice(sentence), patience_s)
        except HomeserverError as error:
            log.error("room not told", sentence=name, cause=str(error))  # noqa: TRY400 (the cause says all)

    async def keep_undelivered(self, meeting: Meeting, why: Obstacle) -> None:
        """Transcript, or sound, stays here until it can be posted; the operator learns what is in the way."""
        await self._register.note_undelivered(meeting.id, why)
        log.error(
            "transcript not posted: what there is of it is kept until storage.retention_days are over",
            meeting_id=meeting.id,
            room_id=meeting.room_id,
            why=why,
            what_to_do=_WHAT_TO_DO[why],
        )

    async def _card(self, meeting: Meeting, state: CardState) -> Content:
        wording = in_language(meeting.language)
        known = await self._register.get(meeting.id)
        if known is not None and known.moved_to is not None:
            state = state.as_moved(wording)
        return card(meeting, state, wording, self._settings)
