"""The recorder process: joins the calls it is told to and writes their sound to the spool.

A process of its own because native media code may crash, and must never take the front with it.
"""

from __future__ import annotations

from contextlib import AsyncExitStack

import aiohttp
import structlog

from bot.durable.jobs import recordings
from bot.durable.workflows import RECORDINGS, taking_part
from bot.process.identity import Identity
from bot.process.notifying import READY, notify
from bot.process.stopping import beside, until_stopped
from bot.store.database import Database
from bot.store.register import Register
from bot.work.recording import Recorder
from bridge.livekit.calls import Calls
from config.models import Settings
from transcripts.storage.shared_spool import open_spool

log = structlog.get_logger()

REPLACED_WITHIN_S = 10.0
"""How long this recorder stays in its calls for another one to take its place, so that no sound is missing."""


async def run(settings: Settings, name: str | None = None) -> None:
    """Record until told to stop. Where another recorder is there, it takes this one's place in the calls first."""
    identity = Identity.of("recorder", name)
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(Database.opened(settings))
        await database.migrate()
        session = await stack.enter_async_context(aiohttp.ClientSession())
        spool = open_spool(settings.storage, identity.name)
        recorder = Recorder(settings, Register(database.engine), spool, Calls(settings.livekit, session))
        jobs = recordings(recorder.work)
        async with (
            taking_part(identity, database, (RECORDINGS,)) as part,
            beside(recorder.sharing.keep_seeing_to_leftovers(), "leftovers"),
        ):
            try:
                log.info("recorder ready")
                notify(READY)
                await until_stopped()
                if await part.hand_over():
                    await jobs.until_replaced(REPLACED_WITHIN_S)
            finally:
                await jobs.leave_off()
