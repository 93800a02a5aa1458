"""What a speech server is asked, what is made of its answers, and what the operator is told at start."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import numpy as np
import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from config.models import Speech
from tests.fakes.matrix import HANG, PROXY_PAGE, Answer
from tests.fakes.openai_server import (
    ENDLESS,
    HTML,
    KEY,
    MODEL,
    UNAUTHORISED,
    UNKNOWN_MODEL,
    Asked,
    FakeOpenAIServer,
    transcription,
)
from tests.stack.ports import free_tcp_port
from tests.stack.speech_model import recognised
from transcripts.recognition import engines, openai_compatible
from transcripts.recognition.openai_compatible import OpenAIRecogniser
from transcripts.recognition.recogniser import (
    DecodingOptions,
    EngineNotYetThere,
    Hints,
    ModelUnavailable,
    RecogniserAway,
    Recognition,
    RecognitionFailed,
)
from transcripts.sound import Samples

WINDOW: Samples = np.sin(np.arange(32_000, dtype=np.float32) / 10) * np.float32(0.5)


@pytest_asyncio.fixture
async def server() -> AsyncIterator[FakeOpenAIServer]:
    """A server that hears the same in every window."""
    async with FakeOpenAIServer() as server:
        server.transcribes = lambda _: transcription("Bonjour à tous.")
        yield server


def settings(server: FakeOpenAIServer, **changed: Any) -> Speech:
    """The configuration of a bot that uses it."""
    wanted = {"endpoint": server.url, "model": MODEL, "api_key": KEY, "endpoint_timeout_s": 3}
    return Speech.model_validate(wanted | changed)


async def loaded(server: FakeOpenAIServer) -> OpenAIRecogniser:
    """The recogniser; what was asked at load is forgotten."""
    recogniser = await asyncio.to_thread(openai_compatible.load, settings(server))
    server.asked.clear()
    return recogniser


async def heard(recogniser: OpenAIRecogniser, hints: Hints | None = None) -> Recognition:
    """What it hears in a window."""
    (recognition,) = await asyncio.to_thread(recognised, recogniser, [WINDOW], "fr", hints)
    return recognition


async def refusal(settings: Speech, patience_s: float = 0) -> str:
    """What the operator is told at start."""
    with pytest.raises(ModelUnavailable) as told:
        await asyncio.to_thread(openai_compatible.load, settings, patience_s)
    assert KEY not in str(told.value)
    return str(told.value)


async def test_a_window_is_sent_with_all_that_is_wanted_of_it(server: FakeOpenAIServer) -> None:
    """Its sound unchanged, its language, the names, and times of words."""
    recogniser = await loaded(server)

    await heard(recogniser, Hints(("Camille", "Marc Durand"), ""))

    (asked,) = server.asked
    assert asked.fields == {
        "model": MODEL,
        "language": "fr",
        "prompt": "Camille, Marc Durand.",
        "response_format": "verbose_json",
        "timestamp_granularities[]": ["word", "segment"],
    }
    assert asked.sound is not None
    assert np.abs(asked.sound - WINDOW).max() < 1e-4
    assert asked.headers["authorization"] == f"Bearer {KEY}"


async def test_several_windows_come_back_in_order(server: FakeOpenAIServer) -> None:
    """Each by its own request; none are none."""
    recogniser = await loaded(server)
    server.transcribes = lambda asked: transcription(f"{len(asked.sound) if asked.sound is not None else 0}")

    windows = [WINDOW, WINDOW[:16_000]]
    results = await asyncio.to_thread(recognised, recogniser, windows, "fr")

    assert [result.words[0].text for result in results] == [" 32000", " 16000"]
    assert results[1].words[0].end_s == pytest.approx(1.0)
    assert await asyncio.to_thread(recognised, recogniser, [], "fr") == []
    assert (recogniser.at_once, recogniser.batch) == (4, 1)


async def test_names_that_come_back_as_words_are_heard_again_without_them(server: FakeOpenAIServer) -> None:
    """On noise nothing is left of them; somebody who was called by name was."""
    recogniser = await loaded(server)
    server.transcribes = lambda asked: transcription("Camille, Marc." if "prompt" in asked.fields else "")
    assert (await heard(recogniser, Hints(("Camille", "Marc")))).words == ()

    server.transcribes = lambda _: transcription("Camille ?")
    assert [word.text for word in (await heard(recogniser, Hints(("Camille", "Marc")))).words] == [" Camille ?"]


async def test_names_that_make_noise_into_words_are_left_out(server: FakeOpenAIServer) -> None:
    """Where the server itself is in doubt, it is asked again without them."""
    recogniser = await loaded(server)
    doubt = {"id": 0, "start": 0.0, "end": 2.0, "text": "Merci.", "no_speech_prob": 0.5, "avg_logprob": -0.9}
    doubtful = transcription("Merci.", segments=[doubt])
    server.transcribes = lambda asked: doubtful if "prompt" in asked.fields else transcription("")

    assert (await heard(recogniser, Hints(("Camille",)))).words == ()


async def test_a_decoding_that_went_wrong_is_tried_again(server: FakeOpenAIServer) -> None:
    """With some chance in it, once; the better one is kept."""
    recogniser = await loaded(server)
    loop = transcription("et puis voilà " * 60)
    server.transcribes = lambda asked: transcription("et puis c'est tout") if "temperature" in asked.fields else loop

    assert "".join(word.text for word in (await heard(recogniser)).words) == " et puis c'est tout"
    assert len(server.asked) == 2

    server.transcribes = lambda _: loop
    await heard(recogniser)
    assert len(server.asked) == 4


@pytest.mark.parametrize(
    ("reported", "language", "scores", "requests"),
    [
        ("french", "fr", {"en": 0.0, "fr": 1.0}, 1),
        ("en", "en", {"en": 1.0, "fr": 0.0}, 1),
        ("german", "en", {"en": 0.0, "fr": 0.0}, 2),
        (None, "en", {"en": 0.0, "fr": 0.0}, 2),
        ("?", "en", {"en": 0.0, "fr": 0.0}, 2),
    ],
)
async def test_the_language_is_the_one_the_server_names(
    server: FakeOpenAIServer, reported: str | None, language: str, scores: Mapping[str, float], requests: int
) -> None:
    """Asked without naming one; where it names none that is allowed, it is asked again for the first of those."""
    recogniser = await loaded(server)
    server.transcribes = lambda _: transcription("Bonjour.", language=reported)

    options = DecodingOptions(("en", "fr"), Hints(("Camille",)))
    (spoken,) = await asyncio.to_thread(recogniser.recognise, [WINDOW], options)
    assert (spoken.language, spoken.scores) == (language, scores)
    assert spoken.recognition.words
    first, *again = server.asked
    assert "language" not in first.fields
    assert [asked.fields["language"] for asked in again] == ["en"] * (requests - 1)
    assert {asked.fields["prompt"] for asked in server.asked} == {"Camille."}


@pytest.mark.parametrize("answer", [PROXY_PAGE, HANG, HTML, ENDLESS, UNAUTHORISED, Answer(400, {"error": "Bonjour"})])
async def test_whatever_goes_wrong_in_a_meeting_may_be_tried_again(server: FakeOpenAIServer, answer: Answer) -> None:
    """And neither the failure nor the log holds a word, or the key."""
    recogniser = await loaded(server)
    server.transcribes = lambda _: answer

    with pytest.raises(RecognitionFailed) as failed, capture_logs() as logs:
        await heard(recogniser)
    assert not any(secret in f"{failed.value!r} {logs}" for secret in ("Bonjour", KEY, "Welcome"))


@pytest.mark.parametrize(("status", "is_away"), [(502, True), (503, True), (500, False), (401, False)])
async def test_a_server_that_is_away_is_told_from_one_that_falls_over_a_window(
    server: FakeOpenAIServer, status: int, *, is_away: bool
) -> None:
    """The first is worth waiting for; with the second, the meeting has to do without that window."""
    recogniser = await loaded(server)
    server.transcribes = lambda _: Answer(status, {})

    with pytest.raises(RecognitionFailed) as failed:
        await heard(recogniser)
    assert isinstance(failed.value, RecogniserAway) is is_away


async def test_a_server_that_goes_away_in_a_meeting_may_come_back(server: FakeOpenAIServer) -> None:
    """It is not the process that fails."""
    recogniser = await loaded(server)
    await server.__aexit__()

    with pytest.raises(RecogniserAway, match="the speech server gave up: it cannot be reached"):
        await heard(recogniser)


def knows(*formats: str, words: bool) -> Callable[[Asked], Answer]:
    """A server that rejects all but these forms of answer."""

    def transcribe(asked: Asked) -> Answer:
        if asked.fields["response_format"] not in formats or (
            "timestamp_granularities[]" in asked.fields and not words
        ):
            return Answer(400, {"error": {"message": "unsupported"}})
        return transcription("Bonjour à tous.")

    return transcribe


@pytest.mark.parametrize(
    ("formats", "times"),
    [
        (("verbose_json", "json"), "times of segments only"),
        (("json",), "no times at all: words are spread over what was said"),
    ],
)
async def test_a_server_that_knows_less_is_asked_for_less(
    server: FakeOpenAIServer, formats: tuple[str, ...], times: str
) -> None:
    """Found out once, at load."""
    server.transcribes = knows(*formats, words=False)
    recogniser = await loaded(server)
    assert recogniser.times == times

    assert [word.text for word in (await heard(recogniser)).words] == [" Bonjour", " à", " tous."]
    assert len(server.asked) == 1


async def test_a_wrong_key_a_wrong_model_and_a_wrong_address_are_told_at_start(server: FakeOpenAIServer) -> None:
    """Each with what mends it."""
    server.transcribes = lambda _: UNAUTHORISED
    assert "refuses speech.api_key" in await refusal(settings(server))
    assert "wants a key: set speech.api_key" in await refusal(settings(server, api_key=None))

    server.transcribes = lambda _: UNKNOWN_MODEL
    told = await refusal(settings(server))
    assert "The model `a-model` does not exist" in told
    assert "check that speech.model is a speech model there" in told

    server.transcribes = lambda _: HTML
    assert "it ends with /v1" in await refusal(settings(server))
    assert "it ends with /v1" in await refusal(settings(server, endpoint=server.url.removesuffix("/v1")))

    server.transcribes = knows(words=False)
    assert "status 400 (unsupported)" in await refusal(settings(server))


async def test_a_server_that_is_away_at_start_is_told_after_some_patience(
    server: FakeOpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be starting beside this process."""
    nowhere = settings(server, endpoint=f"http://127.0.0.1:{free_tcp_port()}/v1")
    assert "that this machine reaches it" in await refusal(nowhere)
    with pytest.raises(EngineNotYetThere):
        await asyncio.to_thread(openai_compatible.load, nowhere, 0)

    monkeypatch.setattr(openai_compatible, "AWAY_PAUSE_S", 0.01)
    server.faults = [PROXY_PAGE] * 4
    recogniser = await asyncio.to_thread(openai_compatible.load, settings(server), 10)
    assert (await heard(recogniser)).words


async def test_with_an_endpoint_no_model_is_loaded_here(server: FakeOpenAIServer) -> None:
    """And without one the server is not asked."""
    assert isinstance(await asyncio.to_thread(engines.load, settings(server)), OpenAIRecogniser)
    asked = len(server.asked)

    with pytest.raises(ModelUnavailable, match="there is no folder"):
        await asyncio.to_thread(engines.load, Speech(model="/there/is/none"))
    assert len(server.asked) == asked
