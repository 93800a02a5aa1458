"""Transcripts that could not be made or posted in their time: tried again, and delivered when that is possible.

Each attempt is a workflow of its own. What an earlier one has posted keeps its transaction id and is not posted again.
"""

from __future__ import annotations

from functools import partial

import structlog
from dbos import DBOS, DBOSConfiguredInstance, SetWorkflowID

from bot.durable.workflows import HELD, MAX_RECOVERY_ATTEMPTS, UnderWay, step, version_of
from bot.meeting.steps import MeetingSteps
from bot.meeting.transcribing import Transcribing
from bot.room.card import CardState
from bot.room.delivery import Delivered, NothingSaid, Undeliverable
from bot.room.posting import PATIENCE_S, Rooms
from bot.room.wording import Wording, in_language
from bot.store.insisting import insist
from bot.store.register import Meeting, Register
from bridge.matrix.backoff import Backoff, patiently
from bridge.matrix.ids import RoomId
from transcripts.storage.spool import MeetingId

log = structlog.get_logger()


@DBOS.dbos_class()
class Redelivery(DBOSConfiguredInstance):
    """Delivers again. Constructed once, before the durable work begins."""

    def __init__(self, register: Register, rooms: Rooms, steps: MeetingSteps, transcribing: Transcribing) -> None:
        self._register = register
        self._rooms = rooms
        self._steps = steps
        self._transcribing = transcribing
        self._under_way = UnderWay()
        super().__init__("redelivery")

    async def leave_off(self) -> None:
        """This process ends: let go of every attempt where it is."""
        await self._under_way.leave_off()

    async def into(self, room_id: RoomId) -> None:
        """The bot has come into this room: deliver what waits for it."""
        for meeting in await self._register.undelivered(room_id):
            await self._attempt(meeting)

    async def everywhere(self) -> None:
        """Deliver what waits for any room that the bot is in.

        Raises:
            HomeserverError: It does not say which those are, for longer than anybody's patience.
        """
        for meeting in await self._register.undelivered():
            ask = partial(self._rooms.is_member, meeting.present_room)
            if await patiently(ask, patience_s=PATIENCE_S, backoff=Backoff(), where="delivering again"):
                await self._attempt(meeting)

    async def _attempt(self, meeting: Meeting) -> None:
        """Begin an attempt, unless one goes on; one that an earlier version of us began is taken up by nobody."""
        prefix = f"{meeting.id}.again."
        earlier = await DBOS.list_workflows_async(workflow_id_prefix=prefix, load_input=False, load_output=False)
        held = [attempt for attempt in earlier if attempt.status in HELD]
        stranded = [attempt.workflow_id for attempt in held if attempt.app_version != version_of("front")]
        for workflow_id in stranded:
            await DBOS.cancel_workflow_async(workflow_id)
        if len(held) == len(stranded):
            with SetWorkflowID(f"{prefix}{len(earlier)}"):
                await DBOS.start_workflow_async(self.again, meeting.id, meeting.undelivered or "")

    @DBOS.workflow(name="deliver again", max_recovery_attempts=MAX_RECOVERY_ATTEMPTS)
    async def again(self, meeting_id: str, why: str) -> None:
        """Try once more to deliver what was undelivered for the reason `why`."""
        self._under_way.enter()
        meeting = await insist(partial(self._register.get, MeetingId(meeting_id)), where="delivering again")
        if meeting is None:
            return
        with structlog.contextvars.bound_contextvars(meeting_id=meeting.id, room_id=meeting.room_id):
            problem = ""
            if why == "untranscribed":
                problem = await self._transcribing.again(meeting)
            wording = in_language(meeting.language)
            outcome = await self._transcribing.deliver(meeting, meeting.card_id, wording, problem)
            if isinstance(outcome, Undeliverable):
                return
            await self._settle(meeting, outcome, wording)
            begun = await step("read the register", partial(self._steps.begun, meeting))
            if not begun.keep_sound:
                await step("erase the sound", partial(self._steps.erase_sound, meeting))
            # Last: an attempt that is taken up again finds its meeting as it was, until nothing is left to do.
            await step("note that it is delivered", partial(self._steps.note_delivered, meeting))

    async def _settle(self, meeting: Meeting, outcome: Delivered | NothingSaid, wording: Wording) -> None:
        """Let the card say how it came out. Who attended, nobody knows any more."""
        if meeting.card_id is not None:
            match outcome:
                case Delivered(with_minutes):
                    remark = wording.below(with_minutes=with_minutes)
                case NothingSaid():
                    remark = wording.nobody_spoke
            state = CardState("done", attended=None, ended_at=meeting.ended_at, remarks=(remark,))
            settle = partial(self._steps.settle_card, meeting, meeting.card_id, state, "delivered")
            await step("settle the card", settle)
