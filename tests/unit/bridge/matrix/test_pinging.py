"""Finding out whether the homeserver reaches us: what each failure tells the operator to check."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from bridge.matrix.backoff import Backoff
from bridge.matrix.errors import HomeserverFault, HomeserverUnreachable, TokenRefused
from bridge.matrix.pinging import QUIET_TRIES, NotReached, PingUnknown, keep_reached, ping
from config.models import Matrix
from config.registration import Registration
from tests.fakes.matrix import PROXY_PAGE, TOKEN_UNKNOWN, Answer, FakeHomeserver

URL = "http://greffier.tchap.test:8080"
QUICKLY = Backoff(0.01, 0.02)
PATH = "/_matrix/client/v1/appservice/greffier/ping"
REFUSED = Answer(502, {"errcode": "M_CONNECTION_FAILED", "error": "Connection refused"})


@pytest_asyncio.fixture
async def server() -> AsyncIterator[FakeHomeserver]:
    """A homeserver whose pings arrive until told otherwise."""
    async with FakeHomeserver() as server:
        yield server


@pytest.fixture
def settings(server: FakeHomeserver, tmp_path: Path) -> Matrix:
    """An appservice that events are pushed to."""
    return server.settings(appservice_url=URL, registration_file=tmp_path / "registration.yaml", request_timeout_s=2)


async def test_the_appservice_asks_as_itself(server: FakeHomeserver, settings: Matrix) -> None:
    """The bot's user may not exist yet."""
    await ping(settings)
    (request,) = server.requests
    assert (request.method, request.path, dict(request.query)) == ("POST", PATH, {})
    assert request.headers["Authorization"] == "Bearer as-token-of-the-tests"


async def test_it_is_called_what_its_registration_calls_it(server: FakeHomeserver, settings: Matrix) -> None:
    """An administrator may have given it another id."""
    registration = Registration.fresh(bot_localpart="autre", server_name="tchap.test", url=URL)
    registration.write(settings.registration_file)
    await ping(settings)
    assert server.requests[0].path == PATH.replace("greffier", "autre")


@pytest.mark.parametrize(
    ("answer", "kind", "says"),
    [
        (Answer(400, {"errcode": "M_URL_NOT_SET"}), NotReached, rf"has no url.*\({URL}\), and restart the homeserver"),
        (REFUSED, NotReached, rf"cannot reach Greffier at {URL}.*Connection refused.*web\.host and web\.port"),
        (Answer(504, {"errcode": "M_CONNECTION_TIMEOUT"}), NotReached, r"cannot reach Greffier"),
        (Answer(502, {"errcode": "M_BAD_STATUS", "error": "HTTP 403"}), NotReached, r"HTTP 403.*matrix\.hs_token"),
        (Answer(403, {"errcode": "M_FORBIDDEN"}), NotReached, "should know the id greffier"),
        (Answer(404, {"errcode": "M_UNRECOGNIZED"}), PingUnknown, "knows no pings"),
        (PROXY_PAGE, HomeserverFault, "a proxy before it"),
        (TOKEN_UNKNOWN, TokenRefused, r"matrix\.as_token"),
    ],
)
async def test_each_failure_says_what_to_check(
    server: FakeHomeserver, settings: Matrix, answer: Answer, kind: type[Exception], says: str
) -> None:
    """The homeserver knows which one it is."""
    server.answers("POST", "/ping", answer)
    with pytest.raises(kind, match=says) as caught:
        await ping(settings)
    assert type(caught.value) is kind
    assert "as-token" not in str(caught.value)


async def test_a_homeserver_that_is_away_is_not_taken_for_one_that_does_not_reach_us(
    server: FakeHomeserver, settings: Matrix
) -> None:
    """There is another thing to check."""
    await server.stop()
    with pytest.raises(HomeserverUnreachable):
        await ping(settings)


async def test_it_goes_on_trying_and_says_once_what_to_check(server: FakeHomeserver, settings: Matrix) -> None:
    """The operator mends it while Greffier runs; the log says that it works then."""
    server.fails("/ping", REFUSED, times=5)
    failed = asyncio.Event()
    with capture_logs() as logs:
        keeping = asyncio.create_task(keep_reached(settings, failed, backoff=QUICKLY, again_after_s=0.01))
        await server.until_asked("POST", "/ping", times=6)
        failed.set()
        await server.until_asked("POST", "/ping", times=7)  # by now, all has been said of the first six
        keeping.cancel()
    assert [said["event"] for said in logs[:3]] == ["trying again", "works again", "the homeserver reaches us"]
    assert "cannot reach Greffier" in logs[0]["problem"]


async def test_a_ping_that_fails_a_few_times_is_no_news(server: FakeHomeserver, settings: Matrix) -> None:
    """Synapse says that it does not reach us, too, when a ping comes while it is trying by itself."""
    server.fails("/ping", REFUSED, times=QUIET_TRIES)
    failed = asyncio.Event()
    with capture_logs() as logs:
        keeping = asyncio.create_task(keep_reached(settings, failed, backoff=QUICKLY, again_after_s=0.01))
        await server.until_asked("POST", "/ping", times=QUIET_TRIES + 1)
        failed.set()
        await server.until_asked("POST", "/ping", times=QUIET_TRIES + 2)
        keeping.cancel()
    assert {said["event"] for said in logs} == {"the homeserver reaches us"}


async def test_after_a_transaction_that_could_not_be_stored_it_asks_for_it(
    server: FakeHomeserver, settings: Matrix
) -> None:
    """Otherwise the homeserver might wait for minutes before it comes again."""
    failed = asyncio.Event()
    keeping = asyncio.create_task(keep_reached(settings, failed, backoff=QUICKLY, again_after_s=0.01))
    for times in (1, 2, 3):
        await server.until_asked("POST", "/ping", times)
        failed.set()
    keeping.cancel()


async def test_a_homeserver_that_knows_no_pings_is_left_alone(server: FakeHomeserver, settings: Matrix) -> None:
    """It may push all the same; the log says that it is not known."""
    server.answers("POST", "/ping", Answer(404, {"errcode": "M_UNRECOGNIZED"}))
    with capture_logs() as logs:
        await keep_reached(settings, asyncio.Event(), backoff=QUICKLY)
    assert [said["event"] for said in logs] == ["it is not known whether the homeserver reaches us"]
    assert len(server.requests) == 1
