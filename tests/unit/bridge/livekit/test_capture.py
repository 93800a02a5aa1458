"""A stay in a call at the moments that a real server cannot be made to show on demand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import pytest
from livekit import rtc

from bridge.livekit import capture
from bridge.livekit.capture import ASK_AGAIN_AFTER_S, PATIENCE_S, Capture
from bridge.livekit.sound import SpokenTrack
from tests.fakes.clocks import Clock
from tests.fakes.livekit import MemorySink
from tests.unit.bridge.livekit.rooms import (
    LOOK_EVERY_S,
    FakeRoom,
    Lasting,
    SilentPublication,
    Someone,
    some_looks,
)


async def test_a_subscription_that_does_not_come_is_asked_for_again() -> None:
    """Once, then again after a pause, and not at each look."""
    room, clock, publication = FakeRoom(), Clock(0.0), SilentPublication()
    room.remote_participants["ana"] = Someone(publication)
    staying = asyncio.create_task(Capture(cast("rtc.Room", room), MemorySink(), clock).until_disconnected())
    await some_looks()
    assert publication.asked == 1
    clock.now_s += ASK_AGAIN_AFTER_S + 0.1
    await some_looks()
    assert publication.asked == 2
    room.handlers["disconnected"](rtc.DisconnectReason.ROOM_CLOSED)
    assert await asyncio.wait_for(staying, 5) == rtc.DisconnectReason.ROOM_CLOSED


async def test_what_was_asked_for_while_reconnecting_is_asked_for_again_at_once() -> None:
    """The SDK drops requests that are made before it is back."""
    room, clock, publication = FakeRoom(), Clock(0.0), SilentPublication()
    staying = asyncio.create_task(Capture(cast("rtc.Room", room), MemorySink(), clock).until_disconnected())
    await some_looks()
    room.handlers["reconnecting"]()
    room.remote_participants["ana"] = Someone(publication)
    room.handlers["track_published"]()
    room.handlers["reconnected"]()
    assert publication.asked == 2
    clock.now_s += PATIENCE_S + 1
    await some_looks()
    assert not staying.done()
    room.handlers["disconnected"](rtc.DisconnectReason.ROOM_CLOSED)
    await asyncio.wait_for(staying, 5)


async def test_a_room_that_does_not_come_back_is_given_up() -> None:
    """The stay ends without a reason of the server's, so that the recorder joins anew."""
    room, clock = FakeRoom(), Clock(0.0)
    staying = asyncio.create_task(Capture(cast("rtc.Room", room), MemorySink(), clock).until_disconnected())
    await some_looks()
    room.handlers["reconnecting"]()
    clock.now_s += PATIENCE_S / 2
    room.handlers["reconnecting"]()
    await some_looks()
    assert not staying.done()
    clock.now_s += PATIENCE_S / 2
    assert await asyncio.wait_for(staying, 5) == rtc.DisconnectReason.UNKNOWN_REASON


async def followed_in(room: FakeRoom, monkeypatch: pytest.MonkeyPatch, *meanwhile: Callable[[], None]) -> list[str]:
    """What is followed in a room in which these things happen one after the other: name, track, shared or not."""
    followed: list[str] = []

    async def writing(_track: object, spoken: SpokenTrack, *_: object) -> None:
        followed.append(f"{spoken.name} {spoken.track}{' shared' * spoken.shared_microphone}")
        await asyncio.Event().wait()

    monkeypatch.setattr(capture, "write_track", writing)
    staying = asyncio.create_task(Capture(cast("rtc.Room", room), MemorySink(), Clock(0.0)).until_disconnected())
    for happens in (lambda: None, *meanwhile):
        happens()
        await some_looks()
    room.handlers["disconnected"](rtc.DisconnectReason.ROOM_CLOSED)
    await asyncio.wait_for(staying, 5)
    return followed


@pytest.mark.parametrize(
    ("attributes", "source", "shared"),
    [
        ({"greffier.shared_microphone": "true"}, rtc.TrackSource.SOURCE_MICROPHONE, True),
        ({"greffier.shared_microphone": "true"}, rtc.TrackSource.SOURCE_UNKNOWN, True),
        ({"greffier.shared_microphone": "true"}, rtc.TrackSource.SOURCE_SCREENSHARE_AUDIO, False),
        ({"greffier.shared_microphone": "false"}, rtc.TrackSource.SOURCE_MICROPHONE, False),
        ({"another": "true"}, rtc.TrackSource.SOURCE_MICROPHONE, False),
    ],
)
async def test_a_shared_microphone_is_known_by_its_participants_attribute(
    monkeypatch: pytest.MonkeyPatch, attributes: dict[str, str], source: int, shared: bool
) -> None:
    """It says so of what they speak into, and not of the screen that they show."""
    someone = Someone(SilentPublication(source=source, track=Lasting()), attributes=attributes)
    followed = await followed_in(FakeRoom(remote_participants={"ana": someone}), monkeypatch)
    assert followed == ["Ana TR_1" + " shared" * shared]


async def test_a_track_is_whose_it_was_when_it_began(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is renamed, or said to share a microphone, in mid-call is so from their next track on: one file, one name."""
    ana = Someone(SilentPublication("TR_1", track=Lasting()))

    def is_renamed() -> None:
        ana.name = "Salle 3"
        ana.attributes = {"greffier.shared_microphone": "true"}

    def publishes_anew() -> None:
        ana.publication = SilentPublication("TR_2", track=Lasting())

    room = FakeRoom(remote_participants={"ana": ana})
    assert await followed_in(room, monkeypatch, is_renamed, publishes_anew) == ["Ana TR_1", "Salle 3 TR_2 shared"]


@pytest.mark.parametrize(
    ("heard", "left_s"),
    [("never", 4.0), ("until before", 4.0), ("until", 6.0), ("still", 9.0)],
)
async def test_a_stay_that_leaves_off_was_deaf_for_as_long_as_nothing_was_heard(
    monkeypatch: pytest.MonkeyPatch, heard: str, left_s: float
) -> None:
    """Since it was last known to be complete, or since the last sound; not at all where somebody is heard."""

    async def writing(
        _track: object, spoken: SpokenTrack, open_track: Callable[[SpokenTrack], object], *_: object
    ) -> None:
        open_track(spoken)
        await asyncio.Event().wait()

    monkeypatch.setattr(capture, "write_track", writing)
    room, clock, sink = FakeRoom(), Clock(0.0), MemorySink()
    stay = Capture(cast("rtc.Room", room), sink, clock)
    staying = asyncio.create_task(stay.until_disconnected())
    await some_looks()
    if heard != "never":
        room.remote_participants["ana"] = Someone(SilentPublication(track=Lasting()))
        await some_looks()
        assert stay.hears == {"TR_1"}
    clock.now_s = 2.0 if heard == "until before" else 6.0
    if heard != "still":
        room.remote_participants.clear()
        await some_looks()
        assert stay.hears == frozenset()
    clock.now_s = 9.0
    stay.leave_off(deaf_since_s=4.0)
    assert await asyncio.wait_for(staying, 5) == rtc.DisconnectReason.UNKNOWN_REASON
    assert [(kept.joined_s, kept.left_s, kept.over) for kept in sink.stays] == [(0.0, left_s, False)]


@dataclass
class BuggySink(MemorySink):
    """Has a mistake of its own in `sync`."""

    def sync(self) -> None:
        """Stumble."""
        raise ZeroDivisionError


async def test_a_mistake_in_the_sink_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only OSError is a matter of the disk; anything else ends the stay as what it is."""
    monkeypatch.setattr(capture, "SYNC_EVERY_S", LOOK_EVERY_S)
    staying = asyncio.create_task(Capture(cast("rtc.Room", FakeRoom()), BuggySink(), Clock(0.0)).until_disconnected())
    await asyncio.wait((staying,), timeout=5)
    assert staying.done()
    with pytest.raises(ZeroDivisionError):
        await staying
