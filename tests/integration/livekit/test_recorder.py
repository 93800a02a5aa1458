"""The recorder in real calls: what it hears, on which clock, and how a recording ends."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from livekit import api, rtc
from pydantic import SecretStr

from bridge.livekit.ids import RECORDER, ParticipantId
from bridge.livekit.recorder import RecorderDisconnected, RecorderRefused, RecordingEnd, SoundNotWritten, record
from bridge.livekit.tokens import CallLimits, participant_token, recorder_token
from tests.fakes.livekit import BreakingSink, MemorySink, UnsyncableSink
from tests.integration.livekit.people import in_call, tone, until
from tests.stack.ports import free_tcp_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bridge.livekit.calls import Calls
    from bridge.livekit.ids import CallId
    from bridge.livekit.overlooked import Published
    from config.models import LiveKit

LIMITS = CallLimits(empty_timeout_s=60, departure_timeout_s=30, max_participants=10)


def token_for(settings: LiveKit, call: CallId, identity: str) -> str:
    """What lets someone in under that identity, and that name in capitals."""
    return participant_token(
        settings, call, ParticipantId(identity), identity.upper(), valid_for=timedelta(minutes=5), limits=LIMITS
    )


@asynccontextmanager
async def recording(
    settings: LiveKit, call: CallId, sink: MemorySink, published: Published | None = None
) -> AsyncIterator[asyncio.Task[RecordingEnd]]:
    """A recorder in the call for as long as the block lasts, or until it ends by itself."""
    token = recorder_token(settings, call, limits=LIMITS)
    task = asyncio.create_task(record(settings.url, token, sink, published=published))
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_two_speakers_are_recorded_on_one_clock(settings: LiveKit, call: CallId, calls: Calls) -> None:
    """A sound made by two people at the same moment is at the same moment in both tracks, whoever joined first."""
    sink = MemorySink()
    async with (
        recording(settings, call, sink),
        in_call(settings.url, token_for(settings, call, "ana")) as ana,
        in_call(settings.url, token_for(settings, call, "bob")) as bob,
    ):
        first = await ana.speak_up()
        await until(lambda: bool(sink.of("ana")) and sink.of("ana")[0].seconds > 1.5, what="Ana is heard")
        second = await bob.speak_up()
        await until(lambda: bool(sink.of("bob")) and sink.of("bob")[0].seconds > 1.5, what="Bob is heard")
        first.say(tone(0.5))
        second.say(tone(0.5))
        await until(lambda: all(track.first_sound_s() for track in sink.tracks), what="both tones arrive")
        await asyncio.sleep(0.5)  # more frames: the clock is the earliest of them

    (anas,), (bobs,) = sink.of("ana"), sink.of("bob")
    at_anas, at_bobs = anas.first_sound_s(), bobs.first_sound_s()
    assert at_anas is not None
    assert at_bobs is not None
    assert abs(at_anas - at_bobs) < 0.060
    assert bobs.started_s > anas.started_s + 1
    assert anas.closed
    assert bobs.closed
    assert anas.track.name == "ANA"
    assert anas.track.source == "microphone"
    assert sink.syncs >= 2


async def test_a_late_listener_hears_the_call_from_its_own_beginning(
    settings: LiveKit, call: CallId, calls: Calls
) -> None:
    """Tracks that were published before the recorder came are recorded too."""
    sink = MemorySink()
    async with in_call(settings.url, token_for(settings, call, "ana")) as ana:
        microphone = await ana.speak_up()
        async with recording(settings, call, sink):
            microphone.say(tone(1))
            await until(lambda: any(track.first_sound_s() for track in sink.tracks), what="Ana is heard")


async def test_a_muted_microphone_is_recorded_as_silence_of_the_right_length(
    settings: LiveKit, call: CallId, calls: Calls
) -> None:
    """What is said after an unmute is as far from what was said before as it was in the call."""
    sink = MemorySink()
    async with (
        recording(settings, call, sink),
        in_call(settings.url, token_for(settings, call, "ana")) as ana,
    ):
        microphone = await ana.speak_up()
        await until(lambda: bool(sink.tracks) and sink.tracks[0].seconds > 1, what="Ana is heard")
        loop = asyncio.get_running_loop()
        microphone.say(tone(0.3))
        said_at = loop.time()
        await asyncio.sleep(1)
        microphone.mute()
        await asyncio.sleep(2)
        microphone.unmute()
        await asyncio.sleep(0.5)
        microphone.say(tone(0.3))
        passed_s = loop.time() - said_at
        (track,) = sink.tracks
        first = track.first_sound_s()
        assert first is not None
        await until(lambda: track.first_sound_s(after_s=first + 1) is not None, what="the second tone arrives")
    again = track.first_sound_s(after_s=first + 1)
    assert again is not None
    assert again - first == pytest.approx(passed_s, abs=0.15)


async def test_a_shared_microphone_is_recorded_as_one(settings: LiveKit, call: CallId, calls: Calls) -> None:
    """The sink is told so, of that participant alone and of no screen that they show."""
    room = participant_token(
        settings, call, ParticipantId("room"), "Salle 3", valid_for=timedelta(minutes=5), shared_microphone=True
    )
    sink = MemorySink()
    async with (
        recording(settings, call, sink),
        in_call(settings.url, room) as shared,
        in_call(settings.url, token_for(settings, call, "ana")) as ana,
    ):
        await shared.speak_up()
        await shared.speak_up(rtc.TrackSource.SOURCE_SCREENSHARE_AUDIO)
        await ana.speak_up()
        await until(lambda: len(sink.tracks) == 3, what="all three tracks open")
    assert {(kept.track.participant, kept.track.source) for kept in sink.tracks if kept.track.shared_microphone} == {
        ("room", "microphone")
    }


async def test_someone_who_comes_back_is_recorded_again(settings: LiveKit, call: CallId, calls: Calls) -> None:
    """Leaving closes a track; coming back opens another one of the same participant, later on the same clock."""
    sink = MemorySink()
    async with recording(settings, call, sink):
        for visit in (1, 2):
            async with in_call(settings.url, token_for(settings, call, "ana")) as ana:
                (await ana.speak_up()).say(tone(0.5))
                await until(lambda: len(sink.of("ana")) == visit, what="Ana's track opens")  # noqa: B023
                await until(lambda: sink.tracks[-1].first_sound_s() is not None, what="Ana is heard")
            await until(lambda: sink.tracks[-1].closed, what="Ana's track closes")
    first, second = sink.tracks
    assert first.track.track != second.track.track
    assert second.started_s >= first.started_s + first.seconds - 0.3


async def test_a_track_that_is_unpublished_ends_and_the_others_go_on(
    settings: LiveKit, call: CallId, calls: Calls
) -> None:
    """Stopping a shared screen closes its sound; the microphone beside it is recorded on."""
    sink = MemorySink()
    async with (
        recording(settings, call, sink),
        in_call(settings.url, token_for(settings, call, "ana")) as ana,
    ):
        microphone = await ana.speak_up()
        screen = await ana.speak_up(rtc.TrackSource.SOURCE_SCREENSHARE_AUDIO)
        await until(lambda: len(sink.tracks) == 2, what="both tracks open")
        by_source = {kept.track.source: kept for kept in sink.tracks}
        await until(lambda: by_source["screen_share_audio"].seconds > 0.5, what="the screen is heard")
        await screen.unpublish()
        await until(lambda: by_source["screen_share_audio"].closed, what="the screen's track closes")
        ended_at_s = by_source["microphone"].seconds
        microphone.say(tone(0.3))
        await until(lambda: by_source["microphone"].seconds > ended_at_s + 1, what="the microphone goes on")
        assert not by_source["microphone"].closed


async def test_machines_and_encrypted_tracks_are_not_recorded(settings: LiveKit, call: CallId, calls: Calls) -> None:
    """Another agent's voice is nobody's, and sound that we have no key for would be loud noise."""
    robot = (
        api.AccessToken(settings.api_key, settings.api_secret.get_secret_value())
        .with_identity("robot")
        .with_kind("agent")
        .with_grants(api.VideoGrants(room_join=True, room=call))
        .to_jwt()
    )
    sink = MemorySink()
    async with (
        recording(settings, call, sink),
        in_call(settings.url, robot) as agent,
        in_call(settings.url, token_for(settings, call, "eve"), key=b"a key of hers") as eve,
        in_call(settings.url, token_for(settings, call, "ana")) as ana,
    ):
        for person in (agent, eve, ana):
            await person.speak_up()
        await until(lambda: bool(sink.of("ana")) and sink.of("ana")[0].seconds > 2, what="Ana is recorded")
    assert [track.track.participant for track in sink.tracks] == ["ana"]


async def test_the_recording_is_over_when_the_call_is_closed(settings: LiveKit, call: CallId, calls: Calls) -> None:
    """Closing the call returns `room_closed`, with every track closed and a last sync done."""
    sink = MemorySink()
    async with (
        recording(settings, call, sink) as task,
        in_call(settings.url, token_for(settings, call, "ana")) as ana,
    ):
        await ana.speak_up()
        await until(lambda: bool(sink.tracks) and sink.tracks[0].seconds > 0.5, what="Ana is heard")
        await calls.close(call)
        end = await asyncio.wait_for(task, 10)
    assert end == RecordingEnd("room_closed")
    assert sink.tracks[0].closed


async def test_the_recorder_does_not_hold_the_call_open(settings: LiveKit, call: CallId, calls: Calls) -> None:
    """When the last person has left, the departure timeout ends the call although the recorder is in it."""
    await calls.open(call, empty_timeout_s=60, departure_timeout_s=1, max_participants=10)
    sink = MemorySink()
    async with recording(settings, call, sink) as task:
        async with in_call(settings.url, token_for(settings, call, "ana")) as ana:
            await ana.speak_up()
            await until(lambda: bool(sink.tracks), what="Ana is followed")
        end = await asyncio.wait_for(task, 20)
    assert end.reason == "room_closed"
    assert await calls.look(call) is None


async def test_a_second_recorder_replaces_the_first(settings: LiveKit, call: CallId, calls: Calls) -> None:
    """The older of two recorders ends as `replaced` and does not come back; the newer one records."""
    before, after = MemorySink(), MemorySink()
    async with in_call(settings.url, token_for(settings, call, "ana")) as ana:
        await ana.speak_up()
        async with recording(settings, call, before) as first:
            await until(lambda: bool(before.tracks), what="the first recorder listens")
            async with recording(settings, call, after) as second:
                end = await asyncio.wait_for(first, 10)
                await until(lambda: bool(after.tracks) and after.tracks[0].seconds > 1, what="the second one listens")
                assert not second.done()
    assert end.reason == "replaced"


async def test_nobody_sees_the_recorder_but_everybody_sees_that_it_records(
    settings: LiveKit, call: CallId, calls: Calls
) -> None:
    """Participants do not have the recorder in their list; their room says that it is being recorded."""
    sink = MemorySink()
    async with in_call(settings.url, token_for(settings, call, "ana")) as ana:
        await ana.speak_up()
        assert not ana.room.is_recording
        async with recording(settings, call, sink):
            await until(lambda: bool(sink.tracks), what="the recorder listens")
            await until(lambda: ana.room.is_recording, what="Ana is told")
            async with in_call(settings.url, token_for(settings, call, "bob")) as bob:
                await until(lambda: bob.room.is_recording, what="Bob is told")
                await until(lambda: "bob" in ana.room.remote_participants, what="Ana sees Bob")
                assert set(ana.room.remote_participants) == {"bob"}
                assert set(bob.room.remote_participants) == {"ana"}
            state = await calls.look(call)
        assert state is not None
        assert RECORDER not in {person.id for person in state.participants}
        await until(lambda: not ana.room.is_recording, what="Ana is told that it is over")


async def test_a_full_disk_stops_the_recording_and_says_why(settings: LiveKit, call: CallId, calls: Calls) -> None:
    """OSError from a write comes out as SoundNotWritten with the system's words, and the recorder has left."""
    sink = BreakingSink(error=OSError(28, "No space left on device"))
    async with in_call(settings.url, token_for(settings, call, "ana")) as ana:
        await ana.speak_up()
        async with recording(settings, call, sink) as task:
            with pytest.raises(SoundNotWritten, match="No space left on device") as caught:
                await asyncio.wait_for(task, 10)
        await until(lambda: not ana.room.is_recording, what="Ana is told that it is over")
    assert caught.value.errno == 28
    assert sink.tracks[0].closed


async def test_sound_that_cannot_be_synced_stops_the_recording(settings: LiveKit, call: CallId, calls: Calls) -> None:
    """OSError from a sync comes out as SoundNotWritten, even while nobody speaks."""
    async with recording(settings, call, UnsyncableSink()) as task:
        with pytest.raises(SoundNotWritten, match="No space left on device"):
            await asyncio.wait_for(task, 10)


async def test_a_broken_track_leaves_the_others(settings: LiveKit, call: CallId, calls: Calls) -> None:
    """An error of one track gives up that track alone, once, and the recording's end names it."""
    sink = BreakingSink(error=ValueError("odd"), breaks=lambda track: track.participant == "ana")
    async with recording(settings, call, sink) as task:
        async with (
            in_call(settings.url, token_for(settings, call, "ana")) as ana,
            in_call(settings.url, token_for(settings, call, "bob")) as bob,
        ):
            await ana.speak_up()
            await bob.speak_up()
            await until(lambda: len(sink.of("ana")) == 1 and sink.of("ana")[0].closed, what="Ana's track breaks")
            await until(lambda: bool(sink.of("bob")) and sink.of("bob")[0].seconds > 2.5, what="Bob is recorded on")
            assert len(sink.of("ana")) == 1
        await calls.close(call)
        end = await asyncio.wait_for(task, 10)
    assert [track.participant for track in end.broken] == ["ana"]


async def test_a_refused_token_is_told_from_an_absent_server(
    settings: LiveKit, call: CallId, caplog: pytest.LogCaptureFixture
) -> None:
    """A wrong secret fails at once, for the operator, and the token is in no message and no log."""
    elsewhere = settings.model_copy(update={"api_secret": SecretStr("x" * 48)})
    token = recorder_token(elsewhere, call)
    with pytest.raises(RecorderRefused) as caught:
        await record(settings.url, token, MemorySink())
    assert token not in str(caught.value)
    await until(lambda: "<token>" in caplog.text, what="the SDK's own log line arrives")
    assert token not in caplog.text


async def test_an_absent_server_is_given_up_after_a_while(settings: LiveKit, call: CallId) -> None:
    """Where no server answers, the recorder tries for `rejoin_for_s` and says so."""
    url = f"ws://127.0.0.1:{free_tcp_port()}"
    with pytest.raises(RecorderDisconnected, match=url):
        await record(url, recorder_token(settings, call), MemorySink(), rejoin_for_s=1)


async def test_cancelling_leaves_the_call(settings: LiveKit, call: CallId, calls: Calls) -> None:
    """A cancelled recording closes its tracks, syncs, and is gone from the call."""
    sink = MemorySink()
    async with in_call(settings.url, token_for(settings, call, "ana")) as ana:
        await ana.speak_up()
        async with recording(settings, call, sink):
            await until(lambda: bool(sink.tracks) and sink.tracks[0].seconds > 0.3, what="Ana is heard")
            syncs = sink.syncs
        assert sink.tracks[0].closed
        assert sink.syncs > syncs
        await until(lambda: not ana.room.is_recording, what="Ana is told")
