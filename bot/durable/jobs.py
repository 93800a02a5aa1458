"""What the recorder and the speech process do for a meeting: two durable jobs, which `enqueueing` asks for."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Awaitable, Callable

import structlog
from dbos import DBOS, DBOSConfiguredInstance

from bot.durable.signals import Kind, Signal, tell
from bot.durable.workflows import MAX_RECOVERY_ATTEMPTS, RECORDINGS, TRANSCRIPTIONS, Queue, UnderWay, step
from transcripts.storage.spool import MeetingId

log = structlog.get_logger()

DISK_FULL = "disk_full"
STORAGE_AWAY = "storage_away"
OUT_OF_THE_CALL = "out_of_the_call"
"""Problems of a job that the room is told in words of its own."""
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)

OVER: dict[Queue, Kind] = {RECORDINGS: "recording_over", TRANSCRIPTIONS: "transcription_over"}
"""What a meeting is told at the end of a job of each queue."""

Work = Callable[[MeetingId], Awaitable[str | None]]
"""Does the job for one meeting. Returns what went wrong, as one word; empty when nothing did; None when another
process has taken the job over and will say so itself. Safe to repeat."""


def storage_problem(number: int | None) -> str:
    """The problem that an `OSError` of this number is to a job."""
    return DISK_FULL if number in _NO_ROOM else "not_written"


@DBOS.dbos_class()
class Jobs(DBOSConfiguredInstance):
    """The jobs of one queue, done in this process. Constructed before the durable work begins."""

    def __init__(self, queue: Queue, work: Work) -> None:
        self._work = work
        self._over = OVER[queue]
        self._under_way = UnderWay()
        self._in_hand: set[asyncio.Future[None]] = set()
        super().__init__(queue.name)

    @DBOS.workflow(name="work", max_recovery_attempts=MAX_RECOVERY_ATTEMPTS)
    async def work(self, meeting_id: str) -> str | None:
        """Do the job and tell the meeting how it went; returns what went wrong, as its `Work` does."""
        self._under_way.enter()
        meeting = MeetingId(meeting_id)
        with structlog.contextvars.bound_contextvars(meeting_id=meeting):
            try:
                problem = await step("work", lambda: self._do(meeting))
            except Exception:
                log.exception("job failed: a fault of Greffier's own")
                problem = "failed"
            if problem is not None:
                await tell(meeting, Signal(self._over, problem=problem))
        return problem

    async def _do(self, meeting: MeetingId) -> str | None:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._in_hand.add(done)
        try:
            return await self._work(meeting)
        finally:
            self._in_hand.discard(done)
            done.set_result(None)

    async def until_replaced(self, within_s: float) -> None:
        """Handed over, the work goes on here until whoever takes it has begun; wait for that, within the bound."""
        if self._in_hand:
            await asyncio.wait(self._in_hand, timeout=within_s)

    async def leave_off(self) -> None:
        """This process ends: let go of every job where it is."""
        await self._under_way.leave_off()


def recordings(work: Work) -> Jobs:
    """The recorder's jobs."""
    return Jobs(RECORDINGS, work)


def transcriptions(work: Work) -> Jobs:
    """The speech process's jobs."""
    return Jobs(TRANSCRIPTIONS, work)
