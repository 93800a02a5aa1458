"""Forgets meetings that were over long ago: transcript, sound, and every trace of the work on them.

How long they are kept is the operator's choice. What stands in their rooms is the rooms'.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import structlog
from dbos import DBOS

from bot.durable.workflows import HELD, application_of
from bot.process.identity import ROLES
from bot.store.register import Meeting, Register
from transcripts.storage.archive import Archive
from transcripts.storage.spool import Spool

log = structlog.get_logger()


class Retention:
    """Forgets old meetings, one after the other; safe to interrupt and to repeat."""

    def __init__(
        self,
        register: Register,
        archive: Archive,
        spool: Spool,
        kept_for: timedelta,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._register = register
        self._archive = archive
        self._spool = spool
        self._kept_for = kept_for
        self._now = now

    async def forget_old(self) -> None:
        """Forget every meeting that has been kept for long enough; one that cannot be does not stop the others."""
        forgotten = 0
        for meeting in await self._register.finished_before(self._now() - self._kept_for):
            try:
                forgotten += await self._forget(meeting)
            except Exception:
                log.exception("meeting not forgotten; this is tried again tomorrow", meeting_id=meeting.id)
        if forgotten:
            log.info("old meetings forgotten", count=forgotten, kept_for_days=self._kept_for.days)

    async def _forget(self, meeting: Meeting) -> bool:
        # The meeting itself, its jobs and its later deliveries: all their ids begin with the meeting's.
        workflows = await DBOS.list_workflows_async(
            workflow_id_prefix=meeting.id,
            application_name=[application_of(role) for role in ROLES],
            load_input=False,
            load_output=False,
        )
        if any(workflow.status in HELD for workflow in workflows):
            log.warning("old meeting is still being worked on: not forgotten", meeting_id=meeting.id)
            return False
        await asyncio.to_thread(self._archive.erase, meeting.id)
        await asyncio.to_thread(self._spool.erase, meeting.id)
        await DBOS.delete_workflows_async([workflow.workflow_id for workflow in workflows])
        await self._register.forget(meeting.id)  # last: until then, what was interrupted is begun again
        if meeting.undelivered is not None:
            log.warning(
                "transcript erased that was never posted: its time is over",
                meeting_id=meeting.id,
                room_id=meeting.room_id,
                why=meeting.undelivered,
            )
        return True
