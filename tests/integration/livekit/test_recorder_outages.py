"""The recorder when its server goes away: back by itself, whether the SDK or we rejoin, and on one clock still."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from tests.fakes.livekit import MemorySink
from tests.integration.livekit.conftest import settings_of
from tests.integration.livekit.people import in_call, tone, until
from tests.integration.livekit.test_recorder import recording, token_for
from tests.stack.livekit import running_livekit

if TYPE_CHECKING:
    from pathlib import Path

    from bridge.livekit.ids import CallId

BACK_WITHIN_S = 6.0
"""Half a second of it is the sound that is waited for; the rest is our longest pause, and room for a loaded machine."""


@pytest.mark.parametrize(
    "away_s",
    [
        pytest.param(0, id="so short that the SDK mends it"),
        pytest.param(2, id="longer than our patience"),
        pytest.param(14, id="longer than the SDK's patience"),
    ],
)
async def test_a_recorder_is_back_by_itself_after_the_server_was_away(
    tmp_path: Path, call: CallId, away_s: float
) -> None:
    """A killed server that comes back has its recorder again, on the same clock, and what was missed is known."""
    sink = MemorySink()
    async with running_livekit(tmp_path) as server:
        settings = settings_of(server)
        async with recording(settings, call, sink) as task:
            loop = asyncio.get_running_loop()
            with suppress(TimeoutError):
                async with in_call(settings.url, token_for(settings, call, "ana")) as ana:
                    (await ana.speak_up()).say(tone(0.5))
                    await until(lambda: bool(sink.tracks) and sink.tracks[0].first_sound_s() is not None)
                    heard_at = loop.time()
                    await server.process.kill()
            await asyncio.sleep(away_s)
            await server.start()
            async with in_call(settings.url, token_for(settings, call, "bob")) as bob:
                microphone = await bob.speak_up()
                await until(lambda: bool(sink.of("bob")) and sink.of("bob")[0].seconds > 0.5, within_s=BACK_WITHIN_S)
                microphone.say(tone(0.5))
                passed_s = loop.time() - heard_at
                await until(lambda: sink.of("bob")[0].first_sound_s() is not None)
            assert not task.done()
    before, after = sink.of("ana")[0].first_sound_s(), sink.of("bob")[0].first_sound_s()
    assert before is not None
    assert after is not None
    assert after - before == pytest.approx(passed_s, abs=0.6)
    assert sink.of("ana")[0].closed
    first, *_, last = sink.stays
    assert first.left_s is not None
    assert first.left_s < before + 1.5
    assert first.left_s + away_s < last.joined_s < after
