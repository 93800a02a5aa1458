"""A recorder that sees nobody although people talk: noticed by asking the server, mended by a new stay."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

import aiohttp
import pytest
from livekit import rtc

from bridge.livekit import capture, overlooked
from bridge.livekit.calls import Calls
from bridge.livekit.ids import TrackId
from tests.fakes.livekit import MemorySink
from tests.integration.livekit.people import Microphone, in_call, tone, until
from tests.integration.livekit.test_recorder import recording, token_for
from tests.stack.ports import free_tcp_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bridge.livekit.ids import CallId
    from config.models import LiveKit


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compared more often than in a real call."""
    monkeypatch.setattr(overlooked, "FIRST_LOOK_AFTER_S", 1.0)
    monkeypatch.setattr(overlooked, "LOOK_AGAIN_AFTER_S", 1.0)
    monkeypatch.setattr(overlooked, "LOOK_EVERY_S", 1.0)


def blind(monkeypatch: pytest.MonkeyPatch, *, stays: int) -> list[rtc.Room]:
    """So many stays see nobody in their rooms; returns the rooms of all, as they come."""
    rooms: list[rtc.Room] = []
    sound_in = capture._sound_in

    def seen(room: rtc.Room) -> Iterator[object]:
        if room not in rooms:
            rooms.append(room)
        return iter(()) if room in rooms[:stays] else sound_in(room)

    monkeypatch.setattr(capture, "_sound_in", seen)
    return rooms


async def test_a_stay_that_sees_nobody_is_followed_by_one_that_does(
    settings: LiveKit, call: CallId, calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    """People who had published before the recorder came are recorded; until then, the recording knows of its gap."""
    blind(monkeypatch, stays=1)
    sink = MemorySink()
    async with in_call(settings.url, token_for(settings, call, "ana")) as ana:
        microphone = await ana.speak_up()
        async with recording(settings, call, sink, partial(calls.sound_published, call)) as task:
            await until(lambda: bool(sink.of("ana")), what="Ana is recorded")
            microphone.say(tone(1))
            await until(lambda: sink.tracks[0].first_sound_s() is not None, what="Ana is heard")
            first, second = sink.stays
            assert first.left_s is not None
            assert first.left_s - first.joined_s < 0.1  # it heard nothing from its beginning on
            assert second.joined_s - first.left_s > 2
            assert first.over is False
            assert not task.done()


async def test_a_stay_that_hears_everybody_is_left_alone(settings: LiveKit, call: CallId, calls: Calls) -> None:
    """Those who come later, mute themselves, and leave are not missed for a moment."""
    sink = MemorySink()
    async with recording(settings, call, sink, partial(calls.sound_published, call)):
        async with (
            in_call(settings.url, token_for(settings, call, "ana")) as ana,
            in_call(settings.url, token_for(settings, call, "bob")) as bob,
        ):
            await ana.speak_up()
            await until(lambda: bool(sink.of("ana")) and sink.of("ana")[0].seconds > 2, what="Ana is recorded")
            microphone = await bob.speak_up()
            await until(lambda: bool(sink.of("bob")) and sink.of("bob")[0].seconds > 2, what="Bob is recorded")
            microphone.mute()
            await until(lambda: sink.of("bob")[0].seconds > 4, what="Bob is recorded on")
        await until(lambda: all(track.closed for track in sink.tracks), what="all have gone")
    assert len(sink.stays) == 1


@pytest.mark.parametrize("sends", [True, False], ids=["zeros", "nothing"])
async def test_a_microphone_that_has_nothing_to_send_is_not_missed(
    settings: LiveKit, call: CallId, calls: Calls, sends: bool
) -> None:
    """Browsers send next to no packets while nobody speaks; nobody else's sound is cut for such a microphone."""
    sink = MemorySink()
    async with in_call(settings.url, token_for(settings, call, "ana")) as ana:
        microphone = Microphone(ana.room, rtc.TrackSource.SOURCE_MICROPHONE)
        await microphone.publish(dtx=True, sends=sends)
        try:
            await until_published(calls, call)
            async with recording(settings, call, sink, partial(calls.sound_published, call)):
                await until(lambda: bool(sink.tracks) and sink.tracks[0].seconds > 4, what="Ana is recorded")
        finally:
            await microphone.close()
    assert len(sink.stays) == 1


async def until_published(calls: Calls, call: CallId) -> None:
    """The server says that somebody makes sound."""
    async with asyncio.timeout(15):
        while not await calls.sound_published(call):  # noqa: ASYNC110 - a server that is asked tells no event
            await asyncio.sleep(0.1)


async def test_a_server_whose_api_does_not_answer_changes_nothing(
    settings: LiveKit, call: CallId, calls: Calls
) -> None:
    """The recording goes on as without it."""
    sink = MemorySink()
    elsewhere = settings.model_copy(update={"url": f"ws://127.0.0.1:{free_tcp_port()}"})
    async with aiohttp.ClientSession() as session:
        away = Calls(elsewhere, session)
        async with (
            in_call(settings.url, token_for(settings, call, "ana")) as ana,
            recording(settings, call, sink, partial(away.sound_published, call)),
        ):
            await ana.speak_up()
            await until(lambda: bool(sink.of("ana")) and sink.of("ana")[0].seconds > 3, what="Ana is recorded")
    assert len(sink.stays) == 1


async def test_the_server_says_what_people_make_sound_with(settings: LiveKit, call: CallId, calls: Calls) -> None:
    """Microphones and shared screens that are on; nothing of a muted one, an encrypted one, or a call that is not."""
    assert await calls.sound_published(call) == frozenset()
    async with (
        in_call(settings.url, token_for(settings, call, "ana")) as ana,
        in_call(settings.url, token_for(settings, call, "bob")) as bob,
        in_call(settings.url, token_for(settings, call, "eve"), key=b"a key of hers") as eve,
    ):
        await ana.speak_up()
        await ana.speak_up(rtc.TrackSource.SOURCE_SCREENSHARE_AUDIO)
        (await bob.speak_up()).mute()
        await eve.speak_up()
        seen = ana.room.remote_participants
        await until(lambda: {"bob", "eve"} <= set(seen), what="Ana sees both")
        bobs, eves = seen["bob"].track_publications, seen["eve"].track_publications
        await until(lambda: any(publication.muted for publication in bobs.values()), what="Bob is muted")
        await until(lambda: bool(eves), what="Eve has published")
        anas = {TrackId(sid) for sid in ana.room.local_participant.track_publications}
        async with asyncio.timeout(10):  # it says so a moment after it has told those who publish
            while not anas <= await calls.sound_published(call):  # noqa: ASYNC110 (it tells nobody)
                await asyncio.sleep(0.1)
        assert await calls.sound_published(call) == anas
