"""The world of a load run, in memory: a homeserver that says what it is told to, rooms, and calls that nobody hears."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from bot.room.card import CARD_KEY
from bridge.livekit.ids import CallId
from bridge.matrix.encryption.devices import KeysNews
from bridge.matrix.events import RoomMessage
from bridge.matrix.homeserver import Homeserver
from bridge.matrix.ids import EventId, RoomId, UserId
from bridge.matrix.news import News, SyncResult, Timeline
from bridge.matrix.rooms import RoomStates
from config.models import Settings
from tests.fakes.calls import FakeCalls
from tests.fakes.rooms import FakeRooms
from tests.load.processes import over_file
from transcripts.storage.spool import MeetingId

CAMILLE: Final = UserId("@camille:tchap.test")


class PlainRooms(RoomStates):
    """Rooms about which there is nothing to say: without encryption."""

    async def state(
        self,
        room_id: RoomId,  # noqa: ARG002
        event_type: str,  # noqa: ARG002
        key: str = "",  # noqa: ARG002
        *,
        whole: bool = False,  # noqa: ARG002
    ) -> dict[str, Any] | None:
        """None of them has any."""
        return None


class ToldHomeserver(Homeserver):
    """Says what it is told to; everything that the listener does with it is real."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings.matrix)
        self.rooms = PlainRooms(self.wire, self.user_id)
        self._answers: asyncio.Queue[SyncResult] = asyncio.Queue()
        self._said = 0

    async def sync(self, since: str | None, *, wait_s: float, keys_alone: bool = False) -> SyncResult:  # noqa: ARG002 (it is told when)
        """The next answer."""
        return SyncResult("s0", News(), KeysNews()) if since is None else await self._answers.get()

    def say(self, rooms: Sequence[RoomId], body: str) -> None:
        """Somebody writes this in each of the rooms, all in one answer; `{room}` in it stands for the room's name."""
        self._said += 1
        timelines = tuple(
            Timeline(room, (self._message(room, body.format(room=title_of(room))),), gap_before=None) for room in rooms
        )
        self._answers.put_nowait(SyncResult(f"s{self._said}", News(timelines), KeysNews()))

    def _message(self, room: RoomId, body: str) -> RoomMessage:
        return RoomMessage(room, EventId(f"$command-{self._said}-{room}"), CAMILLE, body, int(time.time() * 1000))


class TimedRooms(FakeRooms):
    """Rooms that note when each event came."""

    def __init__(self) -> None:
        super().__init__(names={CAMILLE: "Camille"})
        self.card_at_s: dict[RoomId, float] = {}
        self.last_at_s: dict[RoomId, float] = {}

    async def send(self, room_id: RoomId, event_type: str, content: dict[str, Any], txn_id: str) -> EventId:
        """Take it, and note the time."""
        event_id = await super().send(room_id, event_type, content, txn_id)
        now_s = time.perf_counter()
        self.last_at_s[room_id] = now_s
        if CARD_KEY in content:
            self.card_at_s.setdefault(room_id, now_s)
        return event_id


class SignalledCalls(FakeCalls):
    """Calls whose end another process, the recorder, can see too."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    async def close(self, call: CallId) -> None:
        """End it."""
        await super().close(call)
        over_file(self._folder, MeetingId(call)).touch()

    def everyone_leaves(self, call: CallId) -> None:
        """The last person goes, and the call is over."""
        super().everyone_leaves(call)
        over_file(self._folder, MeetingId(call)).touch()


def title_of(room: RoomId) -> str:
    """The title of the meeting that is held in this room."""
    return f"salon {room[1:].partition(':')[0]}"
