"""A server that speaks OpenAI's API over real HTTP: it answers well until told to do so badly, slowly or not at all."""

from __future__ import annotations

import asyncio
import io
import json
import wave
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Self

import numpy as np
from aiohttp import web

from tests.fakes.matrix import HANG, Answer
from tests.stack.ports import free_tcp_port
from transcripts.recognition.recogniser import DecodingOptions, Recogniser
from transcripts.sound import Samples, as_float

MODEL: Final = "a-model"
KEY: Final = "sk-of-the-tests"
HTML: Final = Answer(200, b"<html><h1>Welcome to this proxy</h1></html>", "text/html")
UNAUTHORISED: Final = Answer(401, {"error": {"message": f"Incorrect API key provided: {KEY}", "type": "invalid"}})
UNKNOWN_MODEL: Final = Answer(404, {"error": {"message": "The model `a-model` does not exist", "code": "not_found"}})
BUSY: Final = Answer(429, {"error": {"message": "Slow down"}}, headers={"retry-after-ms": "20"})
ENDLESS: Final = Answer(200, b'{"text": "' + b"a" * 50_000_000 + b'"}')


@dataclass(frozen=True)
class Asked:
    """A request: its JSON, or the fields of its form; the sound is apart."""

    path: str
    headers: Mapping[str, str]
    fields: Mapping[str, Any]
    sound: Samples | None = None


Answering = Callable[[Asked], Answer | Awaitable[Answer]]


class FakeOpenAIServer:
    """Models, transcriptions and chat completions; what each answers is a function of the request."""

    def __init__(self) -> None:
        self.port = free_tcp_port()
        self.asked: list[Asked] = []
        self.models: Answering = lambda _: Answer(body={"object": "list", "data": [{"id": MODEL, "object": "model"}]})
        self.transcribes: Answering = lambda _: transcription("")
        self.writes: Answering = lambda _: completion('{"claims": []}')
        self.faults: list[Answer] = []
        """What the next requests, whatever they are, get instead."""
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """Where the API begins."""
        return f"http://127.0.0.1:{self.port}/v1"

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=1 << 26)
        app.router.add_get("/v1/models", self._answer)
        app.router.add_post("/v1/audio/transcriptions", self._answer)
        app.router.add_post("/v1/chat/completions", self._answer)
        self._runner = web.AppRunner(app, shutdown_timeout=0.05)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        asked = await _read(request)
        answering = {"models": self.models, "transcriptions": self.transcribes, "completions": self.writes}[
            asked.path.rsplit("/", 1)[1]
        ]
        self.asked.append(asked)
        answer = self.faults.pop(0) if self.faults else answering(asked)
        if not isinstance(answer, Answer):
            answer = await answer
        if answer is HANG:
            await asyncio.Event().wait()
        return web.Response(
            status=answer.status, body=answer.raw, content_type=answer.content_type, headers=answer.headers
        )


async def _read(request: web.Request) -> Asked:
    headers = {name.lower(): value for name, value in request.headers.items()}
    if request.content_type == "multipart/form-data":
        form = await request.post()
        fields: dict[str, Any] = {
            name: form.getall(name) if name.endswith("[]") else form[name] for name in form if name != "file"
        }
        file = form["file"]
        assert isinstance(file, web.FileField)
        return Asked(request.path, headers, fields, _sound(file.file.read()))
    body = await request.read()
    return Asked(request.path, headers, json.loads(body) if body else {})


def _sound(wav: bytes) -> Samples:
    with wave.open(io.BytesIO(wav)) as sound:
        assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (16_000, 1, 2)
        return as_float(np.frombuffer(sound.readframes(sound.getnframes()), "<i2").astype(np.int16))


def completion(content: str | None, finish_reason: str = "stop", refusal: str | None = None) -> Answer:
    """What a model writes."""
    message = {"role": "assistant", "content": content, "refusal": refusal}
    return Answer(
        body={
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 0,
            "model": MODEL,
            "choices": [{"index": 0, "message": message, "finish_reason": finish_reason}],
        }
    )


def claiming(*claims: Mapping[str, Any]) -> Answer:
    """A model that claims this; what a claim does not say is null."""
    return completion(json.dumps({"claims": [{"who": None, "due": None} | dict(claim) for claim in claims]}))


def transcription(text: str, **also: Any) -> Answer:
    """What is heard, with what else the server tells of it: language, segments, words."""
    return Answer(body={"task": "transcribe", "duration": 1.0, "text": text, **also})


@dataclass(frozen=True)
class _TimedWord:
    word: str
    start: float
    end: float


def heard_by(recogniser: Recogniser) -> Answering:
    """A server whose ears are these: its words come without spaces and punctuation, as OpenAI's own do."""

    async def transcribe(asked: Asked) -> Answer:
        assert asked.sound is not None
        options = DecodingOptions((asked.fields.get("language", "fr"),))
        (spoken,) = await asyncio.to_thread(recogniser.recognise, [asked.sound], options)
        heard = spoken.recognition
        words = [_TimedWord(word.text.strip(" .,;:?!«»"), word.start_s, word.end_s) for word in heard.words]
        text = "".join(word.text for word in heard.words)
        segment = {
            "id": 0,
            "start": words[0].start if words else 0.0,
            "end": words[-1].end if words else 0.0,
            "text": text,
            "avg_logprob": heard.average_log_probability,
            "no_speech_prob": heard.no_speech_probability,
            "compression_ratio": heard.compression_ratio,
        }
        return transcription(
            text.strip(), language="french", words=[asdict(word) for word in words], segments=[segment]
        )

    return transcribe
