"""The figures that monitoring reads of the whole of Greffier (the `Figures` of the HTTP side)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from dbos import DBOS
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.process.identity import ROLES
from bot.running.overview import Overview, overview, unheard_s
from bridge.web.door import Figure


class Figures:
    """Reads the figures from the database when they are asked for."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def now(self) -> Iterable[Figure]:
        """All of them, as of now."""
        return of(await overview(self._engine, DBOS.list_workflows_async))


def of(now: Overview) -> Iterable[Figure]:
    """The figures of an overview."""
    alive = Counter(process.role for process in now.processes if process.is_alive)
    for role in ROLES:
        yield Figure("greffier_processes", "Processes that were seen lately", alive[role], {"role": role})
    for waiting in now.waiting:
        queue = {"queue": waiting.queue.name}
        yield Figure("greffier_queue_jobs", "Jobs that wait for a process", waiting.jobs, queue)
        yield Figure("greffier_queue_oldest_seconds", "For how long the oldest job has waited", waiting.oldest_s, queue)
    for name, meetings in now.meetings.items():
        phase = {"phase": name}
        yield Figure("greffier_meetings_open", "Meetings about which something is to be done", len(meetings), phase)
        waits = "Speech of these meetings that waits for being recognised"
        yield Figure("greffier_speech_unheard_seconds", waits, unheard_s(meetings), phase)
    yield Figure("greffier_transcripts_undelivered", "Transcripts that could not be posted", len(now.undelivered))
