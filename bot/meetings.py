"""The life of a meeting: one durable workflow each, from the command that opened it to its transcript in the room.

Read `Meetings.hold` and what it calls from top to bottom for the story. Whatever dies on the way, the workflow is taken
up at its unfinished step; every step may happen twice, and nothing is posted twice. Between steps there is no clock, no
chance and no reading: taken up again, a workflow must go the way it went.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

import structlog
from dbos import DBOS, DBOSConfiguredInstance

from bot.card import CardState
from bot.delivery import Delivery, NothingSaid, Undeliverable
from bot.durable import HELD, MAX_RECOVERY_ATTEMPTS, UnderWay, step
from bot.jobs import DISK_FULL, enqueue_recording, enqueue_transcription
from bot.meeting_steps import MeetingSteps
from bot.register import Meeting, Register
from bot.signals import Kind, Signal, next_signal
from bot.wording import Wording, duration, in_language
from bridge.matrix.errors import HomeserverError
from bridge.matrix.ids import EventId
from config.models import Settings
from transcripts.spool import MeetingId
from transcripts.transcript import TranscriptUnreadable

log = structlog.get_logger()

LOOK_EVERY_S = 15.0
"""How often the call is looked at when nothing is heard of it: webhooks are hints, and may be lost."""
BURST_S = 0.3
"""People come and go in bursts; one look serves all that is heard within this time."""
RECORDING_ENDS_WITHIN_S = 60.0
TRANSCRIPTION_ENDS_WITHIN_S = 24 * 3600.0
RECORDER_NUDGED_EVERY_S = 10.0
LAST_WORD_PATIENCE_S = 60.0


@dataclass(frozen=True)
class Followed:
    """What is known of a call."""

    transcribed: bool
    attended: frozenset[str] = frozenset()
    """Identities of everyone who has been seen in it."""
    recording_over: Signal | None = None
    remarks: tuple[str, ...] = ()

    def remark(self, sentence: str) -> Followed:
        """With one more sentence on the card."""
        return replace(self, remarks=(*self.remarks, sentence))

    @property
    def complete(self) -> bool:
        """Whether the recording went on until the call was over."""
        return self.recording_over is not None and not self.recording_over.problem


@DBOS.dbos_class()
class Meetings(DBOSConfiguredInstance):
    """Holds meetings. Constructed once, before the durable work begins."""

    def __init__(self, settings: Settings, register: Register, steps: MeetingSteps, delivery: Delivery) -> None:
        self._settings = settings
        self._register = register
        self._steps = steps
        self._delivery = delivery
        self._under_way = UnderWay()
        super().__init__("meetings")

    async def leave_off(self) -> None:
        """This process ends: let go of every meeting where it is."""
        await self._under_way.leave_off()

    async def clear_up(self) -> None:
        """At the start of the front: give up the meetings that nobody holds any more, so that their rooms are free.

        A workflow that was interrupted too often is not taken up again (it might be what kills the process), and its
        meeting would stay open for ever.
        """
        for meeting in await self._register.unfinished():
            status = await DBOS.get_workflow_status_async(meeting.id)
            if status is not None and status.status not in HELD:
                log.error("meeting given up: it was interrupted too often", meeting_id=meeting.id, status=status.status)
                await self._apologise(meeting)
                await self._steps.give_up(meeting)
                await self._steps.leave_register(meeting)

    @DBOS.workflow(name="hold", max_recovery_attempts=MAX_RECOVERY_ATTEMPTS)
    async def hold(self, meeting_id: str) -> None:
        """Hold one registered meeting; its workflow id is the meeting's id."""
        self._under_way.enter()
        meeting = await self._register.get(MeetingId(meeting_id))
        if meeting is None:
            log.error("meeting is not in the register", meeting_id=meeting_id)
            return
        with structlog.contextvars.bound_contextvars(meeting_id=meeting.id, room_id=meeting.room_id):
            try:
                await self._hold(meeting, in_language(meeting.language))
            except HomeserverError as error:
                log.error("meeting given up: the room cannot be reached", cause=str(error))  # noqa: TRY400 (it says all)
                await step("give up", partial(self._steps.give_up, meeting))
            except Exception:
                log.exception("meeting given up: a fault of Greffier's own")
                await self._apologise(meeting)
                await step("give up", partial(self._steps.give_up, meeting))
            await step("leave the register", partial(self._steps.leave_register, meeting))

    async def _hold(self, meeting: Meeting, wording: Wording) -> None:
        refusal = await step("open the call", partial(self._steps.open_call, meeting))
        if refusal:
            sentence = wording.call_server_away if refusal == "away" else wording.call_server_refused
            await step("say that it cannot be opened", partial(self._steps.say, meeting, "refusal", sentence))
            return
        card_id = await step("post the card", partial(self._steps.post_card, meeting))
        if meeting.transcribed:
            await enqueue_recording(meeting.id)

        followed = await self._follow(meeting, card_id, wording)
        ended_at = await step("close the call", partial(self._steps.close_call, meeting))
        ended = CardState("done", attended=len(followed.attended), ended_at=datetime.fromisoformat(ended_at))
        if followed.transcribed:
            followed = await self._until_recorded(meeting, followed)
            ended = await self._transcribe(meeting, card_id, wording, followed, ended)
        ended = replace(ended, remarks=(*followed.remarks, *ended.remarks))
        patience_s = LAST_WORD_PATIENCE_S if wording.undelivered in ended.remarks else None
        await step("settle the card", partial(self._steps.settle_card, meeting, card_id, ended, patience_s=patience_s))
        if not (followed.transcribed and self._settings.storage.keep_sound):
            await step("erase the sound", partial(self._steps.erase_sound, meeting))

    async def _follow(self, meeting: Meeting, card_id: EventId, wording: Wording) -> Followed:
        """Keep the card true while the call goes on; returns when it is over, or is to be."""
        followed = Followed(meeting.transcribed)
        shown, edits = CardState(), 0
        while True:
            seen = await step("look at the call", partial(self._steps.look, meeting))
            if seen is not None:
                followed = replace(followed, attended=followed.attended | frozenset(seen.people))
                if seen.over:
                    return followed
                if seen.overdue:
                    limit = duration(self._settings.calls.max_duration_min * 60)
                    return followed.remark(wording.time_limit.format(duration=limit))
                state = CardState(present=len(seen.people), attended=len(followed.attended), remarks=followed.remarks)
                if state != shown:
                    as_it_is = replace(meeting, transcribed=followed.transcribed)
                    edits += 1
                    await step("edit the card", partial(self._steps.edit_card, as_it_is, card_id, state, edits))
                    shown = state
            signal = await self._heard()
            if signal is not None and signal.kind == "end":
                return followed.remark(wording.ended_by.format(user=signal.by))
            if signal is not None:
                followed = await self._act_on(signal, meeting, followed, wording)

    async def _act_on(self, signal: Signal, meeting: Meeting, followed: Followed, wording: Wording) -> Followed:
        """What a signal means while the call goes on."""
        if signal.kind == "stop_transcription" and followed.transcribed:
            await step("stop the recording", partial(self._steps.stop_recording, meeting))
            followed = replace(followed, transcribed=False)
            return followed.remark(wording.transcription_stopped.format(user=signal.by))
        if signal.kind == "recording_over":
            if not followed.transcribed:
                await step("erase the sound", partial(self._steps.erase_sound, meeting))
            elif signal.problem:
                sentence = wording.disk_full if signal.problem == DISK_FULL else wording.recording_incomplete
                await step("say that recording stopped", partial(self._steps.say, meeting, "recording", sentence))
            return replace(followed, recording_over=signal)
        return followed

    async def _until_recorded(self, meeting: Meeting, followed: Followed) -> Followed:
        """The call is over: wait until the recorder has written its last sound.

        A recorder that joined just when the call was closed has made LiveKit open the room again, and would sit there
        alone; so the room is closed until the recorder is out of it.
        """
        waited_s = 0.0
        while followed.recording_over is None and waited_s < RECORDING_ENDS_WITHIN_S:
            if waited_s > 0:
                await step("close the call again", partial(self._steps.close_call, meeting))
            over = await self._until("recording_over", RECORDER_NUDGED_EVERY_S)
            followed = replace(followed, recording_over=over)
            waited_s += RECORDER_NUDGED_EVERY_S
        if followed.recording_over is None:
            log.error("recorder did not say that it is done", waited_s=waited_s)
        return followed

    async def _transcribe(
        self, meeting: Meeting, card_id: EventId, wording: Wording, followed: Followed, ended: CardState
    ) -> CardState:
        """From recorded sound to the transcript in the thread; returns what the card then shows."""
        if not await step("count the tracks", partial(self._steps.count_tracks, meeting)):
            return _why_nothing(ended, wording, complete=followed.complete)
        waiting = replace(ended, phase="transcribing", remarks=followed.remarks)
        await enqueue_transcription(meeting.id)
        show = partial(self._steps.settle_card, meeting, card_id, waiting, patience_s=LAST_WORD_PATIENCE_S)
        await step("show what is being done", show)
        over = await self._until("transcription_over", TRANSCRIPTION_ENDS_WITHIN_S)
        if over is None or over.problem:
            log.error("transcription failed", problem=over.problem if over else "no answer in time")
            return replace(ended, phase="failed", remarks=(wording.transcription_failed,))
        try:
            outcome = await self._delivery.deliver(meeting, card_id, wording)
        except (OSError, TranscriptUnreadable):
            log.exception("transcript cannot be read")
            return replace(ended, phase="failed", remarks=(wording.transcription_failed,))
        if isinstance(outcome, NothingSaid):
            return replace(ended, remarks=(wording.nobody_spoke,))
        if isinstance(outcome, Undeliverable):
            await step("keep what is undelivered", partial(self._steps.keep_undelivered, meeting, outcome.why))
            return replace(ended, remarks=(wording.undelivered,))
        incomplete = () if followed.complete else (wording.recording_incomplete,)
        return replace(ended, remarks=(*incomplete, wording.transcript_below))

    async def _heard(self) -> Signal | None:
        """The next signal; a burst of those that only say to look counts as one."""
        signal = await next_signal(LOOK_EVERY_S)
        while signal is not None and signal.kind == "look":
            following = await next_signal(BURST_S)
            if following is None:
                break
            signal = following
        return signal

    async def _until(self, kind: Kind, within_s: float) -> Signal | None:
        """The next signal of this kind (the others mean nothing any more); None when it did not come in time."""
        give_up_at_s = within_s + await step("note the time", self._steps.time_s)
        left_s = within_s
        while left_s > 0:
            signal = await next_signal(left_s)
            if signal is not None and signal.kind == kind:
                return signal
            left_s = give_up_at_s - await step("note the time", self._steps.time_s)
        return None

    async def _apologise(self, meeting: Meeting) -> None:
        sentence = in_language(meeting.language).internal_fault
        await self._steps.say(meeting, "fault", sentence, LAST_WORD_PATIENCE_S)


def _why_nothing(ended: CardState, wording: Wording, *, complete: bool) -> CardState:
    """Nothing was recorded: because nobody came, because nobody had a microphone on, or because recording failed."""
    if ended.attended == 0:
        return replace(ended, remarks=(wording.nothing_recorded,))
    if complete:
        return replace(ended, remarks=(wording.nobody_spoke,))
    return replace(ended, phase="failed", remarks=(wording.recording_failed,))
