"""Where meetings are held: the real servers, a Greffier that dies when it is ordered to, and two people."""

from __future__ import annotations

import asyncio
import sys
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.evaluation.meetings import MEETINGS, first, load, since
from tests.faults.greffier import FOLDER_VARIABLE
from tests.faults.orders import Orders
from tests.stack.people import DidNotHappen
from tests.stack.speech_model import speech_model
from tests.stack.stack import running_stack

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from tests.evaluation.meetings import Meeting
    from tests.stack.encrypted_person import EncryptedPerson
    from tests.stack.stack import Stack

REPOSITORY = Path(__file__).parents[2]


def short_meeting() -> Meeting:
    """Twenty seconds of two people who take turns, with a turn that comes late enough for a recorder to be back."""
    return first(since(load(MEETINGS / "dev2"), 2.6), 21.4)


@dataclass
class Place:
    """The running servers, two people who see what happens in their rooms, and the orders for Greffier's processes."""

    stack: Stack
    host: EncryptedPerson
    colleague: EncryptedPerson
    orders: Orders
    folder: Path
    held: int = 0

    async def new_room(self) -> str:
        """An encrypted room with both of them and the bot."""
        self.held += 1
        return await self.stack.shared_room(f"Salon {self.held}", [self.host, self.colleague])

    def spooled(self, meeting_id: str) -> Path:
        """Where a meeting's sound is until it is erased."""
        return self.stack.greffier.storage_folder / "spool" / meeting_id


@asynccontextmanager
async def faulty_place(
    folder: Path, tell: Callable[[str], None] = lambda _: None, *, storage: Path | None = None
) -> AsyncIterator[Place]:
    """All servers, with a Greffier whose processes die when they are ordered to.

    Args:
        folder: Where all that they write is.
        tell: Is told in one sentence what is being started.
        storage: Where Greffier's storage is, if not in `folder`.
    """
    orders = folder / "orders"
    orders.mkdir(parents=True)
    async with running_stack(
        folder,
        model_folder=speech_model(),
        settings={
            "calls": {"departure_timeout_s": 2},
            "storage": {"folder": str(storage or folder / "greffier" / "storage")},
        },
        tell=tell,
        program=(sys.executable, "-m", "tests.faults.greffier"),
        variables={FOLDER_VARIABLE: str(orders), "PYTHONPATH": str(REPOSITORY)},
    ) as stack:
        host = await stack.register("nadia", "Nadia Morel [DINUM]")
        colleague = await stack.register("thomas", "Thomas Roy [DINUM]")
        async with host.listening(), colleague.listening():
            yield Place(stack, host, colleague, Orders(orders), folder)


async def until(condition: Callable[[], bool], *, within_s: float, what: str) -> None:
    """Wait until the condition holds.

    Raises:
        DidNotHappen: it did not in time.
    """
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            raise DidNotHappen(f"this did not happen within {within_s:.0f} s: {what}")
        await asyncio.sleep(0.1)
