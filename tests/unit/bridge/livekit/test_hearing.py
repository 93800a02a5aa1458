"""From when to when the recorder heard the call, whatever becomes of the connection."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import cast

import pytest
from livekit import rtc

from bridge.livekit import capture
from bridge.livekit.capture import PATIENCE_S, Capture
from bridge.livekit.sound import SoundNotWritten
from tests.fakes.clocks import Clock
from tests.fakes.livekit import MemorySink, MemoryStay
from tests.unit.bridge.livekit.rooms import FakeRoom, Lasting, SilentPublication, Someone, some_looks


@pytest.fixture
def endless_writing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A track that is followed is written until that is cancelled."""

    async def write(*_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(capture, "write_track", write)


def ana_with_sound(track: Lasting | None = None) -> Someone:
    """Ana, whose microphone is subscribed to."""
    return Someone(SilentPublication(track=track or Lasting()))


@pytest.mark.parametrize(
    ("reason", "over"),
    [
        (rtc.DisconnectReason.ROOM_CLOSED, True),
        (rtc.DisconnectReason.ROOM_DELETED, True),
        (rtc.DisconnectReason.PARTICIPANT_REMOVED, True),
        (rtc.DisconnectReason.DUPLICATE_IDENTITY, False),
        (rtc.DisconnectReason.SERVER_SHUTDOWN, False),
        (rtc.DisconnectReason.UNKNOWN_REASON, False),
    ],
)
async def test_a_stay_is_noted_with_its_end(reason: rtc.DisconnectReason.ValueType, over: bool) -> None:
    """And whether anything may be missed after it; before the last sync, which keeps it."""
    room, clock, sink = FakeRoom(), Clock(3.0), MemorySink()
    staying = asyncio.create_task(Capture(cast("rtc.Room", room), sink, clock).until_disconnected())
    await some_looks()
    assert sink.stays == [MemoryStay(3.0)]
    clock.now_s = 60.0
    room.handlers["disconnected"](reason)
    await asyncio.wait_for(staying, 5)
    assert sink.stays == [MemoryStay(3.0, 60.0, over)]
    assert sink.stays[0].kept


async def test_a_stay_that_was_lost_ended_when_the_connection_did() -> None:
    """Not when patience did."""
    room, clock, sink = FakeRoom(), Clock(0.0), MemorySink()
    staying = asyncio.create_task(Capture(cast("rtc.Room", room), sink, clock).until_disconnected())
    await some_looks()
    clock.now_s = 10.0
    room.handlers["reconnecting"]()
    clock.now_s += PATIENCE_S
    await asyncio.wait_for(staying, 5)
    assert sink.stays == [MemoryStay(0.0, 10.0, over=False)]


async def test_a_cancelled_stay_is_noted_with_its_end() -> None:
    """The recorder stops and somebody else will go on: what comes in between is missed."""
    clock, sink = Clock(0.0), MemorySink()
    staying = asyncio.create_task(Capture(cast("rtc.Room", FakeRoom()), sink, clock).until_disconnected())
    await some_looks()
    clock.now_s = 10.0
    staying.cancel()
    await asyncio.wait((staying,), timeout=5)
    assert sink.stays == [MemoryStay(0.0, 10.0, over=False)]


@pytest.mark.usefixtures("endless_writing")
@pytest.mark.parametrize("joined_anew", [True, False])
async def test_a_connection_that_the_sdk_makes_anew_is_another_stay(*, joined_anew: bool) -> None:
    """The people in the room are others to it then; where it only resumed, their sound never stopped."""
    room, clock, sink = FakeRoom(), Clock(0.0), MemorySink()
    room.remote_participants["ana"] = ana_with_sound()
    staying = asyncio.create_task(Capture(cast("rtc.Room", room), sink, clock).until_disconnected())
    await some_looks()
    clock.now_s = 10.0
    room.handlers["reconnecting"]()
    clock.now_s = 11.0
    if joined_anew:
        room.remote_participants["ana"] = ana_with_sound()
    room.handlers["reconnected"]()
    clock.now_s = 20.0
    room.handlers["disconnected"](rtc.DisconnectReason.ROOM_CLOSED)
    room.handlers["reconnected"]()
    await asyncio.wait_for(staying, 5)
    anew = [MemoryStay(0.0, 10.0, over=False), MemoryStay(11.0, 20.0, over=True)]
    assert sink.stays == (anew if joined_anew else [MemoryStay(0.0, 20.0, over=True)])


@pytest.mark.usefixtures("endless_writing")
@pytest.mark.parametrize(
    ("tracks", "silent_since_s"),
    [
        pytest.param([Lasting(0.05)], 99.95, id="the server's end was noticed at once"),
        pytest.param([Lasting(13.5)], 86.5, id="silence was noticed later"),
        pytest.param([Lasting(13.5), Lasting(14.0)], 86.5, id="somebody had stopped speaking before"),
        pytest.param([Lasting(3.0, muted=True), Lasting(13.5)], 86.5, id="the muted do not count"),
        pytest.param([Lasting(3.0, muted=True)], 100.0, id="all were muted"),
        pytest.param([Lasting(80.0)], 100.0, id="too long ago to be the connection's end"),
        pytest.param([], 100.0, id="nobody had a microphone"),
    ],
)
async def test_a_stay_ends_with_the_last_packet(tracks: list[Lasting], silent_since_s: float) -> None:
    """A connection that falls silent is noticed late, and what was not heard meanwhile is missing all the same."""
    room, clock, sink = FakeRoom(), Clock(0.0), MemorySink()
    for n, track in enumerate(tracks):
        room.remote_participants[f"p{n}"] = Someone(SilentPublication(f"TR_{n}", track=track))
    staying = asyncio.create_task(Capture(cast("rtc.Room", room), sink, clock).until_disconnected())
    await some_looks()
    clock.now_s = 100.0
    room.handlers["reconnecting"]()
    await some_looks()
    clock.now_s += PATIENCE_S
    await asyncio.wait_for(staying, 5)
    ((_, left_s),) = ((stay.joined_s, stay.left_s) for stay in sink.stays)
    assert left_s == pytest.approx(silent_since_s, abs=0.001)


@pytest.mark.usefixtures("endless_writing")
async def test_a_connection_that_resumed_after_a_silence_is_another_stay() -> None:
    """The tracks are the same, and nothing came of them."""
    room, clock, sink = FakeRoom(), Clock(0.0), MemorySink()
    room.remote_participants["ana"] = ana_with_sound(Lasting(13.5))
    staying = asyncio.create_task(Capture(cast("rtc.Room", room), sink, clock).until_disconnected())
    await some_looks()
    clock.now_s = 100.0
    room.handlers["reconnecting"]()
    await some_looks()
    clock.now_s = 101.0
    room.handlers["reconnected"]()
    staying.cancel()
    await asyncio.wait((staying,), timeout=5)
    assert [stay.left_s for stay in sink.stays] == pytest.approx([86.5, 101.0])
    assert sink.stays[1].joined_s == 101.0


@dataclass
class Vanished(Lasting):
    """A track that has just gone."""

    async def get_stats(self) -> list[rtc.stats.RtcStats]:
        """Fail as the SDK does."""
        raise Exception("track not found")  # noqa: TRY002 - its very class


@pytest.mark.usefixtures("endless_writing")
async def test_tracks_that_cannot_be_asked_leave_the_moment_we_were_told() -> None:
    """No worse than not to ask."""
    room, clock, sink = FakeRoom(), Clock(0.0), MemorySink()
    room.remote_participants["ana"] = ana_with_sound(Vanished())
    staying = asyncio.create_task(Capture(cast("rtc.Room", room), sink, clock).until_disconnected())
    await some_looks()
    clock.now_s = 100.0
    room.handlers["reconnecting"]()
    await some_looks()
    clock.now_s += PATIENCE_S
    await asyncio.wait_for(staying, 5)
    assert sink.stays == [MemoryStay(0.0, 100.0, over=False)]


@dataclass
class FullSink(MemorySink):
    """Has no room for another stay."""

    free: int = 0

    def joined(self, at_s: float) -> None:
        """Fail, once there is no room."""
        if len(self.stays) == self.free:
            raise OSError(28, "No space left on device")
        super().joined(at_s)


@pytest.mark.usefixtures("endless_writing")
@pytest.mark.parametrize("free", [0, 1])
async def test_a_full_disk_ends_the_stay_also_where_only_the_stay_does_not_fit(free: int) -> None:
    """At the beginning, and after the SDK has joined anew."""
    room = FakeRoom()
    room.remote_participants["ana"] = ana_with_sound()
    sink = FullSink(free=free)
    staying = asyncio.create_task(Capture(cast("rtc.Room", room), sink, Clock(0.0)).until_disconnected())
    await some_looks()
    room.handlers["reconnecting"]()
    room.remote_participants.clear()
    room.handlers["reconnected"]()
    with pytest.raises(SoundNotWritten, match="No space left on device"):
        await asyncio.wait_for(staying, 5)
