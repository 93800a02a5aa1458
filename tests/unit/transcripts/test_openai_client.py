"""What reaches a server that speaks OpenAI's API, and what each way of failing becomes."""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from pydantic import SecretStr

from tests.fakes.matrix import HANG, PROXY_PAGE, Answer
from tests.fakes.openai_server import BUSY, ENDLESS, KEY, UNAUTHORISED, UNKNOWN_MODEL, FakeOpenAIServer
from tests.stack.ports import free_tcp_port
from transcripts.openai_client import Endpoint, EndpointError

MESSAGES = [{"role": "user", "content": "ce que quelqu’un a dit"}]


@pytest_asyncio.fixture
async def server() -> AsyncIterator[FakeOpenAIServer]:
    """A server that answers well until told otherwise."""
    async with FakeOpenAIServer() as server:
        yield server


def at(server: FakeOpenAIServer, timeout_s: float = 10, key: str | None = KEY) -> Endpoint:
    """The server, as the settings name it."""
    return Endpoint(server.url, SecretStr(key) if key else None, timeout_s)


async def failure(endpoint: Endpoint) -> EndpointError:
    """How a question fails."""
    with pytest.raises(EndpointError) as failed:
        await endpoint.complete(MESSAGES, {"model": "a-model"})
    assert "quelqu" not in repr(failed.value)
    assert failed.value.__cause__ is None
    return failed.value


async def test_only_what_the_settings_say_is_sent(server: FakeOpenAIServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable of OpenAI's has an effect, and nothing is told about this machine."""
    for name in ("OPENAI_API_KEY", "OPENAI_ADMIN_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.setenv(name, "from-the-environment")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Team: from-the-environment\nAuthorization: from-the-environment")

    await at(server).complete(MESSAGES, {"model": "a-model"})
    await at(server, key=None).complete(MESSAGES, {"model": "a-model"})

    with_key, without_key = server.asked
    assert with_key.headers["authorization"] == f"Bearer {KEY}"
    assert "authorization" not in without_key.headers
    assert with_key.headers["user-agent"] == "greffier"
    assert not any("from-the-environment" in value for value in with_key.headers.values())
    stainless = {name for name in with_key.headers if "stainless" in name or "openai" in name}
    assert stainless == {"x-stainless-raw-response"}


async def test_requests_are_not_logged(server: FakeOpenAIServer, caplog: pytest.LogCaptureFixture) -> None:
    """Not even where the library's own variable, OPENAI_LOG, asks for it."""
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, "openai")

    await at(server).complete(MESSAGES, {"model": "a-model"})

    assert not [record for record in caplog.records if record.name.startswith("openai")]
    assert "quelqu" not in caplog.text
    assert KEY not in caplog.text


@pytest.mark.parametrize(
    ("answer", "reason", "status"),
    [
        (UNAUTHORISED, "refused", 401),
        (UNKNOWN_MODEL, "refused", 404),
        (Answer(307, headers={"location": "http://127.0.0.1:9/v1/chat/completions"}), "refused", 307),
        (PROXY_PAGE, "away", 502),
        (ENDLESS, "nonsense", None),
        (Answer(200, b"\x1f\x8b", headers={"content-encoding": "gzip"}), "nonsense", None),
        (HANG, "timeout", None),
    ],
)
async def test_each_failure_has_its_reason(
    server: FakeOpenAIServer, answer: Answer, reason: str, status: int | None
) -> None:
    """And its status, where there is one; no redirect takes the words elsewhere."""
    server.writes = lambda _: answer

    failed = await failure(at(server, timeout_s=3))

    assert (failed.reason, failed.status) == (reason, status)
    assert KEY not in str(failed) + failed.detail


async def test_a_server_that_is_not_there_is_away() -> None:
    """Nobody listens."""
    failed = await failure(Endpoint(f"http://127.0.0.1:{free_tcp_port()}/v1", None, 10))

    assert failed.reason == "away"


async def test_a_busy_server_is_asked_again_when_it_says(server: FakeOpenAIServer) -> None:
    """Twice, and not more."""
    server.faults = [BUSY, BUSY]
    await at(server).complete(MESSAGES, {"model": "a-model"})
    assert len(server.asked) == 3

    server.faults = [BUSY] * 5
    assert (await failure(at(server))).status == 429
    assert len(server.asked) == 6


async def test_waiting_for_a_busy_server_ends_with_the_time_out(server: FakeOpenAIServer) -> None:
    """However long it asks to be left alone."""
    server.writes = lambda _: Answer(429, {}, headers={"retry-after": "60"})
    began_s = time.monotonic()

    failed = await failure(at(server, timeout_s=1))

    assert failed.reason == "timeout"
    assert time.monotonic() - began_s < 30


async def test_what_a_server_says_is_kept_for_the_operator(server: FakeOpenAIServer) -> None:
    """On one line, without the key, and bounded."""
    server.writes = lambda _: Answer(404, {"error": {"message": f"no\nsuch {KEY} model" + "x" * 1000}})

    failed = await failure(at(server))

    assert failed.detail.startswith("no such … model")
    assert len(failed.detail) == 200
