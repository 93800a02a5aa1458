"""The front process: the Matrix device, the HTTP side, and the meetings. One of it runs."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from datetime import timedelta
from functools import partial

import aiohttp
import structlog
from prometheus_client import REGISTRY
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.commands.answering import Answers
from bot.commands.parsing import is_addressed
from bot.commands.permissions import may_invite
from bot.durable.takeover import keep_taking_over
from bot.durable.workflows import taking_part
from bot.meeting.call_events import CallEvents
from bot.meeting.entrance import Entrance
from bot.meeting.meetings import Meetings
from bot.meeting.moving import Moving
from bot.meeting.redelivery import Redelivery
from bot.meeting.retention import Retention
from bot.meeting.steps import MeetingSteps
from bot.meeting.transcribing import Transcribing
from bot.process.identity import Identity
from bot.process.notifying import READY, notify
from bot.process.presence import seen, without_a_process
from bot.process.stopping import beside, until_stopped
from bot.room.delivery import Delivery
from bot.room.telling import Telling
from bot.running.daily import daily
from bot.running.figures import Figures
from bot.running.readiness import Readiness
from bot.store.database import Database
from bot.store.register import Register
from bridge.livekit.calls import Calls
from bridge.livekit.webhooks import Webhooks
from bridge.matrix.encryption.encryption import Encryption
from bridge.matrix.homeserver import Homeserver
from bridge.matrix.ids import RoomId, UserId
from bridge.matrix.inbox import Inbox
from bridge.matrix.intake import Intake, Wanted
from bridge.matrix.listener import Listener
from bridge.matrix.pinging import keep_reached
from bridge.matrix.told import Told
from bridge.matrix.transactions import Transactions
from bridge.matrix.undecrypted import Undecrypted
from bridge.matrix.upgrades import Upgrades
from bridge.web.join_page import BUILT_PAGE
from bridge.web.metrics import Metrics
from bridge.web.server import build, serving
from config.models import Matrix, Settings
from transcripts.storage.archive import open_archive
from transcripts.storage.shared_spool import open_spool

log = structlog.get_logger()


async def run(settings: Settings, name: str | None = None) -> None:
    """Serve people until told to stop."""
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(Database.opened(settings))
        await database.migrate()
        session = await stack.enter_async_context(aiohttp.ClientSession())
        homeserver = await stack.enter_async_context(Homeserver(settings.matrix, database.engine))
        encryption = Encryption(homeserver.wire, database.engine, settings.matrix, settings.storage.folder)
        homeserver.encryption = encryption
        register = Register(database.engine)
        telling = Telling(homeserver, homeserver.rooms, register, Told(database.engine), settings.rooms.language)
        homeserver.cannot_read = telling.cannot_read
        calls = Calls(settings.livekit, session)

        spool, archive = open_spool(settings.storage), open_archive(settings.storage)
        steps = MeetingSteps(settings, register, calls, homeserver, spool)
        delivery = Delivery(homeserver, register, archive, settings.rooms.zone)
        transcribing = Transcribing(steps, delivery)
        meetings = Meetings(register, steps, transcribing)
        redelivery = Redelivery(register, homeserver, steps, transcribing)
        retention = Retention(register, archive, spool, timedelta(days=settings.storage.retention_days))
        answers = Answers(settings, register, meetings, calls, homeserver, homeserver.rooms)
        moving = Moving(settings, register, calls, homeserver, redelivery)
        upgrades = Upgrades(database.engine, homeserver, moving.into)
        wanted = Wanted(
            invitation_from=lambda user: may_invite(user, settings.permissions),
            message=lambda message: is_addressed(message.body),
            max_age_s=settings.matrix.command_max_age_s,
        )
        intake = Intake(
            Inbox(database.engine, homeserver.user_id, transaction=encryption.transaction),
            Undecrypted(database.engine, telling, max_age_s=wanted.max_age_s),
            wanted,
            homeserver.user_id,
            keys=encryption,
            rooms=homeserver.rooms,
            upgrades=upgrades,
        )

        async def joined(room_id: RoomId) -> None:
            await upgrades.arrived(room_id)  # first: it may be what a meeting waits for to have a room
            await redelivery.into(room_id)

        transactions = _transactions(settings.matrix, homeserver.user_id, intake)
        listener = Listener(
            homeserver,
            intake,
            answers.answer,
            prepare=encryption.prepare,
            joined=joined,
            rooms_are_pushed=settings.matrix.appservice_url is not None,
        )
        readiness = Readiness(
            {"homeserver": homeserver.ping, "livekit": calls.ping, "database": partial(_ping, database.engine)},
            partial(_missing_roles, database.engine),
        )
        app = build(
            Entrance(settings, register, calls),
            CallEvents(Webhooks(settings.livekit), register, calls),
            readiness,
            page_dir=BUILT_PAGE,
            livekit_url=settings.livekit.browser_url,
            metrics=Metrics(
                REGISTRY,
                token=settings.web.metrics_token.get_secret_value() if settings.web.metrics_token else None,
                figures=Figures(database.engine),
            ),
            also=transactions.routes() if transactions is not None else (),
        )
        await stack.enter_async_context(taking_part(Identity.of("front", name), database, ()))
        stack.push_async_callback(meetings.leave_off)
        stack.push_async_callback(redelivery.leave_off)
        for name_of_work, work in {
            "clear up": meetings.clear_up(),
            "tell rooms": telling.run(),
            "follow upgrades": upgrades.run(),
            "take over": keep_taking_over(database.engine),
            "deliver again": daily("deliver again", redelivery.everywhere),
            "forget old meetings": daily("forget old meetings", retention.forget_old),
        }.items():
            await stack.enter_async_context(beside(work, name_of_work))
        if transactions is not None:
            stack.push_async_callback(transactions.leave_off)  # once the port is closed
        port = await stack.enter_async_context(serving(app, settings.web.host, settings.web.port))
        if transactions is not None:
            reaching = keep_reached(settings.matrix, transactions.failed)
            await stack.enter_async_context(beside(reaching, "be reached by the homeserver"))
        log.info("front ready", host=settings.web.host, port=port, public_url=settings.web.public_url)
        notify(READY)
        await _until_first(until_stopped(), listener.run())


def _transactions(settings: Matrix, user_id: UserId, intake: Intake) -> Transactions | None:
    """What takes the homeserver's pushes, where it is to push."""
    if settings.appservice_url is None or settings.hs_token is None:
        return None
    return Transactions(settings.hs_token, user_id, intake.take_transaction)


async def _ping(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        await connection.execute(text("SELECT 1"))


async def _missing_roles(engine: AsyncEngine) -> tuple[str, ...]:
    return without_a_process(await seen(engine))


async def _until_first(*coroutines: Coroutine[None, None, None]) -> None:
    """Run them together until one of them returns or fails; the others are cancelled."""
    tasks = [asyncio.create_task(coroutine) for coroutine in coroutines]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()
