"""What `greffier check` says of servers for speech and minutes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from bot.running import checking
from bot.running.checking_endpoints import speech_server, summary_server
from config.models import Settings
from tests.fakes.matrix import PROXY_PAGE, Answer
from tests.fakes.openai_server import HTML, KEY, MODEL, UNAUTHORISED, UNKNOWN_MODEL, FakeOpenAIServer, completion
from tests.stack.ports import free_tcp_port
from tests.unit.config.config_text import loaded
from transcripts.recognition.recogniser import ModelUnavailable


@pytest_asyncio.fixture
async def server() -> AsyncIterator[FakeOpenAIServer]:
    """A server that has the model."""
    async with FakeOpenAIServer() as server:
        yield server


@pytest.fixture
def settings(server: FakeOpenAIServer, tmp_path: Path) -> Settings:
    """Those of a bot that uses it for both."""
    return using(loaded(tmp_path), endpoint=server.url, model=MODEL, api_key=KEY)


def using(settings: Settings, **changed: Any) -> Settings:
    """The same with this of both sections changed."""
    speech = type(settings.speech).model_validate(settings.speech.model_dump() | changed)
    summary = type(settings.summary).model_validate(settings.summary.model_dump() | changed)
    return settings.model_copy(update={"speech": speech, "summary": summary})


async def refusal(settings: Settings) -> str:
    """What is to be mended for minutes."""
    with pytest.raises(LookupError) as told:
        await summary_server(settings)
    assert KEY not in str(told.value)
    return str(told.value)


async def test_servers_that_are_well_are_said_to_be(server: FakeOpenAIServer, settings: Settings) -> None:
    """With what they can."""
    assert await speech_server(settings) == f"{server.url} recognises speech with {MODEL} and gives times of words"
    assert await summary_server(settings) == f"{server.url} answers and has {MODEL}"


async def test_a_model_that_is_not_there_is_told_with_those_that_are(
    server: FakeOpenAIServer, settings: Settings
) -> None:
    """A few of them, as they may be many."""
    server.models = lambda _: Answer(body={"data": [{"id": f"model-{n}\x00"} for n in range(9)]})
    assert f"has no {MODEL}; it has model-0, model-1, model-2, model-3, model-4 and 4 more." in await refusal(settings)

    server.models = lambda _: Answer(body={"data": []})
    assert "it has none at all" in await refusal(settings)


async def test_a_server_that_lists_no_models_is_asked_for_a_word(server: FakeOpenAIServer, settings: Settings) -> None:
    """Which shows whether the model is there."""
    server.models = lambda _: Answer(404)
    server.writes = lambda _: completion("OK")
    assert await summary_server(settings) == f"{server.url} answers and has {MODEL}"

    server.writes = lambda _: UNKNOWN_MODEL
    assert "The model `a-model` does not exist" in await refusal(settings)


async def test_what_is_wrong_is_told_with_the_setting_that_mends_it(
    server: FakeOpenAIServer, settings: Settings
) -> None:
    """The key, the address, the server."""
    server.models = lambda _: UNAUTHORISED
    assert "refuses summary.api_key" in await refusal(settings)
    assert "wants a key: set summary.api_key" in await refusal(using(settings, api_key=None))
    server.models = lambda _: HTML
    assert "it ends with /v1" in await refusal(settings)
    server.models = lambda _: PROXY_PAGE
    assert "that the server runs" in await refusal(settings)
    nowhere = using(settings, endpoint=f"http://127.0.0.1:{free_tcp_port()}/v1")
    assert "that this machine reaches it" in await refusal(nowhere)
    with pytest.raises(ModelUnavailable, match="that this machine reaches it"):
        await speech_server(nowhere)


async def test_the_check_as_a_whole_asks_the_servers_that_are_set(
    server: FakeOpenAIServer, settings: Settings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each on a line of its own, and its failure is a failure."""

    async def well(_settings: Settings) -> str:
        return "well"

    for name in ("_database", "_homeserver", "_device", "_livekit", "_join_page"):
        monkeypatch.setattr(checking, name, well)

    assert await checking.check(settings) == 0
    server.models = lambda _: UNAUTHORISED
    assert await checking.check(settings) == 1

    lines = capsys.readouterr().out.splitlines()
    assert f"ok      speech server: {server.url} recognises speech with {MODEL} and gives times of words" in lines
    assert f"ok      minutes' server: {server.url} answers and has {MODEL}" in lines
    assert any(line.startswith("FAILED  minutes' server: summary.endpoint") for line in lines)
    assert not any("speech model" in line for line in lines)
