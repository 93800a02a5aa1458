"""Owns asking the homeserver what is new: `/sync`, again and again, with what a long absence left out of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import structlog

from bridge.matrix.backoff import Backoff, Outage, patiently, sentence
from bridge.matrix.errors import HomeserverError, HomeserverFault, RequestRefused
from bridge.matrix.events import Heard
from bridge.matrix.homeserver import Homeserver
from bridge.matrix.intake import Intake
from bridge.matrix.news import News, SyncResult, Timeline

log = structlog.get_logger()

SYNC_WAIT_S = 30.0
MAX_HISTORY_PAGES = 10
HISTORY_PATIENCE_S = 30.0
"""How long what was missed, in all rooms together, is asked for again where the homeserver fails: nothing else is heard
meanwhile."""
_PRUNE_EVERY_S = 3600.0


class SyncLoop:
    """Feeds the intake from the position that is stored.

    Where the homeserver pushes what happens in rooms (`rooms_are_pushed`), it asks for what concerns keys alone, and
    for the changes by which what is known of rooms becomes doubtful; but for the first time after an outage: a
    homeserver that was stopped in the middle of pushing may keep what it had, and say it only after something else has
    failed. What comes both ways is one event.
    """

    def __init__(
        self,
        homeserver: Homeserver,
        intake: Intake,
        *,
        rooms_are_pushed: bool = False,
        backoff: Backoff | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._homeserver = homeserver
        self._inbox = intake.inbox
        self._intake = intake
        self._rooms_are_pushed = rooms_are_pushed
        self._backoff = backoff or Backoff()
        self._clock = clock
        self._pruned_at_s = float("-inf")

    async def listen(self, outage: Outage) -> None:
        """Listen until something fails, which is raised; `outage` is told of what works."""
        wait_s = 0.0  # the first answer comes at once, and tells that all is well
        keys_alone = False
        while True:
            await self._prune()
            since = await self._inbox.next_batch()
            result = await self._sync(since, wait_s, keys_alone=keys_alone)
            # All that the homeserver may fail comes before the keys are taken in.
            if since is not None:
                result = replace(result, news=await self._whole(result.news, since))
            keys_alone = self._rooms_are_pushed
            await self._intake.take_sync(result, is_first=since is None)
            outage.over(where="listening")
            wait_s = SYNC_WAIT_S

    async def _sync(self, since: str | None, wait_s: float, *, keys_alone: bool) -> SyncResult:
        try:
            result = await self._homeserver.sync(since, wait_s=wait_s, keys_alone=keys_alone)
            return replace(result, news=_of_state_alone(result.news)) if keys_alone else result
        except HomeserverError as error:
            self._intake.deaf()
            refused = isinstance(error, RequestRefused) and error.errcode in ("M_UNKNOWN", "M_INVALID_PARAM")
            if since is not None and refused:
                # Not a position of this homeserver any more (restored, made anew): begin as on the first day.
                log.warning("position in /sync refused; beginning anew", problem=sentence(error))
                await self._inbox.forget_position()
            raise

    async def _whole(self, news: News, since: str) -> News:
        """The same with every gap filled, as far as what is missing can still matter."""
        give_up_at_s = time.monotonic() + HISTORY_PATIENCE_S
        timelines = [
            replace(timeline, heard=(*await self._missed(timeline, since, give_up_at_s), *timeline.heard))
            for timeline in news.timelines
        ]
        return replace(news, timelines=tuple(timelines))

    async def _missed(self, timeline: Timeline, since: str, give_up_at_s: float) -> list[Heard]:
        """What a long absence left out of a room's timeline: read backwards."""
        missed: list[Heard] = []
        before = timeline.gap_before
        for _ in range(MAX_HISTORY_PAGES):
            if before is None:
                return missed
            try:
                page = await patiently(
                    partial(self._homeserver.history, timeline.room_id, before=before, until=since),
                    patience_s=give_up_at_s - time.monotonic(),
                    backoff=self._backoff,
                    where="reading missed messages",
                )
            except (RequestRefused, HomeserverFault) as error:
                # One room's broken history must not keep the bot from all others.
                log.warning("missed messages not read", room_id=timeline.room_id, problem=sentence(error))
                return missed
            missed = [*page.heard, *missed]
            if page.heard and all(self._intake.is_old(heard) for heard in page.heard):
                return missed
            before = page.earlier
        if before is not None:
            log.warning("missed messages not all read", room_id=timeline.room_id, pages=MAX_HISTORY_PAGES)
        return missed

    async def _prune(self) -> None:
        if self._clock() - self._pruned_at_s > _PRUNE_EVERY_S:
            await self._inbox.prune()
            self._pruned_at_s = self._clock()


def _of_state_alone(news: News) -> News:
    return News(touched=news.touched, unknown=news.unknown)
