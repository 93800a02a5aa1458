"""Calls on a real LiveKit server: opened, looked at, closed, as often as one likes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import aiohttp
import pytest
from aiohttp import web
from livekit import rtc
from pydantic import SecretStr

from bridge.livekit.calls import Calls, CallServerRefused, CallServerUnreachable, CallState
from bridge.livekit.ids import ParticipantId
from bridge.livekit.tokens import CallLimits, participant_token
from tests.integration.livekit.people import in_call
from tests.stack.ports import free_tcp_port

if TYPE_CHECKING:
    from bridge.livekit.ids import CallId
    from config.models import LiveKit


async def opened(calls: Calls, call: CallId) -> None:
    """Open the call for ten people."""
    await calls.open(call, empty_timeout_s=60, departure_timeout_s=5, max_participants=10)


async def test_opening_twice_and_closing_twice_are_the_same_as_once(call: CallId, calls: Calls) -> None:
    """A call that is there is not made anew, and one that is gone is not an error."""
    assert await calls.look(call) is None
    await opened(calls, call)
    await opened(calls, call)
    assert await calls.look(call) == CallState(())
    await calls.close(call)
    await calls.close(call)
    assert await calls.look(call) is None


async def test_opening_a_call_again_leaves_the_people_in_it(settings: LiveKit, call: CallId, calls: Calls) -> None:
    """Someone who is in the call stays there and is seen with name and time of arrival."""
    await opened(calls, call)
    token = participant_token(settings, call, ParticipantId("p1"), "Zoé", valid_for=timedelta(minutes=1))
    async with in_call(settings.url, token):
        await opened(calls, call)
        state = await calls.look(call)
    assert state is not None
    (zoe,) = state.participants
    assert (zoe.id, zoe.name) == ("p1", "Zoé")
    assert zoe.joined_at is not None
    assert abs(datetime.now(UTC) - zoe.joined_at) < timedelta(seconds=30)


async def test_a_call_takes_no_more_people_than_it_was_opened_for(
    settings: LiveKit, call: CallId, calls: Calls
) -> None:
    """The last of too many is turned away."""
    await calls.open(call, empty_timeout_s=60, departure_timeout_s=5, max_participants=1)

    def token(identity: str) -> str:
        return participant_token(settings, call, ParticipantId(identity), identity, valid_for=timedelta(minutes=1))

    async with in_call(settings.url, token("first")):
        with pytest.raises(rtc.ConnectError):
            async with in_call(settings.url, token("second")):
                pass
        state = await calls.look(call)
    assert state is not None
    assert [person.id for person in state.participants] == ["first"]


async def test_limits_in_a_token_hold_for_the_call_that_it_makes(settings: LiveKit, call: CallId, calls: Calls) -> None:
    """When a server has forgotten a call, the first token that comes back brings its limits along."""
    limits = CallLimits(empty_timeout_s=77, departure_timeout_s=3, max_participants=4)
    token = participant_token(settings, call, ParticipantId("p1"), "P", valid_for=timedelta(minutes=1), limits=limits)
    async with in_call(settings.url, token) as person:
        assert person.room.departure_timeout == 3


async def test_ping_answers_for_the_right_secret_only(settings: LiveKit) -> None:
    """Readiness tells a good key from a bad one."""
    async with aiohttp.ClientSession() as session:
        await Calls(settings, session).ping()
        wrong = settings.model_copy(update={"api_secret": SecretStr("y" * 48)})
        with pytest.raises(CallServerRefused, match="api_secret") as caught:
            await Calls(wrong, session).ping()
    assert "y" * 48 not in str(caught.value)


async def test_a_server_that_is_not_there_is_unreachable(settings: LiveKit, call: CallId) -> None:
    """Nobody listening is a reason to try again, and names the address."""
    url = f"ws://127.0.0.1:{free_tcp_port()}"
    async with aiohttp.ClientSession() as session:
        calls = Calls(settings.model_copy(update={"url": url}), session)
        with pytest.raises(CallServerUnreachable, match=url.removeprefix("ws")):
            await opened(calls, call)
        with pytest.raises(CallServerUnreachable):
            await calls.look(call)
        with pytest.raises(CallServerUnreachable):
            await calls.close(call)


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, "<html>hello</html>", CallServerRefused),
        (404, "<html>not found</html>", CallServerRefused),
        (404, '["a", "list"]', CallServerRefused),
        (502, "<html>bad gateway</html>", CallServerUnreachable),
        (429, "", CallServerUnreachable),
    ],
)
async def test_another_server_at_the_address_is_told_apart(
    settings: LiveKit, call: CallId, status: int, body: str, expected: type[Exception]
) -> None:
    """A web page in LiveKit's place is the operator's to mend; a proxy that lost its server is worth another try."""

    async def answer(_: web.Request) -> web.Response:
        content_type = "application/json" if body.startswith("[") else "text/html"
        return web.Response(status=status, text=body, content_type=content_type)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    port = free_tcp_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        async with aiohttp.ClientSession() as session:
            calls = Calls(settings.model_copy(update={"url": f"ws://127.0.0.1:{port}"}), session)
            with pytest.raises(expected):
                await calls.ping()
            with pytest.raises(expected):
                await calls.close(call)
    finally:
        await runner.cleanup()
