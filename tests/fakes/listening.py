"""What listens, put together for a test: everything but the homeserver and its keys is the real thing."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bridge.matrix.backoff import Backoff
from bridge.matrix.events import RoomMessage
from bridge.matrix.homeserver import Homeserver
from bridge.matrix.ids import RoomId
from bridge.matrix.inbox import Inbox
from bridge.matrix.intake import Intake, Keys, Wanted
from bridge.matrix.listener import Listener
from bridge.matrix.tombstones import Upgrade
from bridge.matrix.undecrypted import Trouble, Undecrypted
from bridge.matrix.wire import Acting
from tests.fakes.keys import FakeKeys, Told

BACKOFF = Backoff(first_s=0.01, most_s=0.05)


class NoUpgrades:
    """Remembers which rooms were to be followed, and follows none."""

    def __init__(self) -> None:
        self.stored: list[Upgrade] = []
        self.woken: list[Upgrade] = []

    async def store(self, connection: AsyncConnection, upgrades: Iterable[Upgrade]) -> None:  # noqa: ARG002
        """Remember what was to be stored."""
        self.stored += upgrades

    def wake(self, upgrades: Iterable[Upgrade]) -> None:
        """Remember what was stored."""
        self.woken += upgrades


def intake_of(
    homeserver: Homeserver,
    engine: AsyncEngine,
    wanted: Wanted,
    *,
    keys: Keys | None = None,
    trouble: Trouble | None = None,
    clock: Callable[[], float] = time.time,
) -> Intake:
    """An intake on a database; without keys of its own, in a world where nothing is encrypted."""
    keys = keys or FakeKeys(engine)
    return Intake(
        Inbox(engine, homeserver.user_id, transaction=keys.transaction),
        Undecrypted(engine, trouble or Told(), max_age_s=wanted.max_age_s, clock=clock),
        wanted,
        homeserver.user_id,
        keys=keys,
        rooms=homeserver.rooms,
        upgrades=NoUpgrades(),
        clock=clock,
        backoff=BACKOFF,
    )


def listener_of(
    homeserver: Homeserver,
    intake: Intake,
    handle: Callable[[RoomMessage], Awaitable[None]],
    *,
    prepare: Callable[[], Awaitable[None]] | None = None,
    joined: Callable[[RoomId], Awaitable[None]] | None = None,
    rooms_are_pushed: bool = False,
    backoff: Backoff = BACKOFF,
) -> Listener:
    """A listener; unless it is to `prepare` something, whoever it is has entered already, or is let in like this."""

    async def let_in() -> None:
        if homeserver.wire._acting is None:
            homeserver.wire.acting = Acting(
                homeserver.user_id, "as-token-of-the-tests", "GREFFIER", is_masquerading=True
            )

    return Listener(
        homeserver,
        intake,
        handle,
        prepare=prepare or let_in,
        joined=joined,
        rooms_are_pushed=rooms_are_pushed,
        backoff=backoff,
    )
