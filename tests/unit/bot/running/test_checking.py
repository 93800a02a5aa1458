"""What `greffier check` says of events that are pushed, where only a front that runs is reached, and of models."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web

from bot.running import checking
from bridge.matrix.pinging import NotReached
from config.models import Diarization, Settings, Speech
from tests.fakes.matrix import Answer, FakeHomeserver
from tests.stack.ports import free_tcp_port
from tests.unit.config.config_text import loaded
from transcripts.diarization.voices import DiarizationUnavailable
from transcripts.recognition.recogniser import ModelUnavailable

URL = "http://greffier.tchap.test:8080"


@pytest_asyncio.fixture
async def server() -> AsyncIterator[FakeHomeserver]:
    """A homeserver whose pings arrive until told otherwise."""
    async with FakeHomeserver() as server:
        yield server


@pytest.fixture
def settings(server: FakeHomeserver, tmp_path: Path) -> Settings:
    """Those of a front that listens on every address, for events that are pushed."""
    web: dict[str, Any] = {"host": "0.0.0.0", "port": free_tcp_port()}  # noqa: S104 (as in a container)
    whole = loaded(tmp_path)
    matrix = server.settings(appservice_url=URL, registration_file=tmp_path / "none.yaml", request_timeout_s=2)
    return whole.model_copy(update={"matrix": matrix, "web": whole.web.model_copy(update=web)})


@pytest_asyncio.fixture
async def front(settings: Settings) -> AsyncIterator[None]:
    """A front that lives."""

    async def live(_request: web.Request) -> web.Response:
        return web.json_response({})

    app = web.Application()
    app.add_routes([web.get("/health/live", live)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, settings.web.host, settings.web.port).start()
    yield
    await runner.cleanup()


async def test_before_a_front_runs_the_homeserver_is_not_asked(server: FakeHomeserver, settings: Settings) -> None:
    """It is checked before the first start, and that is no failure."""
    assert await checking._pushed(settings) == f"not asked for: no front answers at 0.0.0.0:{settings.web.port}"
    assert server.requests == []


@pytest.mark.usefixtures("front")
async def test_with_a_front_the_homeserver_is_asked_whether_it_reaches_it(
    server: FakeHomeserver, settings: Settings
) -> None:
    """Its answer is the check's."""
    assert await checking._pushed(settings) == f"the homeserver reaches Greffier at {URL}"
    server.answers("POST", "/ping", Answer(502, {"errcode": "M_CONNECTION_FAILED"}))
    with pytest.raises(NotReached, match=f"cannot reach Greffier at {URL}"):
        await checking._pushed(settings)


@pytest.mark.usefixtures("front")
async def test_a_homeserver_that_knows_no_pings_is_no_failure(server: FakeHomeserver, settings: Settings) -> None:
    """It may push all the same."""
    server.answers("POST", "/ping", Answer(404, {"errcode": "M_UNRECOGNIZED"}))
    assert "knows no pings" in await checking._pushed(settings)


async def test_broken_models_are_something_to_mend(settings: Settings, tmp_path: Path) -> None:
    """Before a meeting needs them; a model that nobody named is not missed."""
    (folder := tmp_path / "models").mkdir()
    broken = settings.model_copy(
        update={"speech": Speech(model=str(folder)), "diarization": Diarization(model=str(folder))}
    )
    with pytest.raises(ModelUnavailable, match=r"speech\.model: the folder .* has no model\.bin"):
        await checking._model(broken)
    with pytest.raises(DiarizationUnavailable, match=r"diarization\.model: the folder .* has no config\.yaml"):
        await checking._voices(broken)
    assert {ModelUnavailable, DiarizationUnavailable} <= set(checking._MENDABLE)
