"""The meeting after its call: the last sound waited for, the transcript made and posted, and what the card says of it.

Part of a meeting's workflow (see `bot.meeting.meetings`): between steps there is no clock, no chance and no reading.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial

import structlog

from bot.durable.enqueueing import asked_for, ended_as, enqueue_transcription
from bot.durable.jobs import STORAGE_AWAY
from bot.durable.signals import Kind, next_signal
from bot.durable.workflows import RECORDINGS, TRANSCRIPTIONS, Queue, step
from bot.meeting.following import Followed
from bot.meeting.steps import MeetingSteps
from bot.meeting.waiting import Unheard, about, wait_s
from bot.room.card import CardState
from bot.room.delivery import Delivered, Delivery, NothingSaid, Outcome, Undeliverable
from bot.room.wording import Wording
from bot.store.register import Meeting
from bridge.matrix.ids import EventId
from transcripts.assembling.transcript import TranscriptUnreadable

log = structlog.get_logger()

RECORDING_ENDS_WITHIN_S = 60.0
STORAGE_BACK_WITHIN_S = 24 * 3600.0
RECORDER_NUDGED_EVERY_S = 10.0
TRANSCRIPTION_ENDS_WITHIN_S = 24 * 3600.0
FIRST_LOOK_S = 1.0
"""After what a job is looked after for the first time: its end may have been heard a moment before it was over."""
TOLD_EVERY_S = 60.0
"""How often the room is told anew how long the transcript will take, and the job is looked after."""
SHORT_WAIT_S = 60.0
"""A shorter wait is not worth a number."""
TOO_LATE = "too_late"
"""The problem of a job of which nothing was heard in time."""


class Transcribing:
    """Brings meetings from recorded sound to a transcript in the room, each inside its workflow."""

    def __init__(self, steps: MeetingSteps, delivery: Delivery) -> None:
        self._steps = steps
        self._delivery = delivery

    async def carry_out(
        self, meeting: Meeting, card_id: EventId, followed: Followed, ended: CardState, wording: Wording
    ) -> CardState:
        """From the end of the call to its transcript in the thread; returns what the card is to show then."""
        waiting = replace(ended, phase="transcribing", remarks=followed.remarks)
        card = _WaitingCard(self._steps, meeting, card_id, waiting)
        complete = await self._until_recorded(meeting, followed, card, wording) == ""
        transcription = await self._transcription(meeting, followed)
        await step("note that it is recorded", partial(self._steps.note_recorded, meeting))
        if not await step("look for sound", partial(self._steps.has_sound, meeting)):
            return _why_nothing(ended, wording, complete=complete)
        problem = await self._until_transcribed(meeting, card, wording, transcription)
        outcome = await self.deliver(meeting, card_id, wording, problem)
        match outcome:
            case Delivered(with_minutes):
                incomplete = () if complete else (wording.recording_incomplete,)
                return replace(ended, remarks=(*incomplete, wording.below(with_minutes=with_minutes)))
            case NothingSaid():
                return replace(ended, remarks=(wording.nobody_spoke,))
            case Undeliverable("untranscribed"):
                return replace(ended, phase="failed", remarks=(wording.transcription_failed,))
            case Undeliverable():
                return replace(ended, remarks=(wording.undelivered,))

    async def again(self, meeting: Meeting) -> str:
        """Have the sound transcribed once more; returns what went wrong, or nothing."""

        async def nothing() -> None:
            """Nobody waits for it any more."""

        number = 1 + await step("count the transcriptions", partial(asked_for, TRANSCRIPTIONS, meeting.id))
        await step("note that it is recorded", partial(self._steps.note_recorded, meeting))
        await enqueue_transcription(meeting.id, number)
        transcription = Awaited(TRANSCRIPTIONS, "transcription_over", TRANSCRIPTION_ENDS_WITHIN_S, TOLD_EVERY_S, number)
        return await self._until_done(meeting, transcription, nothing)

    async def deliver(self, meeting: Meeting, card_id: EventId | None, wording: Wording, problem: str) -> Outcome:
        """Post the transcript, unless its making had a `problem`; what cannot be posted is kept, and that is noted."""
        outcome: Outcome = Undeliverable("untranscribed")
        if problem:
            log.error("transcription failed", problem=problem)
        else:
            try:
                outcome = await self._delivery.deliver(meeting, card_id, wording)
            except (OSError, TranscriptUnreadable):
                log.exception("transcript cannot be read")
        if isinstance(outcome, Undeliverable):
            await step("keep what is undelivered", partial(self._steps.keep_undelivered, meeting, outcome.why))
        return outcome

    async def _until_recorded(self, meeting: Meeting, followed: Followed, card: _WaitingCard, wording: Wording) -> str:
        """Wait until the recorder has written its last sound; returns what went wrong, or nothing.

        A recorder that joined just when the call was closed has made LiveKit open the room again, and would sit there
        alone; so the room is closed until the recorder is out of it. Nearly always it is out at once; where it is not,
        the card is not left to say that the call goes on.
        """
        if followed.recording_over is not None:
            return followed.recording_over.problem
        patience_s = STORAGE_BACK_WITHIN_S if followed.storage_is_away else RECORDING_ENDS_WITHIN_S
        recording = Awaited(RECORDINGS, "recording_over", patience_s, RECORDER_NUDGED_EVERY_S, followed.recording or 1)
        awaited = wording.storage_awaited if followed.storage_is_away else wording.transcribing

        async def nudge() -> None:
            await step("close the call again", partial(self._steps.close_call, meeting))
            await card.say(awaited)

        if followed.storage_is_away:
            await card.say(awaited)
        return await self._until_done(meeting, recording, nudge)

    async def _transcription(self, meeting: Meeting, followed: Followed) -> int:
        """The number of the job that is to transcribe the meeting: a new one where the one that followed it is lost."""
        if followed.transcription:
            ended = partial(ended_as, TRANSCRIPTIONS, meeting.id, followed.transcription)
            if not await step("look for the transcription", ended):
                return followed.transcription
        number = followed.transcription + 1
        await enqueue_transcription(meeting.id, number)
        return number

    async def _until_transcribed(self, meeting: Meeting, card: _WaitingCard, wording: Wording, number: int) -> str:
        """Wait for the transcript, telling the room roughly how long it takes; returns what went wrong, or nothing."""
        transcription = Awaited(TRANSCRIPTIONS, "transcription_over", TRANSCRIPTION_ENDS_WITHIN_S, TOLD_EVERY_S, number)
        seen: list[Unheard] = []

        async def tell() -> None:
            seen.append(await step("see what is unheard", partial(self._steps.unheard, meeting)))
            await card.say(_being_transcribed(wait_s(seen), wording))

        await tell()
        return await self._until_done(meeting, transcription, tell)

    async def _until_done(self, meeting: Meeting, job: Awaited, meanwhile: Callable[[], Awaitable[None]]) -> str:
        """Wait for the end of a job, doing something every now and then; returns what went wrong, or nothing."""
        give_up_at_s = job.within_s + await step("note the time", self._steps.time_s)
        within_s = min(FIRST_LOOK_S, job.look_every_s)
        while True:
            ended = await step("look after the job", partial(ended_as, job.queue, meeting.id, job.number))
            if ended is not None:
                return ended
            signal = await next_signal(within_s)
            if signal is not None and signal.kind == job.end:
                return signal.problem
            if signal is not None and signal.problem == STORAGE_AWAY:
                give_up_at_s += STORAGE_BACK_WITHIN_S
            if await step("note the time", self._steps.time_s) > give_up_at_s:
                log.error("job did not end in time", queue=job.queue.name, waited_s=job.within_s)
                return TOO_LATE
            if signal is None and within_s == job.look_every_s:
                await meanwhile()
            within_s = job.look_every_s


class _WaitingCard:
    """The card of a call that is over, while people wait: what it says last changes, and is not said twice in a row."""

    def __init__(self, steps: MeetingSteps, meeting: Meeting, card_id: EventId, state: CardState) -> None:
        self._steps = steps
        self._meeting = meeting
        self._card_id = card_id
        self._state = state
        self._said: list[str] = []

    async def say(self, sentence: str) -> None:
        """Show this beneath the rest, unless it is what is shown."""
        if self._said[-1:] == [sentence]:
            return
        self._said.append(sentence)
        shown = replace(self._state, remarks=(*self._state.remarks, sentence))
        name = f"transcribing {len(self._said)}"
        edit = partial(self._steps.edit_card, self._meeting, self._card_id, shown, name)
        await step("show what is being done", edit)


@dataclass(frozen=True)
class Awaited:
    """A job whose end is waited for."""

    queue: Queue
    end: Kind
    """The signal that says that it is over."""
    within_s: float
    look_every_s: float
    number: int = 1


def _being_transcribed(ready_in_s: float | None, wording: Wording) -> str:
    if ready_in_s is None or ready_in_s < SHORT_WAIT_S:
        return wording.transcribing
    return wording.transcribing_about.format(about=about(ready_in_s, wording))


def _why_nothing(ended: CardState, wording: Wording, *, complete: bool) -> CardState:
    """Nothing was recorded: because nobody came, because nobody had a microphone on, or because recording failed."""
    if ended.attended == 0:
        return replace(ended, remarks=(wording.nothing_recorded,))
    if complete:
        return replace(ended, remarks=(wording.nobody_spoke,))
    return replace(ended, phase="failed", remarks=(wording.recording_failed,))
