"""The life of a meeting: one durable workflow each, from the command that opened it to its transcript in the room.

Read `Meetings.hold` and what it calls (`following` and `transcribing`, beside this) from top to bottom for the story.
Whatever dies on the way, the workflow is taken up at its unfinished step; every step may happen twice, and nothing is
posted twice. Between steps there is no clock, no chance and no reading: taken up again, a workflow must go the way it
went, also when the settings were changed meanwhile.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import partial

import structlog
from dbos import DBOS, DBOSConfiguredInstance, SetWorkflowID

from bot.durable.workflows import HELD, MAX_RECOVERY_ATTEMPTS, UnderWay, step, version_of
from bot.meeting.call_watch import Watch
from bot.meeting.following import Followed, Following
from bot.meeting.steps import Begun, MeetingSteps
from bot.meeting.transcribing import Transcribing
from bot.room.card import CardState
from bot.room.wording import Wording, in_language
from bot.store.insisting import insist
from bot.store.register import Meeting, Register
from bridge.matrix.errors import HomeserverError
from bridge.matrix.ids import EventId
from transcripts.storage.spool import MeetingId

log = structlog.get_logger()

LAST_WORD_PATIENCE_S = 60.0


@DBOS.dbos_class()
class Meetings(DBOSConfiguredInstance):
    """Holds meetings. Constructed once, before the durable work begins."""

    def __init__(self, register: Register, steps: MeetingSteps, transcribing: Transcribing) -> None:
        self._register = register
        self._steps = steps
        self._following = Following(steps)
        self._transcribing = transcribing
        self._under_way = UnderWay()
        super().__init__("meetings")

    async def begin(self, meeting: MeetingId) -> None:
        """Have a registered meeting held; one that is being held already goes on."""
        with SetWorkflowID(meeting):  # the same id again finds the workflow that runs
            await DBOS.start_workflow_async(self.hold, meeting)

    async def leave_off(self) -> None:
        """This process ends: let go of every meeting where it is."""
        await self._under_way.leave_off()

    async def clear_up(self) -> None:
        """At the start of the front: see to the unfinished meetings that are not taken up by themselves.

        One that an earlier version held would not find its way through the steps of this one: it is held anew, from
        the beginning, and does nothing twice, as every act says what it is. One that was interrupted too often might
        be what kills the process: it is given up, so that its room is free.
        """
        for meeting in await insist(self._register.unfinished, where="clearing up"):
            try:
                await insist(partial(self._clear_up, meeting), where="clearing up")
            except Exception:
                log.exception(
                    "unfinished meeting not seen to; this is tried again at the next start", meeting_id=meeting.id
                )

    async def _clear_up(self, meeting: Meeting) -> None:
        status = await DBOS.get_workflow_status_async(meeting.id)
        if status is None:  # registered, no more: its command waits in the inbox, or was given up
            await self.begin(meeting.id)
        elif status.status not in HELD:
            known = await self._register.get(meeting.id)
            if known is None or known.finished_at is not None:
                return  # taken up at this start, and come to its end meanwhile
            log.error("meeting given up: it was interrupted too often", meeting_id=meeting.id, status=status.status)
            await self._apologise(meeting)
            await self._steps.give_up(meeting)
            await self._steps.leave_register(meeting)
        elif status.app_version != version_of("front"):
            log.info("meeting of an earlier version is held anew", meeting_id=meeting.id, was=status.app_version)
            await DBOS.delete_workflow_async(meeting.id)
            await self.begin(meeting.id)

    @DBOS.workflow(name="hold", max_recovery_attempts=MAX_RECOVERY_ATTEMPTS)
    async def hold(self, meeting_id: str) -> None:
        """Hold one registered meeting; its workflow id is the meeting's id."""
        self._under_way.enter()
        meeting = await insist(partial(self._register.get, MeetingId(meeting_id)), where="holding a meeting")
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
        begun = await step("read the register", partial(self._steps.begun, meeting))
        meeting = replace(meeting, transcribed=begun.transcribed)
        card_id = begun.card_id or await self._open(meeting, wording)
        if card_id is None:
            return
        watch = Watch(meeting.opened_at.timestamp())
        followed = Followed(watch, begun.transcribed, begun.limits, begun.recordings, begun.transcriptions)
        if not begun.is_over:
            followed = await self._following.until_over(meeting, card_id, followed, wording)
        ended_at = await step("close the call", partial(self._steps.close_call, meeting))
        followed = await self._following.last_words(meeting, followed, wording)
        ended = CardState("done", attended=_attended(begun, followed), ended_at=datetime.fromisoformat(ended_at))
        if followed.transcribed:
            ended = await self._transcribing.carry_out(meeting, card_id, followed, ended, wording)
        ended = replace(ended, remarks=(*followed.remarks, *ended.remarks))
        patience_s = LAST_WORD_PATIENCE_S if wording.undelivered in ended.remarks else None
        await step("settle the card", partial(self._steps.settle_card, meeting, card_id, ended, patience_s=patience_s))
        if not (followed.transcribed and (begun.keep_sound or ended.phase == "failed")):
            await step("erase the sound", partial(self._steps.erase_sound, meeting))

    async def _open(self, meeting: Meeting, wording: Wording) -> EventId | None:
        """Open the call and post its card; None where it cannot be opened, and the room has been told so."""
        refusal = await step("open the call", partial(self._steps.open_call, meeting))
        if refusal:
            sentence = wording.call_server_away if refusal == "away" else wording.call_server_refused
            say = partial(self._steps.say, meeting, "refusal", sentence, LAST_WORD_PATIENCE_S)
            await step("say that it cannot be opened", say)
            return None
        return await step("post the card", partial(self._steps.post_card, meeting))

    async def _apologise(self, meeting: Meeting) -> None:
        sentence = in_language(meeting.language).about_giving_up(transcribed=meeting.transcribed)
        await self._steps.say(meeting, "fault", sentence, LAST_WORD_PATIENCE_S)


def _attended(begun: Begun, followed: Followed) -> int | None:
    """How many have been in the call; nobody knows any more where it was over before this version began with it."""
    return None if begun.is_over else len(followed.watch.attended)
