"""`greffier status`: shows the operator what runs, what is under way and what waits, on all machines."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from dbos import DBOSClient
from sqlalchemy.exc import SQLAlchemyError

from bot.process.presence import Process, without_a_process
from bot.running.overview import COUNTED, Overview, overview, unheard_s
from bot.store.database import Database
from bot.store.register import Meeting
from config.models import Settings

_MINUTE_S = 60.0
_HOUR_S = 3600.0
_DAY_S = 24 * _HOUR_S


async def status(settings: Settings) -> int:
    """Print it; returns the exit status: 1 when a role has no living process, or nothing can be read, else 0."""
    try:
        async with Database.opened(settings) as database:
            if await database.revision() is None:
                print("nothing is known: has Greffier run on this database?")  # noqa: T201
                return 1
            client = await asyncio.to_thread(
                lambda: DBOSClient(system_database_url=database.system_url, retry_connection_errors=False)
            )
            try:
                now = await overview(database.engine, client.list_workflows_async)
            finally:
                await asyncio.to_thread(client.destroy)
    except SQLAlchemyError as error:
        print(f"nothing is known: has Greffier run on this database? ({type(error).__name__})")  # noqa: T201
        return 1
    for line in lines(now):
        print(line)  # noqa: T201
    return 1 if without_a_process(now.processes) else 0


def lines(now: Overview) -> Iterable[str]:
    """What is printed."""
    yield "processes"
    for process in now.processes:
        yield f"  {_process(process)}"
    for role in without_a_process(now.processes):
        yield f"  {role:<9} NONE IS RUNNING"
    yield "meetings"
    yield f"  in their call: {_ids(now.in_call)}"
    yield f"  after their call: {_ids(now.after_call)}"
    yield "waiting"
    for waiting in now.waiting:
        if waiting.jobs:
            count = f"{waiting.jobs}" if waiting.jobs < COUNTED else f"{COUNTED} or more"
            yield f"  {waiting.queue.name}: {count}, the oldest for {ago(waiting.oldest_s)}"
        else:
            yield f"  {waiting.queue.name}: none"
    yield f"  speech to be recognised: {_speech(unheard_s([*now.in_call, *now.after_call]))}"
    yield "transcripts that could not be posted"
    for meeting in now.undelivered:
        yield f"  {meeting.id}: {meeting.undelivered} ({meeting.present_room})"
    if not now.undelivered:
        yield "  none"


def _process(process: Process) -> str:
    state = "seen" if process.is_alive else "GONE, seen"
    return (
        f"{process.role:<9} {process.executor_id:<24} {process.host}, process {process.pid}, "
        f"{state} {ago(process.seen_s)} ago"
    )


def _ids(meetings: Sequence[Meeting]) -> str:
    return f"{len(meetings)} ({', '.join(meeting.id for meeting in meetings)})" if meetings else "none"


def _speech(seconds: float) -> str:
    return ago(seconds) if seconds > 0 else "none"


def ago(seconds: float) -> str:
    """A length of time, roughly."""
    if seconds < 2 * _MINUTE_S:
        return f"{max(0, round(seconds))} s"
    if seconds < 2 * _HOUR_S:
        return f"{round(seconds / _MINUTE_S)} min"
    if seconds < 2 * _DAY_S:
        return f"{round(seconds / _HOUR_S)} h"
    return f"{round(seconds / _DAY_S)} days"
